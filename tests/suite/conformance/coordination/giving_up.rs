//! Whoever gives up leaves nothing behind, wherever it was.

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use steadfast::coordination::{DoubleBarrier, Election, LockError, Mutex};
use steadfast::runtime::Runtime;

use super::coordination_cases;
use super::hall::{Hall, LONG, TTL};

coordination_cases! {
    e10_a_request_that_is_dropped_delays_nobody_until_a_session_ends,
    e11_a_request_that_nobody_drives_does_not_stay_as_a_ghost,
    e10_a_wait_ends_by_its_limit_and_leaves_nothing,
    f12_a_candidate_that_is_dropped_at_any_point_never_leads,
    g12_one_who_is_dropped_at_any_point_is_not_counted,
}

/// So many steps of a request, of which the first ones ask the store.
const STEPS: usize = 6;

/// Lets a future do so many steps, then drops it.
async fn steps_and_drop<R: Runtime, F: Future>(hall: &Hall<R>, work: F, steps: usize) {
    let mut work: Pin<Box<F>> = Box::pin(work);
    for _ in 0..steps {
        let polled = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if polled.is_ready() {
            return;
        }
        hall.pass(Duration::from_millis(10)).await;
    }
}

async fn e10_a_request_that_is_dropped_delays_nobody_until_a_session_ends<R: Runtime>(
    hall: Hall<R>,
) {
    let [a, b, c] = hall.sessions().await;
    for steps in 0..STEPS {
        let held = Mutex::new(&a, "x").lock(LONG).await.expect("it is free");
        steps_and_drop(&hall, Mutex::new(&b, "x").lock(LONG), steps).await;
        held.release().await.expect("it is held");
        let next = Mutex::new(&c, "x");
        let next = hall.within(TTL / 4, next.lock(LONG)).await;
        let next = next.expect("somebody is in the way").expect("it is free");
        next.release().await.expect("it is held");
    }
    hall.empty().await;
}

async fn e11_a_request_that_nobody_drives_does_not_stay_as_a_ghost<R: Runtime>(hall: Hall<R>) {
    for steps in 0..STEPS {
        let [ghost, next] = hall.sessions().await;
        let lock = Mutex::new(&ghost, "x");
        let mut request = Box::pin(lock.lock(LONG));
        for _ in 0..steps {
            let polled = request
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            if polled.is_ready() {
                break;
            }
            hall.pass(Duration::from_millis(10)).await;
        }
        // It is neither driven any more nor dropped: its session bounds it.
        ghost.orphan();
        let had = Mutex::new(&next, "x").lock(TTL * 2).await;
        assert!(had.is_ok(), "after {steps} steps: {had:?}");
        drop(request);
    }
    hall.empty().await;
}

async fn e10_a_wait_ends_by_its_limit_and_leaves_nothing<R: Runtime>(hall: Hall<R>) {
    let [a, b] = hall.sessions().await;
    let held = Mutex::new(&a, "x").lock(LONG).await.expect("it is free");
    let within = Duration::from_millis(100);
    let waited = Mutex::new(&b, "x").lock(within).await;
    let lock = "x".into();
    assert_eq!(waited.err(), Some(LockError::TimedOut { lock, within }));
    hall.quiet().await;
    assert_eq!(hall.places().await.len(), 1);
    drop(held);
    hall.empty().await;
}

async fn f12_a_candidate_that_is_dropped_at_any_point_never_leads<R: Runtime>(hall: Hall<R>) {
    let [a, b, c] = hall.sessions().await;
    for steps in 0..STEPS {
        let first = Election::new(&a, "x").campaign("a", LONG).await;
        let first = first.expect("nobody leads");
        steps_and_drop(&hall, Election::new(&b, "x").campaign("b", LONG), steps).await;
        first.resign().await.expect("it leads");
        let next = Election::new(&c, "x");
        let next = hall.within(TTL / 4, next.campaign("c", LONG)).await;
        let next = next.expect("somebody is in the way").expect("nobody leads");
        let leader = Election::new(&a, "x").leader().await.expect("one leads");
        assert_eq!(leader.value, "c".into(), "after {steps} steps");
        next.resign().await.expect("it leads");
    }
    hall.empty().await;
}

async fn g12_one_who_is_dropped_at_any_point_is_not_counted<R: Runtime>(hall: Hall<R>) {
    for steps in 0..STEPS {
        let [gone, a, b] = hall.sessions().await;
        steps_and_drop(&hall, DoubleBarrier::new(&gone, "x", 2).enter(LONG), steps).await;
        hall.quiet().await;
        let first = DoubleBarrier::new(&a, "x", 2);
        let first = hall.beside(async move { first.enter(LONG).await });
        hall.quiet().await;
        assert!(!first.is_done(), "after {steps} steps");
        let second = DoubleBarrier::new(&b, "x", 2).enter(LONG).await;
        let first = hall.all([first]).await.remove(0);
        drop((
            first.expect("both are there"),
            second.expect("both are there"),
        ));
        hall.quiet().await;
    }
}
