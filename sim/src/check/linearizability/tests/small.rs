//! Small histories of every kind, against the definition.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use steadfast::Label;

use super::reference::has_order;
use crate::check::linearizability::core::core;
use crate::check::linearizability::explain::explain;
use crate::check::linearizability::problem::{Item, NEVER, Operations, until, whole};
use crate::check::linearizability::refute::refute;
use crate::check::linearizability::search::{Found, Search};
use crate::check::linearizability::witness::SHOWN_MAX;
use crate::check::linearizability::{
    Bounds, Counter, CounterAnswer, CounterCall, Kv, KvAnswer, KvCall, Lock, LockAnswer, LockCall,
    Model, Register, RegisterAnswer, RegisterCall,
};
use crate::history::{Moment, Operation, Outcome, Value};

/// How an operation of a small history ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Ok,
    Failed,
    Unknown,
    /// Weakened: it may have had its effect in its time, or not.
    Weakened,
}

type Small<M> = Vec<(
    Operation<<M as crate::history::Vocabulary>::Call, <M as crate::history::Vocabulary>::Answer>,
    End,
)>;

/// Up to eight operations that overlap a little, most of them ok.
fn small<M>(said: impl Strategy<Value = (M::Call, M::Answer)>) -> impl Strategy<Value = Small<M>>
where
    M: Model,
    M::Call: std::fmt::Debug,
    M::Answer: std::fmt::Debug,
{
    let end = prop_oneof![
        6 => Just(End::Ok),
        1 => Just(End::Failed),
        2 => Just(End::Unknown),
        2 => Just(End::Weakened),
    ];
    let operation = (said, 0_u64..6, 1_u64..7, end);
    prop::collection::vec(operation, 1..8).prop_map(|drawn| {
        let numbered = (0_u64..).zip(drawn);
        let operations = numbered.map(|(number, ((call, answer), late, long, end))| {
            // No two events have the same position.
            let invoked = (number * 3 + late) * 32 + number * 2 + 1;
            let completed = invoked + long * 32 + 1;
            let operation = Operation {
                process: Label::from(number.to_string()),
                key: Label::from(""),
                call,
                outcome: match end {
                    End::Ok | End::Weakened => Outcome::Ok(answer),
                    End::Failed => Outcome::Failed,
                    End::Unknown => Outcome::Unknown,
                },
                invoked: Moment::at(invoked),
                completed: Some(Moment::at(completed)),
            };
            (operation, end)
        });
        operations.collect()
    })
}

fn register() -> impl Strategy<Value = (RegisterCall, RegisterAnswer)> {
    let value = || prop_oneof![1 => Just(Value::Null), 6 => (0_i64..3).prop_map(Value::Int)];
    let cas = |answer: RegisterAnswer| {
        (value(), value())
            .prop_map(move |(old, new)| (RegisterCall::Cas { old, new }, answer.clone()))
    };
    prop_oneof![
        3 => value().prop_map(|value| (RegisterCall::Read, RegisterAnswer::Value(value))),
        3 => value().prop_map(|value| (RegisterCall::Write(value), RegisterAnswer::Done)),
        2 => cas(RegisterAnswer::Done),
        1 => cas(RegisterAnswer::Differed),
    ]
}

fn counter() -> impl Strategy<Value = (CounterCall, CounterAnswer)> {
    let small = || -1_i64..4;
    let sum = prop_oneof![
        Just(CounterAnswer::Done),
        small().prop_map(CounterAnswer::Value)
    ];
    let swapped = prop_oneof![Just(CounterAnswer::Done), Just(CounterAnswer::Differed)];
    prop_oneof![
        3 => small().prop_map(|value| (CounterCall::Read, CounterAnswer::Value(value))),
        4 => (-1_i64..3, sum).prop_map(|(by, answer)| (CounterCall::Add(by), answer)),
        1 => small().prop_map(|value| (CounterCall::Write(value), CounterAnswer::Done)),
        2 => (small(), small(), swapped)
            .prop_map(|(old, new, answer)| (CounterCall::Cas { old, new }, answer)),
    ]
}

fn kv() -> impl Strategy<Value = (KvCall, KvAnswer)> {
    let texts = ["", "a", "b", "aa", "ab", "ba"];
    let text = move || (0..texts.len()).prop_map(move |index| Label::from(texts[index]));
    let maybe = move || prop::option::weighted(0.8, text());
    let cas = move |answer: KvAnswer| {
        (maybe(), maybe()).prop_map(move |(old, new)| (KvCall::Cas { old, new }, answer.clone()))
    };
    let letter = || prop_oneof![Just(Label::from("a")), Just(Label::from("b"))];
    prop_oneof![
        4 => maybe().prop_map(|text| (KvCall::Get, KvAnswer::Text(text))),
        2 => letter().prop_map(|text| (KvCall::Put(text), KvAnswer::Done)),
        2 => letter().prop_map(|text| (KvCall::Append(text), KvAnswer::Done)),
        1 => Just((KvCall::Delete, KvAnswer::Done)),
        1 => cas(KvAnswer::Done),
        1 => cas(KvAnswer::Differed),
    ]
}

fn lock() -> impl Strategy<Value = (LockCall, LockAnswer)> {
    let process = || (0_u32..2).prop_map(|process| Label::from(process.to_string()));
    let acquired = prop_oneof![
        3 => Just(LockAnswer::Done),
        2 => (1_i64..4).prop_map(LockAnswer::Token),
        1 => Just(LockAnswer::Refused),
    ];
    let released = prop_oneof![4 => Just(LockAnswer::Done), 1 => Just(LockAnswer::Refused)];
    prop_oneof![
        (process(), acquired).prop_map(|(process, answer)| (LockCall::Acquire(process), answer)),
        (process(), released).prop_map(|(process, answer)| (LockCall::Release(process), answer)),
    ]
}

/// The search answers what the definition says, and so does its explanation.
fn agrees<M: Model>(model: &M, small: &Small<M>) {
    let operations: Vec<_> = small.iter().map(|(operation, _)| operation).collect();
    let weakened = |index: usize| small[index].1 != End::Weakened;
    for items in [
        whole(model, &operations),
        until(model, &operations, NEVER, weakened),
    ] {
        let expected = if has_order(model, &items) {
            Found::Order
        } else {
            Found::NoOrder
        };
        let mut search = Search::new(model, &items, Bounds::default());
        assert_eq!(search.run(), expected);
        let mut hasty = Search::new(model, &items, Bounds::default());
        hasty.hasten();
        assert!(hasty.run() != Found::Order || expected == Found::Order);
    }
    let order = has_order(model, &whole(model, &operations));
    let last = operations
        .iter()
        .filter_map(|operation| operation.completed);
    if let Some(end) = last.map(|moment| moment.position).max() {
        let refuted = refute(model, &operations, end, Bounds::default());
        assert!(refuted.is_none() || !order);
    }
    explains(model, &operations);
}

/// If there is no order, the witness says what is so.
fn explains<M: Model>(model: &M, operations: &Operations<'_, M>) {
    let items = whole(model, operations);
    let mut search = Search::new(model, &items, Bounds::default());
    if search.run() == Found::Order {
        return;
    }
    let farthest = search.farthest();
    let witness = explain(model, "".into(), operations, farthest, Bounds::default());
    let end = witness.window.1;
    let history = |end, keep: &[usize]| -> bool {
        has_order(
            model,
            &until(model, operations, end, |index| keep.contains(&index)),
        )
    };
    let all: Vec<usize> = (0..operations.len()).collect();
    assert!(witness.earliest);
    assert!(!history(end, &all), "there is no order up to the culprit");
    assert!(history(end - 1, &all), "there is one up to just before");
    let core = core(model, operations, end, Bounds::default());
    assert!(core.minimal);
    assert!(
        !history(end, &core.facts),
        "the facts contradict each other"
    );
    for fact in &core.facts {
        let others: Vec<usize> = core.facts.iter().copied().filter(|f| f != fact).collect();
        assert!(history(end, &others), "without {fact} they do not");
    }
    let shown = witness.possible_count.map(|count| count.min(SHOWN_MAX));
    assert_eq!(Some(witness.possible.len()), shown);
    assert!(!witness.possible.is_empty());
}

/// What is weaker has an order whenever the history has one: nothing that a witness
/// says is an artefact of how it was found.
fn weakening_is_sound<M: Model>(model: &M, small: &Small<M>, end: u64, kept: usize) {
    let operations: Vec<_> = small.iter().map(|(operation, _)| operation).collect();
    let weaker = until(model, &operations, end, |index| kept >> index & 1 == 1);
    let strong = whole(model, &operations);
    assert!(has_order(model, &weaker) || !has_order(model, &strong));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn registers_are_judged_as_by_the_definition(small in small::<Register>(register())) {
        agrees(&Register, &small);
    }

    #[test]
    fn counters_are_judged_as_by_the_definition(small in small::<Counter>(counter())) {
        agrees(&Counter, &small);
    }

    #[test]
    fn stores_are_judged_as_by_the_definition(small in small::<Kv>(kv())) {
        agrees(&Kv, &small);
    }

    #[test]
    fn locks_are_judged_as_by_the_definition(small in small::<Lock>(lock())) {
        agrees(&Lock, &small);
    }

    #[test]
    fn to_know_less_rules_out_nothing_more(
        register in small::<Register>(register()),
        counter in small::<Counter>(counter()),
        kv in small::<Kv>(kv()),
        lock in small::<Lock>(lock()),
        end in 1_u64..1_000,
        kept in 0_usize..256,
    ) {
        weakening_is_sound(&Register, &register, end, kept);
        weakening_is_sound(&Counter, &counter, end, kept);
        weakening_is_sound(&Kv, &kv, end, kept);
        weakening_is_sound(&Lock, &lock, end, kept);
    }

    #[test]
    fn what_only_observes_changes_nothing(
        (call, answer) in register(),
        (count_call, count_answer) in counter(),
        (kv_call, kv_answer) in kv(),
        (lock_call, lock_answer) in lock(),
        state in register(),
    ) {
        let text = KvAnswer::Text(Some("a".into()));
        let states = [None, Some("a".into()), Some("ab".into())].map(crate::check::linearizability::KvState);
        if let RegisterAnswer::Value(value) = state.1 {
            observes(&Register, &value, &call, &answer);
        }
        for state in -1..3 {
            observes(&Counter, &state, &count_call, &count_answer);
        }
        for state in states {
            observes(&Kv, &state, &kv_call, &kv_answer);
            observes(&Kv, &state, &kv_call, &text);
        }
        observes(&Lock, &Lock.initial(), &lock_call, &lock_answer);
    }
}

fn observes<M: Model>(model: &M, state: &M::State, call: &M::Call, answer: &M::Answer) {
    for answer in [None, Some(answer)] {
        if model.observes_only(call, answer)
            && let Some(next) = model.step(state, call, answer)
        {
            assert!(next == *state);
        }
    }
}

#[test]
fn small_histories_are_of_both_kinds() {
    let mut runner = TestRunner::deterministic();
    let strategy = small::<Register>(register());
    let (mut with, mut without) = (0, 0);
    for _ in 0..400 {
        let small = strategy.new_tree(&mut runner).unwrap().current();
        let operations: Vec<_> = small.iter().map(|(operation, _)| operation).collect();
        let items: Vec<Item<'_, Register>> = whole(&Register, &operations);
        if has_order(&Register, &items) {
            with += 1;
        } else {
            without += 1;
        }
    }
    assert!(
        with > 80 && without > 80,
        "{with} with an order, {without} without"
    );
}
