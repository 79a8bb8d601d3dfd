//! Mutual exclusion.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use steadfast::coordination::{
    FencingToken, LockError, LossCause, Mutex, ReleaseError, SessionEnd,
};
use steadfast::runtime::Runtime;

use super::coordination_cases;
use super::hall::{Hall, LONG, TTL};

coordination_cases! {
    e01_of_many_who_come_and_go_one_holds_at_a_time_and_all_finish,
    e02_trying_a_lock_that_is_held_answers_at_once_and_leaves_nothing,
    e03_a_session_that_would_wait_for_itself_is_told,
    e04_one_who_gives_up_lets_nobody_past_the_holder,
    e05_a_session_that_ends_while_it_waits_has_no_lock,
    e06_a_lock_is_released_once,
    e07_a_release_that_comes_late_takes_nothing_from_the_successor,
    e09_those_who_wait_are_let_in_as_they_came,
    e14_names_of_which_one_begins_with_the_other_are_independent,
    e15_locks_of_different_names_are_held_at_once,
    e19_a_holder_that_is_asked_to_let_go_learns_that_and_may,
}

async fn e01_of_many_who_come_and_go_one_holds_at_a_time_and_all_finish<R: Runtime>(hall: Hall<R>) {
    let inside = Arc::new(AtomicUsize::new(0));
    let mut players = Vec::new();
    for session in hall.sessions::<3>().await {
        let (inside, bench) = (inside.clone(), hall.bench.clone());
        players.push(hall.beside(async move {
            let mut tokens = Vec::new();
            for _ in 0..3 {
                let held = Mutex::new(&session, "x").lock(LONG).await;
                let held = held.expect("its turn comes");
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                bench.pass(Duration::from_millis(5)).await;
                inside.fetch_sub(1, Ordering::SeqCst);
                tokens.push(held.token());
                held.release().await.expect("it is held");
            }
            tokens
        }));
    }
    let tokens = hall.all(players).await;
    let mut all: Vec<FencingToken> = tokens.into_iter().flatten().collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 9);
    hall.empty().await;
}

async fn e02_trying_a_lock_that_is_held_answers_at_once_and_leaves_nothing<R: Runtime>(
    hall: Hall<R>,
) {
    let [a, b] = hall.sessions().await;
    let held = Mutex::new(&a, "x").lock(LONG).await.expect("it is free");
    let refused = Mutex::new(&b, "x").try_lock().await;
    let locked = matches!(refused, Err(LockError::Locked { ahead: 1, .. }));
    assert!(locked, "{refused:?}");
    assert_eq!(hall.places().await.len(), 1);
    held.release().await.expect("it is held");
    let had = Mutex::new(&b, "x").try_lock().await;
    assert!(had.is_ok(), "{had:?}");
}

async fn e03_a_session_that_would_wait_for_itself_is_told<R: Runtime>(hall: Hall<R>) {
    let session = hall.session().await;
    let held = Mutex::new(&session, "x")
        .lock(LONG)
        .await
        .expect("it is free");
    let again = Mutex::new(&session, "x").lock(LONG).await;
    let told = matches!(again, Err(LockError::WouldDeadlock { .. }));
    assert!(told, "{again:?}");
    assert!(held.is_held());
    drop(held);
    let again = Mutex::new(&session, "x").lock(LONG).await;
    assert!(again.is_ok(), "{again:?}");
}

async fn e04_one_who_gives_up_lets_nobody_past_the_holder<R: Runtime>(hall: Hall<R>) {
    let [a, b, c] = hall.sessions().await;
    let held = Mutex::new(&a, "x").lock(LONG).await.expect("it is free");
    let (on_b, on_c) = (Mutex::new(&b, "x"), Mutex::new(&c, "x"));
    let first = hall.beside(async move { on_b.lock(LONG).await });
    hall.quiet().await;
    let second = hall.beside(async move { on_c.lock(LONG).await });
    hall.quiet().await;
    b.close().await.expect("the store answers");
    hall.pass(TTL * 2).await;
    let ended = first.take();
    let ended = matches!(ended, Some(Err(LockError::SessionEnded { .. })));
    assert!(ended && !second.is_done() && held.is_held());
    held.release().await.expect("it is held");
    let next = hall.all([second]).await.remove(0);
    assert!(next.expect("its turn has come").is_held());
}

async fn e05_a_session_that_ends_while_it_waits_has_no_lock<R: Runtime>(hall: Hall<R>) {
    let [a, b] = hall.sessions().await;
    let held = Mutex::new(&a, "x").lock(LONG).await.expect("it is free");
    let on_b = Mutex::new(&b, "x");
    let waiting = hall.beside(async move { on_b.lock(LONG).await });
    hall.quiet().await;
    b.orphan();
    hall.pass(TTL * 2).await;
    let ended = waiting.take();
    let ended = matches!(
        ended,
        Some(Err(LockError::SessionEnded {
            end: SessionEnd::Orphaned,
            ..
        }))
    );
    assert!(ended);
    assert_eq!(hall.places().await.len(), 1);
    drop(held);
    hall.empty().await;
}

async fn e06_a_lock_is_released_once<R: Runtime>(hall: Hall<R>) {
    let session = hall.session().await;
    let held = Mutex::new(&session, "x")
        .lock(LONG)
        .await
        .expect("it is free");
    assert_eq!(held.release().await, Ok(()));
    assert_eq!(held.release().await, Err(ReleaseError::NotHeld));
    assert!(!held.is_held());
}

async fn e07_a_release_that_comes_late_takes_nothing_from_the_successor<R: Runtime>(hall: Hall<R>) {
    let [a, b] = hall.sessions().await;
    let held = Mutex::new(&a, "x").lock(LONG).await.expect("it is free");
    a.orphan();
    let cause = held.lost().await;
    assert_eq!(cause, LossCause::Session(SessionEnd::Orphaned));
    let next = Mutex::new(&b, "x").lock(LONG).await;
    let next = next.expect("the time of the first has run out");
    assert!(next.token() > held.token());
    assert_eq!(held.release().await, Err(ReleaseError::Lost { cause }));
    hall.quiet().await;
    assert!(next.is_held());
    let third = Mutex::new(&hall.session().await, "x").try_lock().await;
    assert!(third.is_err(), "{third:?}");
}

async fn e09_those_who_wait_are_let_in_as_they_came<R: Runtime>(hall: Hall<R>) {
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let first = Mutex::new(&hall.session().await, "x").lock(LONG).await;
    let first = first.expect("it is free");
    let mut waiting = Vec::new();
    for number in 0..5 {
        let (lock, order) = (Mutex::new(&hall.session().await, "x"), order.clone());
        waiting.push(hall.beside(async move {
            let held = lock.lock(LONG).await.expect("its turn comes");
            order
                .lock()
                .expect("no holder panics")
                .push((number, held.token()));
            held.release().await.expect("it is held");
        }));
        hall.quiet().await;
    }
    first.release().await.expect("it is held");
    hall.all(waiting).await;
    let order = order.lock().expect("no holder panics");
    let numbers: Vec<_> = order.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert!(
        order
            .iter()
            .map(|(_, token)| token)
            .is_sorted_by(|a, b| a < b)
    );
}

async fn e14_names_of_which_one_begins_with_the_other_are_independent<R: Runtime>(hall: Hall<R>) {
    let [a, b] = hall.sessions().await;
    let mut held = Vec::new();
    for (session, name) in [(&a, "x"), (&b, "x/"), (&b, "x/1"), (&a, "xy")] {
        let one = Mutex::new(session, name).try_lock().await;
        held.push(one.unwrap_or_else(|error| panic!("{name}: {error}")));
    }
    assert_eq!(hall.places().await.len(), 4);
}

async fn e15_locks_of_different_names_are_held_at_once<R: Runtime>(hall: Hall<R>) {
    let [a, b] = hall.sessions().await;
    let first = Mutex::new(&a, "r1").try_lock().await.expect("it is free");
    let second = Mutex::new(&b, "r2")
        .try_lock()
        .await
        .expect("it is another one");
    assert!(first.is_held() && second.is_held());
    for name in ["r1", "r2"] {
        let third = Mutex::new(&hall.session().await, name).try_lock().await;
        assert!(
            matches!(third, Err(LockError::Locked { .. })),
            "{name}: {third:?}"
        );
    }
}

async fn e19_a_holder_that_is_asked_to_let_go_learns_that_and_may<R: Runtime>(hall: Hall<R>) {
    let [a, b] = hall.sessions().await;
    let other = Mutex::new(&b, "x");
    assert_eq!(other.request_revocation().await, Ok(0));
    let held = Mutex::new(&a, "x").lock(LONG).await.expect("it is free");
    let early = hall.within(TTL, held.revocation_requested()).await;
    assert!(early.is_err());
    assert_eq!(other.request_revocation().await, Ok(1));
    let asked = hall.within(TTL, held.revocation_requested()).await;
    assert!(asked.is_ok() && held.is_held());
    held.release().await.expect("it is held");
    hall.empty().await;
}
