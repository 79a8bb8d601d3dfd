//! Barriers that so many enter and leave together.

use std::time::Duration;

use steadfast::coordination::{BarrierError, DoubleBarrier, Inside};
use steadfast::runtime::Runtime;

use super::coordination_cases;
use super::hall::{Hall, LONG, Later, TTL};

coordination_cases! {
    g04_none_enters_before_all_are_there,
    g04_none_leaves_before_all_want_to,
    g05_one_too_many_is_refused_and_leaves_no_key,
    g06_one_who_dies_before_all_are_there_is_not_counted,
    g06_one_who_dies_inside_holds_the_others_no_longer_than_its_session_lasts,
    g09_a_barrier_that_is_used_again_at_once_counts_afresh,
    g10_a_reset_answers_those_who_wait,
    g11_of_two_who_begin_at_once_both_are_in_one_generation,
    g12_one_whose_time_has_run_out_is_not_counted,
    those_who_expect_another_number_are_refused,
}

type Entered<R> = Result<Inside<R>, BarrierError>;

/// One more who comes, of so many who are expected.
async fn comes<R: Runtime>(hall: &Hall<R>, expected: u64) -> Later<Entered<R>> {
    let barrier = DoubleBarrier::new(&hall.session().await, "x", expected);
    hall.beside(async move { barrier.enter(LONG).await })
}

/// All of so many, inside.
async fn all_inside<R: Runtime>(hall: &Hall<R>, expected: u64) -> Vec<Inside<R>> {
    let mut all = Vec::new();
    for _ in 0..expected {
        all.push(comes(hall, expected).await);
    }
    let all = hall.all(all).await.into_iter();
    all.map(|one| one.expect("all are there")).collect()
}

fn leaves<R: Runtime>(hall: &Hall<R>, inside: Inside<R>) -> Later<Result<(), BarrierError>> {
    hall.beside(async move { inside.leave(LONG).await })
}

async fn g04_none_enters_before_all_are_there<R: Runtime>(hall: Hall<R>) {
    let waiting = [comes(&hall, 3).await, comes(&hall, 3).await];
    hall.pass(TTL * 2).await;
    assert!(!waiting.iter().any(Later::is_done));
    let last = comes(&hall, 3).await;
    let all = hall.all(waiting.into_iter().chain([last])).await;
    let all: Vec<_> = all
        .into_iter()
        .map(|one| one.expect("all are there"))
        .collect();
    assert!(all.iter().all(Inside::is_inside));
    let mut generations: Vec<_> = all.iter().map(Inside::generation).collect();
    generations.dedup();
    assert_eq!(generations.len(), 1);
}

async fn g04_none_leaves_before_all_want_to<R: Runtime>(hall: Hall<R>) {
    let mut all = all_inside(&hall, 3).await;
    let stays = all.pop().expect("three are inside");
    let waiting: Vec<_> = all.into_iter().map(|one| leaves(&hall, one)).collect();
    hall.pass(TTL * 2).await;
    assert!(!waiting.iter().any(Later::is_done));
    assert_eq!(stays.leave(LONG).await, Ok(()));
    let left = hall.all(waiting).await;
    assert_eq!(left, [Ok(()), Ok(())]);
    hall.empty().await;
}

async fn g05_one_too_many_is_refused_and_leaves_no_key<R: Runtime>(hall: Hall<R>) {
    let inside = all_inside(&hall, 2).await;
    let keys = hall.places().await;
    let extra = DoubleBarrier::new(&hall.session().await, "x", 2);
    let refused = extra.enter(LONG).await;
    let (barrier, expected) = ("x".into(), 2);
    let too_many = BarrierError::TooMany { barrier, expected };
    assert_eq!(refused.err(), Some(too_many));
    assert_eq!(hall.places().await, keys);
    drop(inside);
}

async fn g06_one_who_dies_before_all_are_there_is_not_counted<R: Runtime>(hall: Hall<R>) {
    let dying = hall.session().await;
    let barrier = DoubleBarrier::new(&dying, "x", 3);
    let dead = hall.beside(async move { barrier.enter(LONG).await });
    let waiting = comes(&hall, 3).await;
    hall.quiet().await;
    dying.orphan();
    hall.pass(TTL * 2).await;
    let ended = dead.take();
    assert!(matches!(
        ended,
        Some(Err(BarrierError::SessionEnded { .. }))
    ));
    let third = comes(&hall, 3).await;
    hall.pass(TTL).await;
    assert!(!waiting.is_done() && !third.is_done());
    let fourth = comes(&hall, 3).await;
    let entered = hall.all([waiting, third, fourth]).await;
    assert!(entered.iter().all(Result::is_ok));
}

async fn g06_one_who_dies_inside_holds_the_others_no_longer_than_its_session_lasts<R: Runtime>(
    hall: Hall<R>,
) {
    let mut all = all_inside(&hall, 3).await;
    let dead = all.pop().expect("three are inside");
    dead.session().orphan();
    let waiting: Vec<_> = all.into_iter().map(|one| leaves(&hall, one)).collect();
    hall.pass(TTL * 2).await;
    assert!(waiting.iter().all(|one| one.take() == Some(Ok(()))));
    let late = dead.leave(LONG).await;
    assert!(
        matches!(late, Err(BarrierError::SessionEnded { .. })),
        "{late:?}"
    );
    hall.empty().await;
}

async fn g09_a_barrier_that_is_used_again_at_once_counts_afresh<R: Runtime>(hall: Hall<R>) {
    let mut players = Vec::new();
    for session in hall.sessions::<3>().await {
        let barrier = DoubleBarrier::new(&session, "x", 3);
        players.push(hall.beside(async move {
            let mut generations = Vec::new();
            for _ in 0..3 {
                let inside = barrier.enter(LONG).await.expect("all come");
                generations.push(inside.generation());
                inside.leave(LONG).await.expect("all leave");
            }
            generations
        }));
    }
    let all = hall.all(players).await;
    assert!(all.iter().all(|generations| *generations == all[0]));
    assert!(all[0].is_sorted_by(|a, b| a < b), "{:?}", all[0]);
    hall.empty().await;
}

async fn g10_a_reset_answers_those_who_wait<R: Runtime>(hall: Hall<R>) {
    let operator = DoubleBarrier::new(&hall.session().await, "x", 3);
    assert_eq!(operator.reset().await, Ok(None));
    let waiting = [comes(&hall, 3).await, comes(&hall, 3).await];
    hall.quiet().await;
    let ended = operator.reset().await.expect("the store answers");
    assert!(ended.is_some());
    for answer in hall.all(waiting).await {
        let barrier = "x".into();
        assert_eq!(answer.err(), Some(BarrierError::Reset { barrier }));
    }
    // The next generation counts from nothing.
    let next = [comes(&hall, 3).await, comes(&hall, 3).await];
    hall.quiet().await;
    assert!(!next.iter().any(Later::is_done));
    let last = comes(&hall, 3).await;
    let entered = hall.all(next.into_iter().chain([last])).await;
    assert!(entered.iter().all(Result::is_ok));
}

async fn g11_of_two_who_begin_at_once_both_are_in_one_generation<R: Runtime>(hall: Hall<R>) {
    let both = hall.sessions::<2>().await.map(|session| {
        let barrier = DoubleBarrier::new(&session, "x", 2);
        hall.beside(async move { barrier.enter(LONG).await })
    });
    let both = hall.all(both).await.into_iter();
    let both: Vec<_> = both.map(|one| one.expect("both are there")).collect();
    assert_eq!(both[0].generation(), both[1].generation());
}

async fn g12_one_whose_time_has_run_out_is_not_counted<R: Runtime>(hall: Hall<R>) {
    let impatient = DoubleBarrier::new(&hall.session().await, "x", 3);
    let waiting = comes(&hall, 3).await;
    hall.quiet().await;
    let within = Duration::from_millis(100);
    let gave_up = impatient.enter(within).await;
    // It does not count itself.
    let (arrived, expected) = (1, 3);
    let incomplete = BarrierError::Incomplete {
        barrier: "x".into(),
        within,
        arrived,
        expected,
    };
    assert_eq!(gave_up.err(), Some(incomplete));
    let third = comes(&hall, 3).await;
    hall.pass(TTL).await;
    assert!(!waiting.is_done() && !third.is_done());
    let fourth = comes(&hall, 3).await;
    let entered = hall.all([waiting, third, fourth]).await;
    assert!(entered.iter().all(Result::is_ok));
}

async fn those_who_expect_another_number_are_refused<R: Runtime>(hall: Hall<R>) {
    let waiting = comes(&hall, 3).await;
    hall.quiet().await;
    let other = DoubleBarrier::new(&hall.session().await, "x", 2);
    let refused = other.enter(LONG).await;
    let (expected, found) = (2, 3);
    let mismatch = BarrierError::Mismatch {
        barrier: "x".into(),
        expected,
        found,
    };
    assert_eq!(refused.err(), Some(mismatch));
    assert!(!waiting.is_done());
}
