//! Checks that would not end.

use super::staging::history;
use crate::check::linearizability::{
    Bound, Bounds, Judgement, Kv, KvState, Model, Register, UnknownReason, Verdict, check,
};

/// Texts appended at the same time, and a look at all of them but one: to see that
/// there is no order, every order of the texts must be tried.
fn pathological(writers: u32) -> String {
    let mut lines = Vec::new();
    let mut seen = String::new();
    for writer in 0..writers {
        lines.push(format!("{writer} :invoke :append [a t{writer}]"));
        seen += &format!("t{writer}");
    }
    for writer in 0..writers {
        lines.push(format!("{writer} :ok :append [a t{writer}]"));
    }
    lines.push(format!(
        "999 :invoke :get [a nil]|999 :ok :get [a \"{seen}x\"]"
    ));
    lines.join("|")
}

fn within(bounds: Bounds) -> Judgement {
    check(&Kv, &history(&Kv, &pathological(20)), bounds)
}

#[test]
fn a_pathological_history_ends_as_unknown_within_its_memory() {
    let memory_bytes = 1 << 20;
    let judgement = within(Bounds {
        memory_bytes,
        ..Bounds::default()
    });
    let reason = UnknownReason {
        key: "a".into(),
        keys: 1,
        bound: Bound::Memory {
            bytes: memory_bytes,
        },
    };
    assert_eq!(judgement.verdict, Verdict::Unknown(reason));
    assert!(judgement.memory_bytes >= memory_bytes / 2, "{judgement:?}");
    // One state may be above it: it is seen once it is there.
    assert!(
        judgement.memory_bytes <= memory_bytes + 1_000,
        "{judgement:?}"
    );
}

#[test]
fn a_pathological_history_ends_as_unknown_within_its_steps() {
    let judgement = within(Bounds {
        steps: 5_000,
        ..Bounds::default()
    });
    let Verdict::Unknown(reason) = judgement.verdict else {
        panic!("{judgement:?}");
    };
    assert_eq!(reason.bound, Bound::Steps { steps: 5_000 });
    assert_eq!(
        reason.to_string(),
        "the bound of 5000 steps was hit with key \"a\""
    );
    // The hasty search keeps to the bound, too.
    assert_eq!(judgement.steps, 10_000);
}

#[test]
fn no_order_of_one_key_outweighs_that_another_is_not_known() {
    let mut text = pathological(20);
    // The key that cannot be judged is the first one.
    text += "|1000 :invoke :get [z nil]|1000 :ok :get [z wrong]";
    let bounds = Bounds {
        steps: 5_000,
        ..Bounds::default()
    };
    let judgement = check(&Kv, &history(&Kv, &text), bounds);
    let Verdict::Illegal(witness) = &judgement.verdict else {
        panic!("{judgement:?}");
    };
    assert_eq!(witness.key, "z");
}

/// Of many writes of unknown outcome with few values, and reads in between, a subset
/// explains the reads. Without reductions that is 2 to the power of their number.
#[test]
fn many_operations_of_unknown_outcome_are_no_trouble() {
    let mut lines = Vec::new();
    for round in 0..200 {
        let value = round % 5;
        lines.push(format!("{} :invoke :write {value}", 100 + round));
        lines.push(format!("{} :info :write :timed-out", 100 + round));
        lines.push("1 :invoke :write 9|1 :ok :write 9".to_owned());
        if round % 3 == 0 {
            lines.push(format!("2 :invoke :read nil|2 :ok :read {value}"));
        }
    }
    let text = lines.join("|");
    let judgement = check(&Register, &history(&Register, &text), Bounds::default());
    assert_eq!(judgement.verdict, Verdict::Linearizable);
    assert!(judgement.steps < 20_000, "{judgement:?}");
    // One read too many of a value whose writes are all used up.
    let unused = "|2 :invoke :read nil|2 :ok :read 7";
    let judgement = check(
        &Register,
        &history(&Register, &(text + unused)),
        Bounds::default(),
    );
    assert!(
        matches!(judgement.verdict, Verdict::Illegal(_)),
        "{judgement:?}"
    );
    assert!(judgement.steps < 200_000, "{judgement:?}");
}

#[test]
fn the_memory_of_states_counts() {
    let long = "x".repeat(1_000);
    let lines: Vec<String> = (0..1_000)
        .map(|_| format!("1 :invoke :append [k {long}]|1 :ok :append [k {long}]"))
        .collect();
    let bounds = Bounds {
        memory_bytes: 16 << 20,
        ..Bounds::default()
    };
    let judgement = check(&Kv, &history(&Kv, &lines.join("|")), bounds);
    assert!(
        matches!(judgement.verdict, Verdict::Unknown(_)),
        "{judgement:?}"
    );
    // One state may be above it: it is seen once it is there.
    assert!(judgement.memory_bytes <= (17 << 20), "{judgement:?}");
    assert_eq!(Kv.heap_bytes(&KvState(Some(long.as_str().into()))), 1_000);
}
