//! Claims about double barriers over a store that is far away, so that everything comes
//! between the steps of one participant, and some changes are of unknown outcome.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::assembling::{Known, Later, all_inside, check_facts, comes, leaves, others, plays};
use super::stage::{LONG, Stage, TTL, far_story};
use crate::coordination::{BarrierError, DoubleBarrier, Inside};
use crate::runtime::timeout;

/// So long until everything has happened that can happen, retries included.
const SETTLED: Duration = Duration::from_secs(5);

#[test]
fn g05_of_many_who_come_at_once_from_afar_only_so_many_enter() {
    for lost in [0, 20] {
        far_story(lost, async |stage| {
            let mut all = Vec::new();
            for _ in 0..7 {
                all.push(comes(&stage, 3).await);
            }
            stage.pass(SETTLED).await;
            let outcomes: Vec<_> = all.iter().map(|one| one.take().unwrap()).collect();
            let (inside, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
            let refused: Vec<_> = refused.into_iter().filter_map(Result::err).collect();
            let too_many = |error: &BarrierError| matches!(error, BarrierError::TooMany { .. });
            assert!(refused.iter().all(too_many), "{refused:?}");
            assert_eq!((inside.len(), others(&stage).await), (3, 3));
            let mut generations = inside.iter().flatten().map(Inside::generation);
            let first = generations.next();
            assert!(generations.all(|generation| Some(generation) == first));
            stage.finish().await;
        });
    }
}

#[test]
fn g11_of_several_who_begin_at_once_from_afar_all_are_in_one_generation() {
    for lost in [0, 20] {
        far_story(lost, async |stage| {
            let all = all_inside(&stage, 6, SETTLED).await;
            let first = all[0].generation();
            assert!(all.iter().all(|one| one.generation() == first));
            let left: Vec<_> = all.into_iter().map(|one| leaves(&stage, one)).collect();
            stage.pass(SETTLED).await;
            assert!(left.iter().all(|one| one.take() == Some(Ok(()))));
            assert_eq!(others(&stage).await, 0);
            stage.finish().await;
        });
    }
}

#[test]
fn one_that_is_dropped_at_any_moment_is_not_counted() {
    for lost in [0, 30] {
        far_story(lost, async |stage| {
            let clock = stage.node.runtime().clone();
            let session = stage.session().await;
            let dropped = DoubleBarrier::new(&session, "x", 2);
            let alone = DoubleBarrier::new(&session, "y", 1);
            for moment in 0..12 {
                let moment = Duration::from_millis(moment);
                drop(timeout(&clock, moment, dropped.enter(LONG)).await);
                if let Ok(inside) = timeout(&clock, moment, alone.enter(LONG)).await {
                    drop(timeout(&clock, moment / 2, inside.unwrap().leave(LONG)).await);
                }
                stage.pass(SETTLED).await;
                assert_eq!(others(&stage).await, 0, "after {moment:?}");
            }
            let waiting = comes(&stage, 2).await;
            stage.pass(SETTLED).await;
            assert!(!waiting.is_done());
            stage.finish().await;
        });
    }
}

#[test]
fn g12_whoever_runs_out_of_time_far_away_is_not_counted_afterwards() {
    for lost in [0, 15] {
        far_story(lost, async |stage| {
            let (a, b) = (stage.session().await, stage.session().await);
            for micros in (0..20_000).step_by(500) {
                let within = Duration::from_micros(micros);
                let short = DoubleBarrier::new(&a, "x", 2);
                let long = DoubleBarrier::new(&b, "x", 2);
                let long = Later::of(&stage, async move {
                    long.enter(Duration::from_millis(30)).await
                });
                let short = short.enter(within).await;
                if let Err(error) = &short {
                    let incomplete = matches!(error, BarrierError::Incomplete { .. });
                    assert!(incomplete, "{error:?}");
                }
                stage.pass(Duration::from_secs(1)).await;
                let long = long.take().unwrap();
                assert_eq!(
                    short.is_ok(),
                    long.is_ok(),
                    "{within:?}: {short:?} {long:?}"
                );
                drop((short, long));
                stage.pass(SETTLED).await;
            }
            stage.finish().await;
        });
    }
}

fn players_play(lost: u64, impatience: u32) {
    far_story(lost, async |stage: Stage| {
        let all = Arc::new(Mutex::new(std::collections::BTreeMap::<_, Known>::new()));
        let mut players = Vec::new();
        for number in 0..5 {
            let (session, clock) = (stage.session().await, stage.node.runtime().clone());
            let play = plays(session, clock, number, impatience, all.clone());
            players.push(Later::of(&stage, play));
        }
        stage.pass(TTL * 4).await;
        assert!(players.iter().all(Later::is_done));
        let left = all
            .lock()
            .unwrap()
            .values()
            .filter(|known| known.left > 0)
            .count();
        assert!(left > 0, "{} were inside", all.lock().unwrap().len());
        check_facts(&stage, 3);
        assert_eq!(others(&stage).await, 0);
        drop(all_inside(&stage, 3, SETTLED).await);
        stage.finish().await;
    });
}

#[test]
fn players_far_away_never_see_too_many_or_one_who_left_early() {
    players_play(0, 10);
}

#[test]
fn players_whose_changes_get_lost_never_see_too_many_or_one_who_left_early() {
    players_play(15, 25);
}
