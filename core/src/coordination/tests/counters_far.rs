//! Claims about counters whose store refuses, is late, or does not answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::counters::{added, counter, facts};
use super::faulty::{Fault, Faulty};
use super::stage::{LONG, Stage, story};
use crate::coordination::{Counter, CounterError};
use crate::event::{CounterEvent, Event, FailureEvent};
use crate::failure::Severity;
use crate::runtime::{Clock as _, timeout};
use crate::testing::TestRuntime;

const WITHIN: Duration = Duration::from_secs(4);

/// The same counter, as a node whose store has faults sees it.
fn behind(stage: &Stage, faulty: &Arc<Faulty>) -> Counter<TestRuntime> {
    Counter::new(&faulty.coordinator(stage), "hits")
}

fn warnings(stage: &Stage) -> usize {
    let events = stage.node.runtime().events().into_iter();
    events
        .filter(|event| {
            let Event::Failure(FailureEvent::Incident { severity, .. }) = event else {
                return false;
            };
            *severity == Severity::Warning
        })
        .count()
}

#[test]
fn g15_under_faults_the_total_is_what_is_certain_and_some_of_what_is_not() {
    story(async |stage| {
        let mut stores = Vec::new();
        let answered = Arc::new(Mutex::new((0, 0)));
        for client in 0..4 {
            let faulty = Faulty::random(&stage, &format!("faults of {client}"));
            let (counter, answered) = (behind(&stage, &faulty), answered.clone());
            stores.push(faulty);
            stage.beside(async move {
                for _ in 0..8 {
                    let answer = counter.add(1, Duration::from_millis(400)).await;
                    let mut answered = answered.lock().unwrap();
                    match answer {
                        Ok(_) => answered.0 += 1,
                        Err(CounterError::Unknown { .. }) => answered.1 += 1,
                        Err(CounterError::TimedOut { .. } | CounterError::Refused { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        stage.pass(LONG).await;
        for faulty in &stores {
            faulty.flush().await;
            assert!(faulty.met() > 0);
        }
        let total = counter(&stage).load(LONG).await.unwrap();
        let (certain, unknown) = added(&stage);
        assert_eq!((certain, unknown), *answered.lock().unwrap());
        assert!(certain > 0);
        assert!(
            (certain..=certain + unknown).contains(&total),
            "{certain} <= {total} <= {certain} + {unknown}"
        );
        stage.finish().await;
    });
}

#[test]
fn g15_an_addition_whose_answer_was_lost_is_recognized() {
    for rivals in [0, 2] {
        story(async |stage| {
            let faulty = Faulty::scripted(&stage, &[Fault::AnswerLost]);
            let (slow, rival) = (behind(&stage, &faulty), counter(&stage));
            rival.add(10, LONG).await.unwrap();
            let clock = stage.node.runtime().clone();
            stage.beside(async move {
                clock.sleep(Duration::from_secs(1)).await;
                for _ in 0..rivals {
                    rival.add(100, LONG).await.unwrap();
                }
            });
            assert_eq!(slow.add(1, WITHIN).await, Ok(11));
            let total = counter(&stage).load(LONG).await;
            assert_eq!(total, Ok(11 + 100 * rivals));
            assert_eq!(added(&stage), (11 + 100 * rivals, 0));
            assert_eq!(warnings(&stage), 1);
            stage.finish().await;
        });
    }
}

#[test]
fn g15_an_addition_that_was_lost_is_made_again_though_others_were_quicker() {
    story(async |stage| {
        let faulty = Faulty::scripted(&stage, &[Fault::Late]);
        let (slow, rival) = (behind(&stage, &faulty), counter(&stage));
        let clock = stage.node.runtime().clone();
        stage.beside(async move {
            clock.sleep(Duration::from_secs(1)).await;
            rival.add(100, LONG).await.unwrap();
        });
        assert_eq!(slow.add(1, WITHIN).await, Ok(101));
        assert_eq!(added(&stage), (101, 0));
        stage.finish().await;
    });
}

#[test]
fn g15_a_request_that_comes_late_does_not_count_twice() {
    story(async |stage| {
        let faulty = Faulty::scripted(&stage, &[Fault::Late]);
        let slow = behind(&stage, &faulty);
        assert_eq!(slow.add(1, WITHIN).await, Ok(1));
        faulty.flush().await;
        assert_eq!(counter(&stage).load(LONG).await, Ok(1));
        stage.finish().await;
    });
}

#[test]
fn g15_what_nobody_can_say_is_said_to_be_unknown_in_time() {
    story(async |stage| {
        let faulty = Faulty::always(&stage, Fault::RequestLost);
        let slow = behind(&stage, &faulty);
        let began = stage.node.runtime().now();
        let answer = slow.add(7, WITHIN).await;
        let unknown = matches!(answer, Err(CounterError::Unknown { .. }));
        assert!(unknown, "{answer:?}");
        assert_eq!(stage.node.runtime().now().since(began), WITHIN);
        let counter = "hits".into();
        let by = 7;
        assert_eq!(facts(&stage), [CounterEvent::Unknown { counter, by }]);
        stage.finish().await;
    });
}

#[test]
fn g15_history_that_is_gone_says_nothing() {
    story(async |stage| {
        let faulty = Faulty::scripted(&stage, &[Fault::AnswerLost]);
        let (slow, rival) = (behind(&stage, &faulty), counter(&stage));
        let (store, clock) = (stage.store.clone(), stage.node.runtime().clone());
        stage.beside(async move {
            clock.sleep(Duration::from_secs(1)).await;
            rival.add(100, LONG).await.unwrap();
            let last = store.put("another", "").await.unwrap();
            store.compact(last).await.unwrap();
        });
        let answer = slow.add(1, WITHIN).await;
        let unknown = matches!(answer, Err(CounterError::Unknown { .. }));
        assert!(unknown, "{answer:?}");
        assert_eq!(added(&stage), (100, 1));
        assert_eq!(counter(&stage).load(LONG).await, Ok(101));
        stage.finish().await;
    });
}

#[test]
fn g15_an_addition_that_is_dropped_on_its_way_is_unknown() {
    story(async |stage| {
        let faulty = Faulty::scripted(&stage, &[Fault::AnswerLost]);
        let slow = behind(&stage, &faulty);
        let limit = Duration::from_millis(100);
        let adding = timeout(stage.node.runtime(), limit, slow.add(1, WITHIN));
        assert!(adding.await.is_err());
        assert_eq!(added(&stage), (0, 1));
        assert_eq!(counter(&stage).load(LONG).await, Ok(1));
        stage.finish().await;
    });
}

#[test]
fn a_store_that_refuses_changes_nothing_and_is_reported() {
    story(async |stage| {
        let faulty = Faulty::always(&stage, Fault::Refused);
        let began = stage.node.runtime().now();
        let answer = behind(&stage, &faulty).add(1, WITHIN).await;
        let refused = matches!(answer, Err(CounterError::Refused { .. }));
        assert!(refused, "{answer:?}");
        faulty.isolate();
        let answer = behind(&stage, &faulty).load(WITHIN).await;
        let unreadable = matches!(answer, Err(CounterError::Unreadable { .. }));
        assert!(unreadable, "{answer:?}");
        assert_eq!(stage.node.runtime().now().since(began), WITHIN * 2);
        let facts = facts(&stage);
        let refused = |fact: &CounterEvent| matches!(fact, CounterEvent::Refused { .. });
        assert!(facts.len() == 2 && facts.iter().all(refused), "{facts:?}");
        assert_eq!(warnings(&stage), 2);
        assert_eq!(counter(&stage).load(LONG).await, Ok(0));
        stage.finish().await;
    });
}

#[test]
fn whoever_is_always_slower_gives_up_in_time() {
    story(async |stage| {
        let slow = Fault::Slow(Duration::from_millis(50));
        let faulty = Faulty::always(&stage, slow);
        let (slow, quick) = (behind(&stage, &faulty), counter(&stage));
        let clock = stage.node.runtime().clone();
        stage.beside(async move {
            for _ in 0..1_000 {
                quick.add(1, LONG).await.unwrap();
                clock.sleep(Duration::from_millis(10)).await;
            }
        });
        let began = stage.node.runtime().now();
        let answer = slow.add(1_000_000, WITHIN).await;
        let (name, within) = ("hits".into(), WITHIN);
        let error = CounterError::TimedOut {
            counter: name,
            within,
        };
        assert_eq!(answer, Err(error));
        assert_eq!(stage.node.runtime().now().since(began), WITHIN);
        stage.pass(LONG).await;
        assert_eq!(counter(&stage).load(LONG).await, Ok(1_000));
        stage.finish().await;
    });
}
