//! Claims about agreements on a value.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::faulty::{Fault, Faulty};
use super::stage::{LONG, Stage, story};
use crate::coordination::{Consensus, ConsensusError, Decision};
use crate::event::{ConsensusEvent, CoordinationEvent};
use crate::runtime::{Clock as _, timeout};
use crate::store::{Invalid, TransactError, Value};
use crate::testing::TestRuntime;

const WITHIN: Duration = Duration::from_secs(4);

fn instance(stage: &Stage) -> Consensus<TestRuntime> {
    Consensus::new(&stage.coordinator, "plan")
}

/// The same instance, as a node whose store has faults sees it.
fn behind(stage: &Stage, faulty: &Arc<Faulty>) -> Consensus<TestRuntime> {
    Consensus::new(&faulty.coordinator(stage), "plan")
}

fn facts(stage: &Stage) -> Vec<ConsensusEvent> {
    let facts = stage.facts().into_iter();
    facts
        .filter_map(|fact| match fact {
            CoordinationEvent::Consensus(fact) => Some(fact),
            CoordinationEvent::Session(_)
            | CoordinationEvent::Lock(_)
            | CoordinationEvent::Election(_)
            | CoordinationEvent::Barrier(_)
            | CoordinationEvent::Counter(_) => None,
        })
        .collect()
}

/// Agreement, validity and integrity, of what the facts say and of what the store holds
/// when all is over. Answers the decision.
async fn check(stage: &Stage) -> Decision {
    let decision = instance(stage).learn(LONG).await.unwrap().unwrap();
    let mut proposed = BTreeSet::new();
    for fact in facts(stage) {
        match fact {
            ConsensusEvent::Proposed { value, .. } => {
                proposed.insert(value);
            }
            ConsensusEvent::Committed { value, index, .. } => {
                assert_eq!(value, decision.value.to_string().as_str());
                assert_eq!(index, decision.index);
                assert!(proposed.contains(&value), "{value} was not proposed");
            }
            ConsensusEvent::Aborted { .. } | ConsensusEvent::TimedOut { .. } => {}
        }
    }
    decision
}

fn value(proposer: usize) -> Value {
    format!("value {proposer}").into()
}

#[test]
fn all_proposers_learn_one_value_that_one_of_them_proposed() {
    story(async |stage| {
        assert_eq!(instance(&stage).learn(LONG).await, Ok(None));
        let learned = Arc::new(Mutex::new(Vec::new()));
        for proposer in 0..5 {
            let (instance, learned) = (instance(&stage), learned.clone());
            stage.beside(async move {
                let decision = instance.propose(value(proposer), LONG).await.unwrap();
                learned.lock().unwrap().push(decision);
            });
        }
        stage.quiet().await;
        let decision = check(&stage).await;
        let learned = learned.lock().unwrap().clone();
        assert_eq!(learned, vec![decision.clone(); 5]);
        assert!((0..5).any(|proposer| value(proposer) == decision.value));
        // Whoever comes later, or again, learns the same; other instances are others.
        let again = instance(&stage).propose("late", LONG).await;
        assert_eq!(again, Ok(decision.clone()));
        let other = Consensus::new(&stage.coordinator, "plan/");
        let other = other.propose("other", LONG).await.unwrap();
        assert_eq!(other.value, "other".into());
        assert!(other.index > decision.index);
        stage.finish().await;
    });
}

#[test]
fn faults_delay_an_agreement_and_never_break_it() {
    story(async |stage| {
        let mut stores = Vec::new();
        let learned = Arc::new(Mutex::new(Vec::new()));
        for proposer in 0..5 {
            let faulty = Faulty::random(&stage, &format!("faults of {proposer}"));
            let (instance, learned) = (behind(&stage, &faulty), learned.clone());
            stores.push(faulty);
            stage.beside(async move {
                for attempt in 0..3 {
                    let proposed = value(proposer * 10 + attempt);
                    let within = Duration::from_millis(200);
                    match instance.propose(proposed, within).await {
                        Ok(decision) => learned.lock().unwrap().push(decision),
                        Err(ConsensusError::TimedOut { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        stage.pass(LONG).await;
        let decision = check(&stage).await;
        for faulty in &stores {
            faulty.flush().await;
        }
        assert_eq!(check(&stage).await, decision);
        let learned = learned.lock().unwrap().clone();
        assert!(!learned.is_empty());
        assert!(learned.iter().all(|learned| *learned == decision));
        assert!(stores.iter().any(|faulty| faulty.met() > 0));
        stage.finish().await;
    });
}

#[test]
fn a_proposal_whose_answer_was_lost_is_decided_once() {
    story(async |stage| {
        let faulty = Faulty::scripted(&stage, &[Fault::AnswerLost]);
        let decision = behind(&stage, &faulty).propose("a", WITHIN).await.unwrap();
        assert_eq!(decision.value, "a".into());
        assert_eq!(check(&stage).await, decision);
        stage.finish().await;
    });
}

#[test]
fn a_proposal_that_comes_late_changes_nothing() {
    story(async |stage| {
        let faulty = Faulty::scripted(&stage, &[Fault::Late]);
        let slow = behind(&stage, &faulty);
        let rival = instance(&stage);
        let clock = stage.node.runtime().clone();
        stage.beside(async move {
            clock.sleep(Duration::from_secs(1)).await;
            rival.propose("b", LONG).await.unwrap();
        });
        let decision = slow.propose("a", WITHIN).await.unwrap();
        faulty.flush().await;
        assert_eq!(decision.value, "b".into());
        assert_eq!(check(&stage).await, decision);
        stage.finish().await;
    });
}

#[test]
fn a_proposer_whose_first_value_may_be_on_its_way_cannot_have_two_chosen() {
    for fault in [Fault::AnswerLost, Fault::Late] {
        story(async |stage| {
            let faulty = Faulty::scripted(&stage, &[fault]);
            let slow = behind(&stage, &faulty);
            let limit = Duration::from_millis(100);
            let first = timeout(stage.node.runtime(), limit, slow.propose("a", WITHIN));
            assert!(first.await.is_err());
            let stopped = facts(&stage).pop();
            let stopped = matches!(
                stopped,
                Some(ConsensusEvent::TimedOut { pending: true, .. })
            );
            assert!(stopped, "{:?}", facts(&stage));
            let second = slow.propose("b", WITHIN).await.unwrap();
            faulty.flush().await;
            assert_eq!(check(&stage).await, second);
            stage.finish().await;
        });
    }
}

#[test]
fn a_node_that_reaches_no_other_one_answers_what_it_knows() {
    story(async |stage| {
        let faulty = Faulty::scripted(&stage, &[]);
        let alone = behind(&stage, &faulty);
        faulty.isolate();
        let began = stage.node.runtime().now();
        let answer = alone.propose("a", WITHIN).await;
        let Err(ConsensusError::TimedOut {
            waited, pending, ..
        }) = answer
        else {
            panic!("{answer:?}");
        };
        assert_eq!((waited, pending), (WITHIN, true));
        assert_eq!(stage.node.runtime().now().since(began), WITHIN);
        let unread = alone.learn(WITHIN).await;
        let unread = matches!(unread, Err(ConsensusError::Unreadable { .. }));
        assert!(unread);
        let decision = instance(&stage).propose("b", LONG).await.unwrap();
        assert_eq!(alone.propose("a", WITHIN).await, Ok(decision));
        stage.finish().await;
    });
}

#[test]
fn a_proposal_that_was_never_taken_is_said_to_be_none() {
    story(async |stage| {
        let faulty = Faulty::always(&stage, Fault::Refused);
        let answer = behind(&stage, &faulty).propose("a", WITHIN).await;
        let Err(ConsensusError::TimedOut { pending, .. }) = answer else {
            panic!("{answer:?}");
        };
        assert!(!pending);
        let len_max = stage.store.limits().value_len_max;
        let long = vec![0; len_max + 1];
        let answer = instance(&stage).propose(long, WITHIN).await;
        let Err(ConsensusError::Aborted {
            source: TransactError::Invalid(Invalid::ValueTooLong { .. }),
            ..
        }) = answer
        else {
            panic!("{answer:?}");
        };
        let last = facts(&stage).pop();
        let aborted = matches!(last, Some(ConsensusEvent::Aborted { .. }));
        assert!(aborted, "{last:?}");
        assert_eq!(instance(&stage).learn(LONG).await, Ok(None));
        stage.finish().await;
    });
}
