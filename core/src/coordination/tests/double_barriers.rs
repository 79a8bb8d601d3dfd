//! Claims about entering and leaving double barriers together.

use super::assembling::{Later, QUIET, all_inside, comes, enters, leaves, others};
use super::stage::{LONG, Stage, TTL, story};
use crate::coordination::{BarrierError, DoubleBarrier, Inside};

#[test]
fn g04_none_enters_before_all_are_there() {
    story(async |stage| {
        let waiting = [comes(&stage, 3).await, comes(&stage, 3).await];
        stage.pass(TTL * 3).await;
        assert!(!waiting.iter().any(Later::is_done));
        let last = comes(&stage, 3).await;
        stage.quiet().await;
        let all = waiting.into_iter().chain([last]);
        let all: Vec<_> = all.map(|one| one.take().unwrap().unwrap()).collect();
        assert!(all.iter().all(Inside::is_inside));
        let mut generations: Vec<_> = all.iter().map(Inside::generation).collect();
        generations.dedup();
        assert_eq!(generations.len(), 1);
        drop(all);
        stage.finish().await;
    });
}

#[test]
fn g04_none_leaves_before_all_want_to() {
    story(async |stage| {
        let mut all = all_inside(&stage, 3, QUIET).await;
        let stays = all.pop().unwrap();
        let waiting: Vec<_> = all.into_iter().map(|one| leaves(&stage, one)).collect();
        stage.pass(TTL * 3).await;
        assert!(!waiting.iter().any(Later::is_done));
        assert_eq!(stays.leave(LONG).await, Ok(()));
        stage.quiet().await;
        let left = waiting.iter().map(|one| one.take().unwrap());
        assert!(left.into_iter().all(|left| left.is_ok()));
        assert_eq!(stage.places().await, Vec::<String>::new());
        stage.finish().await;
    });
}

#[test]
fn g05_one_too_many_is_refused_and_leaves_no_key() {
    story(async |stage| {
        let all = all_inside(&stage, 2, QUIET).await;
        let keys = stage.places().await;
        let extra = stage.session().await;
        let refused = DoubleBarrier::new(&extra, "x", 2).enter(LONG).await;
        let (barrier, expected) = ("x".into(), 2);
        let too_many = BarrierError::TooMany { barrier, expected };
        assert_eq!(refused.err(), Some(too_many));
        assert_eq!(stage.places().await, keys);
        drop(all);
        stage.finish().await;
    });
}

#[test]
fn g05_of_many_who_come_at_once_only_so_many_enter() {
    story(async |stage| {
        let mut all = Vec::new();
        for _ in 0..5 {
            all.push(comes(&stage, 2).await);
        }
        stage.quiet().await;
        let outcomes: Vec<_> = all.iter().map(|one| one.take().unwrap()).collect();
        let refused = outcomes.iter().filter(|one| one.is_err()).count();
        assert_eq!((outcomes.len(), refused, others(&stage).await), (5, 3, 2));
        drop(outcomes);
        stage.finish().await;
    });
}

#[test]
fn those_who_expect_another_number_are_told_both() {
    story(async |stage| {
        let waiting = comes(&stage, 3).await;
        stage.quiet().await;
        let other = stage.session().await;
        let refused = DoubleBarrier::new(&other, "x", 2).enter(LONG).await;
        let mismatch = BarrierError::Mismatch {
            barrier: "x".into(),
            expected: 2,
            found: 3,
        };
        assert_eq!(refused.err(), Some(mismatch));
        assert_eq!(others(&stage).await, 1);
        for expected in [0, DoubleBarrier::new(&other, "x", 1).expected_max() + 1] {
            let refused = DoubleBarrier::new(&other, "y", expected).enter(LONG).await;
            let refused = refused.err();
            assert!(
                matches!(refused, Some(BarrierError::Count { .. })),
                "{refused:?}"
            );
        }
        assert!(!waiting.is_done());
        stage.finish().await;
    });
}

#[test]
fn g06_one_who_dies_before_all_are_there_is_not_counted() {
    story(async |stage| {
        let dying = stage.session().await;
        let dead = enters(&stage, &dying, 3);
        let waiting = comes(&stage, 3).await;
        stage.quiet().await;
        dying.orphan();
        stage.pass(TTL * 2).await;
        assert!(matches!(
            dead.take(),
            Some(Err(BarrierError::SessionEnded { .. }))
        ));
        let third = comes(&stage, 3).await;
        stage.pass(TTL * 2).await;
        assert!(!waiting.is_done() && !third.is_done());
        let fourth = comes(&stage, 3).await;
        stage.quiet().await;
        assert!([&waiting, &third, &fourth].iter().all(|one| one.is_done()));
        stage.finish().await;
    });
}

#[test]
fn g06_one_who_dies_inside_holds_the_others_no_longer_than_its_session_lasts() {
    story(async |stage| {
        let mut all = all_inside(&stage, 3, QUIET).await;
        let dead = all.pop().unwrap();
        dead.session().orphan();
        let waiting: Vec<_> = all.into_iter().map(|one| leaves(&stage, one)).collect();
        stage.quiet().await;
        assert!(!waiting.iter().any(Later::is_done));
        stage.pass(TTL * 2).await;
        assert!(waiting.iter().all(|one| one.take() == Some(Ok(()))));
        let late = dead.leave(LONG).await;
        assert!(
            matches!(late, Err(BarrierError::SessionEnded { .. })),
            "{late:?}"
        );
        assert_eq!(stage.places().await, Vec::<String>::new());
        stage.finish().await;
    });
}

#[test]
fn g11_of_two_who_begin_at_once_both_are_in_one_generation() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let both = [enters(&stage, &a, 2), enters(&stage, &b, 2)];
        stage.quiet().await;
        let both = both.map(|one| one.take().unwrap().unwrap());
        assert_eq!(both[0].generation(), both[1].generation());
        drop(both);
        stage.finish().await;
    });
}

#[test]
fn g04_as_many_as_there_can_be_enter_together() {
    crate::testing::run(0, async |node| {
        let stage = Stage::new(node).await;
        let session = stage.session().await;
        let most = DoubleBarrier::new(&session, "x", 1).expected_max();
        let waiting: Vec<_> = (1..most).map(|_| enters(&stage, &session, most)).collect();
        stage.quiet().await;
        assert!(!waiting.iter().any(Later::is_done));
        let last = DoubleBarrier::new(&session, "x", most).enter(LONG).await;
        assert!(last.is_ok(), "{last:?}");
        stage.quiet().await;
        assert!(waiting.iter().all(|one| one.take().unwrap().is_ok()));
        stage.finish().await;
    });
}
