//! Sessions, under which everything is held.

use steadfast::coordination::{Mutex, SessionEnd, SessionOptions};
use steadfast::runtime::Runtime;

use super::coordination_cases;
use super::hall::{Hall, LONG, TTL};

coordination_cases! {
    e30_a_closed_session_is_gone_at_once_and_an_orphan_when_its_time_has_run_out,
    e20_a_session_that_is_renewed_outlives_its_time,
    e31_nobody_is_let_in_for_a_while_after_a_holder_had_to_give_up,
    a_session_is_closed_when_nobody_uses_it_any_more,
}

async fn e30_a_closed_session_is_gone_at_once_and_an_orphan_when_its_time_has_run_out<
    R: Runtime,
>(
    hall: Hall<R>,
) {
    let [a, b] = hall.sessions().await;
    let held = (
        Mutex::new(&a, "a").lock(LONG).await.expect("it is free"),
        Mutex::new(&b, "b").lock(LONG).await.expect("it is free"),
    );
    a.close().await.expect("the store answers");
    assert_eq!(a.end(), Some(SessionEnd::Closed));
    assert_eq!(hall.places().await.len(), 1);
    b.orphan();
    assert_eq!(b.ended().await, SessionEnd::Orphaned);
    hall.quiet().await;
    assert_eq!(hall.places().await.len(), 1);
    hall.pass(TTL * 2).await;
    assert_eq!(hall.places().await.len(), 0);
    assert!(!held.0.is_held() && !held.1.is_held());
}

async fn e20_a_session_that_is_renewed_outlives_its_time<R: Runtime>(hall: Hall<R>) {
    let session = hall.session().await;
    let held = Mutex::new(&session, "x")
        .lock(LONG)
        .await
        .expect("it is free");
    hall.pass(TTL * 4).await;
    assert!(session.is_alive() && held.is_held());
    assert_eq!(held.release().await, Ok(()));
}

async fn e31_nobody_is_let_in_for_a_while_after_a_holder_had_to_give_up<R: Runtime>(hall: Hall<R>) {
    let options = SessionOptions::ttl(TTL).delay(TTL);
    let a = hall.coordinator.session(options).await;
    let a = a.expect("the store gives sessions");
    let other = Mutex::new(&hall.session().await, "x");
    let held = Mutex::new(&a, "x").lock(LONG).await.expect("it is free");
    // Its time runs out, and the store does not learn of it.
    a.orphan();
    hall.pass(TTL).await;
    assert!(!held.is_held());
    let early = other.try_lock().await;
    assert!(early.is_err(), "{early:?}");
    let had = other.lock(TTL * 2).await;
    assert!(had.is_ok(), "{had:?}");
}

async fn a_session_is_closed_when_nobody_uses_it_any_more<R: Runtime>(hall: Hall<R>) {
    let session = hall.coordinator.session(SessionOptions::ttl(LONG)).await;
    let session = session.expect("the store gives sessions");
    let held = Mutex::new(&session, "x")
        .lock(LONG)
        .await
        .expect("it is free");
    drop(session);
    hall.quiet().await;
    assert!(held.is_held());
    drop(held);
    hall.quiet().await;
    assert_eq!(hall.store.leases().await, Ok(Vec::new()));
}
