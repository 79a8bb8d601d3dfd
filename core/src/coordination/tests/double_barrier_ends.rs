//! Claims about how generations of double barriers end, and about whoever gives up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::assembling::{
    Known, Later, QUIET, all_inside, check_facts, comes, enters, leaves, others, plays,
};
use super::cancel::poll_and_drop;
use super::stage::{LONG, TTL, story};
use crate::coordination::{BarrierError, DoubleBarrier};
use crate::runtime::Clock as _;
use crate::store::{Operation, Transaction};

#[test]
fn g07_a_change_that_completes_nothing_lets_nobody_pass() {
    story(async |stage| {
        let waiting = comes(&stage, 3).await;
        stage.quiet().await;
        let keys = stage.places().await.into_iter();
        let generation = keys
            .filter(|key| key.ends_with("/generation"))
            .collect::<String>();
        for _ in 0..3 {
            let same = stage.store.get(generation.as_str()).await.unwrap().unwrap();
            let beside = format!("{generation}-other");
            let put = [
                Operation::put(generation.as_str(), same.value),
                Operation::put(beside, "1"),
            ];
            stage.store.transact(Transaction::of(put)).await.unwrap();
            let passing = stage.session().await;
            let within = Duration::from_millis(5);
            let passing = DoubleBarrier::new(&passing, "x", 3).enter(within).await;
            assert!(passing.is_err());
        }
        assert!(!waiting.is_done());
        let rest = [comes(&stage, 3).await, comes(&stage, 3).await];
        stage.quiet().await;
        assert!(waiting.is_done() && rest.iter().all(Later::is_done));
        stage.finish().await;
    });
}

#[test]
fn g09_a_barrier_that_is_used_again_at_once_counts_afresh() {
    story(async |stage| {
        let mut players = Vec::new();
        for _ in 0..3 {
            let barrier = DoubleBarrier::new(&stage.session().await, "x", 3);
            players.push(Later::of(&stage, async move {
                let mut generations = Vec::new();
                for _ in 0..5 {
                    let inside = barrier.enter(LONG).await.unwrap();
                    generations.push(inside.generation());
                    inside.leave(LONG).await.unwrap();
                }
                generations
            }));
        }
        stage.pass(TTL).await;
        let all: Vec<_> = players.iter().map(|one| one.take().unwrap()).collect();
        assert!(all.iter().all(|generations| *generations == all[0]));
        assert!(all[0].is_sorted_by(|a, b| a < b), "{:?}", all[0]);
        assert_eq!(stage.places().await, Vec::<String>::new());
        check_facts(&stage, 3);
        stage.finish().await;
    });
}

#[test]
fn g10_a_reset_answers_those_who_wait_and_the_next_count_from_nothing() {
    story(async |stage| {
        let operator = DoubleBarrier::new(&stage.session().await, "x", 3);
        assert_eq!(operator.reset().await, Ok(None));
        let reset = || {
            Some(BarrierError::Reset {
                barrier: "x".into(),
            })
        };
        let waiting = [comes(&stage, 3).await, comes(&stage, 3).await];
        stage.quiet().await;
        let first = operator.reset().await.unwrap();
        assert!(first.is_some());
        let third = comes(&stage, 3).await;
        stage.quiet().await;
        assert!(
            waiting
                .iter()
                .all(|one| one.take().unwrap().err() == reset())
        );
        assert!(!third.is_done());
        assert_eq!(others(&stage).await, 1);
        assert!(operator.reset().await.unwrap() > first);
        stage.quiet().await;
        assert_eq!(third.take().unwrap().err(), reset());
        // Those who are inside wait in vain for each other.
        let mut all = all_inside(&stage, 3, QUIET).await;
        let stays = all.pop().unwrap();
        let waiting: Vec<_> = all.into_iter().map(|one| leaves(&stage, one)).collect();
        stage.quiet().await;
        assert_eq!(operator.reset().await, Ok(Some(stays.generation())));
        stage.quiet().await;
        assert!(
            waiting
                .iter()
                .all(|one| one.take().unwrap().err() == reset())
        );
        drop(stays);
        stage.quiet().await;
        assert_eq!(stage.places().await, Vec::<String>::new());
        stage.finish().await;
    });
}

#[test]
fn g12_one_whose_time_has_run_out_is_not_counted_afterwards() {
    story(async |stage| {
        let late = stage.session().await;
        let within = Duration::from_secs(1);
        let incomplete = |arrived| {
            Some(BarrierError::Incomplete {
                barrier: "x".into(),
                within,
                arrived,
                expected: 3,
            })
        };
        let barrier = DoubleBarrier::new(&late, "x", 3);
        assert_eq!(barrier.enter(within).await.err(), incomplete(0));
        assert_eq!(stage.places().await, Vec::<String>::new());
        let waiting = comes(&stage, 3).await;
        assert_eq!(barrier.enter(within).await.err(), incomplete(1));
        // At once, without a moment in which anything could happen in the background.
        assert_eq!(others(&stage).await, 1);
        let third = comes(&stage, 3).await;
        stage.pass(TTL).await;
        assert!(!waiting.is_done() && !third.is_done());
        assert!(barrier.enter(LONG).await.is_ok());
        stage.quiet().await;
        assert!(waiting.is_done() && third.is_done());
        stage.finish().await;
    });
}

#[test]
fn g12_all_who_come_by_the_limit_of_one_enter_with_it_or_all_without_it() {
    story(async |stage| {
        let within = Duration::from_secs(1);
        let first = DoubleBarrier::new(&stage.session().await, "x", 2);
        let second = DoubleBarrier::new(&stage.session().await, "x", 2);
        let first = Later::of(&stage, async move { first.enter(within).await });
        stage.quiet().await;
        let rest = within - Duration::from_millis(1);
        stage.pass(rest - Duration::from_millis(1)).await;
        // At the very limit.
        let clock = stage.node.runtime().clone();
        let second = Later::of(&stage, async move {
            clock.sleep(Duration::from_millis(1)).await;
            second.enter(Duration::from_secs(1)).await
        });
        stage.pass(TTL).await;
        let (first, second) = (first.take().unwrap(), second.take().unwrap());
        assert_eq!(first.is_ok(), second.is_ok(), "{first:?} {second:?}");
        stage.finish().await;
    });
}

#[test]
fn one_that_is_dropped_at_any_point_leaves_no_place() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        for polls in 0..8 {
            let dropped = DoubleBarrier::new(&a, "x", 2);
            let alone = DoubleBarrier::new(&a, "y", 1);
            poll_and_drop(dropped.enter(LONG), polls).await;
            poll_and_drop(alone.enter(LONG), polls).await;
            stage.quiet().await;
            assert_eq!(others(&stage).await, 0, "after {polls} polls");
            let waiting = enters(&stage, &b, 2);
            stage.quiet().await;
            assert!(!waiting.is_done(), "after {polls} polls");
            assert!(alone.enter(LONG).await.is_ok(), "after {polls} polls");
            let inside = dropped.enter(LONG).await.unwrap();
            stage.quiet().await;
            poll_and_drop(inside.leave(LONG), polls).await;
            stage.quiet().await;
            let other = waiting.take().unwrap().unwrap();
            assert_eq!(other.leave(LONG).await, Ok(()), "after {polls} polls");
            stage.quiet().await;
            assert_eq!(others(&stage).await, 0, "after {polls} polls");
        }
        stage.finish().await;
    });
}

#[test]
fn players_with_little_patience_never_see_too_many_or_one_who_left_early() {
    story(async |stage| {
        let all = Arc::new(Mutex::new(BTreeMap::<_, Known>::new()));
        let mut players = Vec::new();
        for number in 0..5 {
            let (session, clock) = (stage.session().await, stage.node.runtime().clone());
            let play = plays(session, clock, number, 1, all.clone());
            players.push(Later::of(&stage, play));
        }
        stage.pass(TTL).await;
        assert!(players.iter().all(Later::is_done));
        let left = all
            .lock()
            .unwrap()
            .values()
            .filter(|known| known.left > 0)
            .count();
        assert!(
            left > 2,
            "{left} of {} were left",
            all.lock().unwrap().len()
        );
        check_facts(&stage, 3);
        assert_eq!(others(&stage).await, 0);
        let again = all_inside(&stage, 3, QUIET).await;
        drop(again);
        stage.finish().await;
    });
}
