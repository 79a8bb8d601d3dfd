//! Barriers that a session holds.

use steadfast::coordination::{Barrier, BarrierError};
use steadfast::runtime::Runtime;
use steadfast::store::{KeyRange, Operation, Transaction};

use super::coordination_cases;
use super::hall::{Hall, LONG, Later, TTL};

coordination_cases! {
    g01_those_who_wait_are_blocked_until_the_release_and_then_all_pass,
    g01_a_holder_that_dies_blocks_nobody_longer_than_its_session_lasts,
    g02_a_barrier_that_is_held_is_not_held_again,
    g07_a_change_that_lifts_nothing_lets_nobody_pass,
    g11_of_two_who_would_hold_it_one_does,
}

/// One who waits to pass.
async fn waits<R: Runtime>(hall: &Hall<R>) -> Later<Result<(), BarrierError>> {
    let barrier = Barrier::new(&hall.session().await, "x");
    hall.beside(async move { barrier.wait(LONG).await })
}

async fn g01_those_who_wait_are_blocked_until_the_release_and_then_all_pass<R: Runtime>(
    hall: Hall<R>,
) {
    let holder = hall.session().await;
    let held = Barrier::new(&holder, "x")
        .hold()
        .await
        .expect("nobody holds it");
    let waiting = [waits(&hall).await, waits(&hall).await, waits(&hall).await];
    Barrier::new(&holder, "y")
        .wait(LONG)
        .await
        .expect("nobody holds that one");
    hall.pass(TTL * 2).await;
    assert!(!waiting.iter().any(Later::is_done));
    held.release().await.expect("it is held");
    // Held again before all of them may have looked.
    let again = Barrier::new(&holder, "x")
        .hold()
        .await
        .expect("nobody holds it");
    assert!(again.generation() > held.generation());
    let passed = hall.all(waiting).await;
    assert!(passed.iter().all(Result::is_ok), "{passed:?}");
}

async fn g01_a_holder_that_dies_blocks_nobody_longer_than_its_session_lasts<R: Runtime>(
    hall: Hall<R>,
) {
    let [a, b] = hall.sessions().await;
    let held = Barrier::new(&a, "x").hold().await.expect("nobody holds it");
    a.orphan();
    let passed = Barrier::new(&b, "x").wait(TTL * 2).await;
    assert_eq!(passed, Ok(()));
    assert!(!held.is_held());
}

async fn g02_a_barrier_that_is_held_is_not_held_again<R: Runtime>(hall: Hall<R>) {
    let [a, b] = hall.sessions().await;
    let held = Barrier::new(&a, "x").hold().await.expect("nobody holds it");
    let barrier = "x".into();
    let already = Some(BarrierError::AlreadyHeld { barrier });
    assert_eq!(Barrier::new(&a, "x").hold().await.err(), already);
    assert_eq!(Barrier::new(&b, "x").hold().await.err(), already);
    assert_eq!(hall.places().await.len(), 1);
    held.release().await.expect("it is held");
    assert!(Barrier::new(&b, "x").hold().await.is_ok());
}

async fn g07_a_change_that_lifts_nothing_lets_nobody_pass<R: Runtime>(hall: Hall<R>) {
    let holder = hall.session().await;
    let held = Barrier::new(&holder, "x")
        .hold()
        .await
        .expect("nobody holds it");
    let waiting = waits(&hall).await;
    hall.quiet().await;
    let place = hall.places().await.remove(0);
    let entry = hall
        .store
        .get(place.as_str())
        .await
        .expect("the store answers");
    let entry = entry.expect("it is held");
    for _ in 0..3 {
        // The place says the same again, and others come and go beside it.
        let beside = format!("{place}-other");
        let put = [
            Operation::put_leased(place.as_str(), &entry.value, holder.id()),
            Operation::put(beside.as_str(), "1"),
        ];
        hall.store
            .transact(Transaction::of(put))
            .await
            .expect("the store answers");
        hall.store
            .delete(KeyRange::key(beside))
            .await
            .expect("the store answers");
        hall.quiet().await;
    }
    assert!(!waiting.is_done());
    held.release().await.expect("it is held");
    assert_eq!(hall.all([waiting]).await, [Ok(())]);
}

async fn g11_of_two_who_would_hold_it_one_does<R: Runtime>(hall: Hall<R>) {
    let holders = hall.sessions::<2>().await.map(|session| {
        let barrier = Barrier::new(&session, "x");
        hall.beside(async move { barrier.hold().await })
    });
    let held = hall.all(holders).await;
    assert_eq!(held.iter().filter(|one| one.is_ok()).count(), 1);
    let waiting = waits(&hall).await;
    hall.quiet().await;
    assert!(!waiting.is_done());
    drop(held);
    assert_eq!(hall.all([waiting]).await, [Ok(())]);
}
