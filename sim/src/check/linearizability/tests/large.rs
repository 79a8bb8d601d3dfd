//! Long histories.

use steadfast::Label;

use crate::check::linearizability::{
    Bounds, Register, RegisterAnswer, RegisterCall, Verdict, check,
};
use crate::history::{Completion, History, Moment, Value};
use crate::keyed::Key;

type Registers = History<RegisterCall, RegisterAnswer>;

/// A history of a real register, used by clients that overlap: each call takes effect
/// somewhere between its invocation and its completion. `unknown` of a thousand
/// clients are not told how it ended; a call that is lost has no effect.
pub(super) fn registers(operations: usize, clients: u64, values: u64, unknown: u64) -> Registers {
    // Room for one more.
    let mut history = History::new(operations + 1);
    let mut open: Vec<Option<(Label, RegisterCall, Option<RegisterAnswer>)>> = Vec::new();
    open.resize_with(usize::try_from(clients).unwrap(), || None);
    let mut value = Value::Null;
    let mut position = 0;
    let mut turn = 0_u64;
    while history.operations().len() < operations || open.iter().any(Option::is_some) {
        turn += 1;
        let key = Key::new(7, "registers").with(turn);
        let client = usize::try_from(key.with(1).below(clients)).unwrap();
        position += 1;
        let moment = Moment::at(position);
        match &mut open[client] {
            None if history.operations().len() < operations => {
                let call = call(key, values);
                // A client that was not told is another one from then on.
                let process = Label::from(format!("{client}.{turn}"));
                history
                    .invoke(process.clone(), "".into(), call.clone(), moment)
                    .unwrap();
                open[client] = Some((process, call, None));
            }
            None => {}
            Some((_, call, answer @ None)) => *answer = Some(perform(call, &mut value)),
            Some((process, _, Some(answer))) => {
                let completion = match answer {
                    _ if key.with(3).below(1_000) < unknown => Completion::Unknown,
                    RegisterAnswer::Differed => Completion::Failed,
                    RegisterAnswer::Value(_) | RegisterAnswer::Done => {
                        Completion::Ok(answer.clone())
                    }
                };
                history.complete(process, completion, moment).unwrap();
                open[client] = None;
            }
        }
    }
    history
}

fn call(key: Key, values: u64) -> RegisterCall {
    let value = |number| Value::from(key.with(number).below(values));
    match key.with(2).below(3) {
        0 => RegisterCall::Read,
        1 => RegisterCall::Write(value(4)),
        _ => RegisterCall::Cas {
            old: value(4),
            new: value(5),
        },
    }
}

fn perform(call: &RegisterCall, value: &mut Value) -> RegisterAnswer {
    match call {
        RegisterCall::Read => RegisterAnswer::Value(value.clone()),
        RegisterCall::Write(new) => {
            *value = new.clone();
            RegisterAnswer::Done
        }
        RegisterCall::Cas { old, new } if old == value => {
            *value = new.clone();
            RegisterAnswer::Done
        }
        RegisterCall::Cas { .. } => RegisterAnswer::Differed,
    }
}

/// The history of real registers, and one read of what nobody ever wrote.
fn with_a_wrong_read(mut history: Registers, position: u64) -> Registers {
    let reader = Label::from("reader");
    history
        .invoke(
            reader.clone(),
            "".into(),
            RegisterCall::Read,
            Moment::at(position),
        )
        .unwrap();
    let answer = RegisterAnswer::Value(Value::Int(-1));
    history
        .complete(&reader, Completion::Ok(answer), Moment::at(position + 1))
        .unwrap();
    history
}

#[test]
fn ten_thousand_operations_of_ten_clients_take_few_steps() {
    for (values, unknown) in [(5, 0), (5, 5), (1_000_000, 2)] {
        let history = registers(10_000, 10, values, unknown);
        let judgement = check(&Register, &history, Bounds::default());
        assert_eq!(
            judgement.verdict,
            Verdict::Linearizable,
            "{values} {unknown}"
        );
        assert!(
            judgement.steps < 250_000,
            "{values} {unknown}: {judgement:?}"
        );
    }
}

#[test]
fn the_last_of_many_operations_is_found_wrong() {
    let history = with_a_wrong_read(registers(2_000, 10, 5, 5), 1_000_000);
    let judgement = check(&Register, &history, Bounds::default());
    let Verdict::Illegal(witness) = judgement.verdict else {
        panic!("{judgement:?}");
    };
    assert_eq!(witness.culprit.process, "reader");
    assert!(witness.earliest && witness.minimal, "{witness}");
    assert_eq!(witness.facts_count, 1, "{witness}");
}
