//! Claims about barriers that need more than one handle sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::stage::{LONG, Stage, TTL, far_story, story};
use crate::coordination::{Barrier, BarrierError, SessionEnd};
use crate::event::{BarrierEvent, CoordinationEvent};
use crate::runtime::{Clock as _, timeout};
use crate::store::{KeyRange, Operation, Read, Transaction};

fn facts(stage: &Stage) -> Vec<BarrierEvent> {
    let facts = stage.facts().into_iter();
    let facts = facts.filter_map(|fact| match fact {
        CoordinationEvent::Barrier(fact) => Some(fact),
        CoordinationEvent::Session(_)
        | CoordinationEvent::Lock(_)
        | CoordinationEvent::Election(_)
        | CoordinationEvent::Counter(_)
        | CoordinationEvent::Consensus(_) => None,
    });
    facts.collect()
}

/// Waits beside, and counts those who passed.
async fn waits(stage: &Stage, name: &'static str, passed: &Arc<AtomicUsize>) {
    let (session, passed) = (stage.session().await, passed.clone());
    stage.beside(async move {
        let waited = Barrier::new(&session, name).wait(LONG).await;
        assert_eq!(waited, Ok(()));
        passed.fetch_add(1, Ordering::SeqCst);
    });
}

#[test]
fn g01_those_who_wait_are_blocked_until_the_release_and_then_all_pass() {
    story(async |stage| {
        let holder = stage.session().await;
        let held = Barrier::new(&holder, "x").hold().await.unwrap();
        let passed = Arc::new(AtomicUsize::new(0));
        for _ in 0..3 {
            waits(&stage, "x", &passed).await;
        }
        Barrier::new(&holder, "y").wait(LONG).await.unwrap();
        stage.pass(TTL * 3).await;
        assert_eq!(passed.load(Ordering::SeqCst), 0);
        held.release().await.unwrap();
        // Held again before those who were let go could look.
        let again = Barrier::new(&holder, "x").hold().await.unwrap();
        assert!(again.generation() > held.generation());
        stage.quiet().await;
        assert_eq!(passed.load(Ordering::SeqCst), 3);
        again.release().await.unwrap();
        assert_eq!(stage.places().await, Vec::<String>::new());
        let facts = facts(&stage);
        let generation = held.generation();
        let lifted = facts.iter().position(|fact| {
            matches!(fact, BarrierEvent::Lifted { generation: ended, .. } if *ended == generation)
        });
        let lifted = lifted.expect("nobody lifted it");
        let passed = |fact: &BarrierEvent| matches!(fact, BarrierEvent::Passed { barrier, .. } if *barrier == *"x");
        assert!(!facts[..lifted].iter().any(passed));
        assert_eq!(
            facts[lifted..].iter().filter(|fact| passed(fact)).count(),
            3
        );
        stage.finish().await;
    });
}

#[test]
fn g02_a_barrier_that_is_held_is_not_held_again() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let held = Barrier::new(&a, "x").hold().await.unwrap();
        let barrier = "x".into();
        let already = Some(BarrierError::AlreadyHeld { barrier });
        assert_eq!(Barrier::new(&a, "x").hold().await.err(), already);
        assert_eq!(Barrier::new(&b, "x").hold().await.err(), already);
        assert_eq!(stage.places().await.len(), 1);
        drop(held);
        stage.quiet().await;
        assert!(Barrier::new(&b, "x").hold().await.is_ok());
        stage.finish().await;
    });
}

#[test]
fn a_holder_that_dies_blocks_nobody_longer_than_its_session_lasts() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let held = Barrier::new(&a, "x").hold().await.unwrap();
        a.orphan();
        Barrier::new(&b, "x").wait(TTL * 2).await.unwrap();
        assert!(!held.is_held());
        stage.finish().await;
    });
}

#[test]
fn one_who_waits_is_answered_at_his_limit_or_with_his_session() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let held = Barrier::new(&a, "x").hold().await.unwrap();
        let within = Duration::from_secs(2);
        let barrier = || "x".into();
        let waited = Barrier::new(&b, "x").wait(within).await;
        let timed_out = BarrierError::TimedOut {
            barrier: barrier(),
            within,
        };
        assert_eq!(waited, Err(timed_out));
        let closing = b.clone();
        stage.beside(async move { closing.close().await.unwrap() });
        let waited = Barrier::new(&b, "x").wait(LONG).await;
        let end = SessionEnd::Closed;
        let ended = BarrierError::SessionEnded {
            barrier: barrier(),
            end,
        };
        assert_eq!(waited, Err(ended));
        held.release().await.unwrap();
        stage.finish().await;
    });
}

#[test]
fn g07_a_change_that_lifts_nothing_wakes_nobody_for_good() {
    story(async |stage| {
        let holder = stage.session().await;
        let held = Barrier::new(&holder, "x").hold().await.unwrap();
        let passed = Arc::new(AtomicUsize::new(0));
        waits(&stage, "x", &passed).await;
        stage.quiet().await;
        let place = stage.places().await.remove(0);
        let entry = stage.store.read(Read::new(KeyRange::key(place.as_str())));
        let entry = entry.await.unwrap().into_first().unwrap();
        for _ in 0..3 {
            // The place says the same again, and others come and go beside it.
            let beside = format!("{place}-other");
            let put = [
                Operation::put_leased(place.as_str(), &entry.value, holder.id()),
                Operation::put(beside.as_str(), "1"),
            ];
            stage.store.transact(Transaction::of(put)).await.unwrap();
            stage.quiet().await;
            let deleted = stage.store.delete(KeyRange::key(beside)).await;
            assert_eq!(deleted, Ok(1));
            stage.quiet().await;
        }
        assert_eq!(passed.load(Ordering::SeqCst), 0);
        held.release().await.unwrap();
        stage.quiet().await;
        assert_eq!(passed.load(Ordering::SeqCst), 1);
        stage.finish().await;
    });
}

#[test]
fn from_afar_one_holds_at_a_time_and_whoever_is_dropped_holds_nothing() {
    for lost in [0, 20] {
        far_story(lost, async |stage| {
            let settled = Duration::from_secs(5);
            let clock = stage.node.runtime().clone();
            let holding = Arc::new(AtomicUsize::new(0));
            for number in 0..4 {
                let barrier = Barrier::new(&stage.session().await, "x");
                let (clock, holding) = (clock.clone(), holding.clone());
                stage.beside(async move {
                    for round in 0..10 {
                        let moment = Duration::from_millis((number * 5 + round * 3) % 11);
                        clock.sleep(moment).await;
                        let held = timeout(&clock, moment * 2, barrier.hold()).await;
                        if let Ok(Ok(held)) = held {
                            assert_eq!(holding.fetch_add(1, Ordering::SeqCst), 0);
                            clock.sleep(moment).await;
                            holding.fetch_sub(1, Ordering::SeqCst);
                            held.release().await.unwrap();
                        }
                        barrier.wait(LONG).await.unwrap();
                    }
                });
            }
            stage.pass(settled * 4).await;
            let held = facts(&stage);
            let held = held
                .iter()
                .filter(|fact| matches!(fact, BarrierEvent::Held { .. }));
            assert!(held.count() > 3);
            assert_eq!(stage.places().await, Vec::<String>::new());
            stage.finish().await;
        });
    }
}
