//! Claims about counters whose store answers.

use std::sync::{Arc, Mutex};

use super::stage::{LONG, Stage, story};
use crate::coordination::{Counter, CounterError};
use crate::event::{CoordinationEvent, CounterEvent};
use crate::store::KeyRange;
use crate::testing::TestRuntime;

const KEY: &str = "steadfast/counter/4:hits/value";

pub(super) fn counter(stage: &Stage) -> Counter<TestRuntime> {
    Counter::new(&stage.coordinator, "hits")
}

pub(super) fn facts(stage: &Stage) -> Vec<CounterEvent> {
    let facts = stage.facts().into_iter();
    facts
        .filter_map(|fact| match fact {
            CoordinationEvent::Counter(fact) => Some(fact),
            CoordinationEvent::Session(_)
            | CoordinationEvent::Lock(_)
            | CoordinationEvent::Election(_)
            | CoordinationEvent::Barrier(_)
            | CoordinationEvent::Consensus(_) => None,
        })
        .collect()
}

/// What was certainly added, and what may have been.
pub(super) fn added(stage: &Stage) -> (i64, i64) {
    let mut sums = (0, 0);
    for fact in facts(stage) {
        match fact {
            CounterEvent::Added { by, .. } => sums.0 += by,
            CounterEvent::Unknown { by, .. } => sums.1 += by,
            CounterEvent::Stored { .. }
            | CounterEvent::Loaded { .. }
            | CounterEvent::Refused { .. } => {}
        }
    }
    sums
}

#[test]
fn g15_every_increment_of_many_clients_counts_once() {
    story(async |stage| {
        let answers = Arc::new(Mutex::new(Vec::new()));
        for _ in 0..4 {
            let (counter, answers) = (counter(&stage), answers.clone());
            stage.beside(async move {
                for _ in 0..5 {
                    let answer = counter.add(1, LONG).await.unwrap();
                    answers.lock().unwrap().push(answer);
                }
            });
        }
        stage.quiet().await;
        assert_eq!(counter(&stage).load(LONG).await, Ok(20));
        let mut answers = answers.lock().unwrap().clone();
        answers.sort_unstable();
        assert_eq!(answers, (1..=20).collect::<Vec<_>>());
        assert_eq!(added(&stage), (20, 0));
        stage.finish().await;
    });
}

#[test]
fn g16_a_value_is_set_only_if_it_is_the_expected_one_and_stored_in_any_case() {
    story(async |stage| {
        let counter = counter(&stage);
        assert_eq!(counter.load(LONG).await, Ok(0));
        let early = counter.compare_and_set(5, 6, LONG).await;
        let (name, expected, found) = ("hits".into(), 5, 0);
        let error = CounterError::Unexpected {
            counter: name,
            expected,
            found,
        };
        assert_eq!(early, Err(error));
        assert_eq!(stage.store.get(KEY).await, Ok(None));
        // Nobody has changed it yet, which is zero.
        assert_eq!(counter.compare_and_set(0, 5, LONG).await, Ok(()));
        assert_eq!(counter.compare_and_set(5, 6, LONG).await, Ok(()));
        assert!(counter.compare_and_set(5, 7, LONG).await.is_err());
        assert_eq!(counter.load(LONG).await, Ok(6));
        assert_eq!(counter.store(-3, LONG).await, Ok(Some(6)));
        assert_eq!(counter.load(LONG).await, Ok(-3));
        let stored = facts(&stage).into_iter().filter_map(|fact| match fact {
            CounterEvent::Stored { from, to, .. } => Some((from, to)),
            CounterEvent::Added { .. }
            | CounterEvent::Loaded { .. }
            | CounterEvent::Unknown { .. }
            | CounterEvent::Refused { .. } => None,
        });
        let expected = [(None, 5), (Some(5), 6), (Some(6), -3)];
        assert_eq!(stored.collect::<Vec<_>>(), expected);
        stage.finish().await;
    });
}

#[test]
fn g17_what_is_no_number_and_what_does_not_fit_are_errors() {
    story(async |stage| {
        let counter = counter(&stage);
        stage.store.put(KEY, "five").await.unwrap();
        let (name, content) = ("hits".into(), "five".into());
        let corrupt = CounterError::Corrupt {
            counter: name,
            content,
        };
        assert_eq!(counter.load(LONG).await, Err(corrupt.clone()));
        assert_eq!(counter.add(1, LONG).await, Err(corrupt.clone()));
        assert_eq!(counter.compare_and_set(0, 1, LONG).await, Err(corrupt));
        let entry = stage.store.get(KEY).await.unwrap().unwrap();
        assert_eq!(entry.value, "five".into());
        assert_eq!(counter.store(i64::MAX, LONG).await, Ok(None));
        let (name, value, by) = ("hits".into(), i64::MAX, 1);
        let overflow = CounterError::Overflow {
            counter: name,
            value,
            by,
        };
        assert_eq!(counter.add(1, LONG).await, Err(overflow));
        assert_eq!(counter.add(-1, LONG).await, Ok(i64::MAX - 1));
        let all = stage.store.delete(KeyRange::prefix("steadfast/counter/"));
        assert_eq!(all.await, Ok(1));
        stage.finish().await;
    });
}
