//! Permits.

use std::time::Duration;

use steadfast::coordination::{LockError, Semaphore};
use steadfast::runtime::Runtime;

use super::coordination_cases;
use super::hall::{Hall, LONG, TTL};

coordination_cases! {
    g14_permits_are_had_all_or_none,
    g14_whoever_closes_or_dies_gives_its_permits_back,
}

async fn g14_permits_are_had_all_or_none<R: Runtime>(hall: Hall<R>) {
    let [a, b] = hall
        .sessions()
        .await
        .map(|session| Semaphore::new(&session, "x", 3));
    let two = a.acquire(2, LONG).await.expect("three are free");
    let refused = b.try_acquire(2).await;
    assert!(
        matches!(refused, Err(LockError::Locked { .. })),
        "{refused:?}"
    );
    let one = b.try_acquire(1).await.expect("one is free");
    let waited = b.acquire(1, Duration::from_millis(100)).await;
    assert!(waited.is_err(), "{waited:?}");
    let too_many = a.acquire(4, LONG).await;
    assert!(
        matches!(too_many, Err(LockError::Permits { .. })),
        "{too_many:?}"
    );
    let session = hall.session().await;
    let other = Semaphore::new(&session, "x", 4).acquire(1, LONG).await;
    assert!(
        matches!(other, Err(LockError::Capacity { found: 3, .. })),
        "{other:?}"
    );
    two.release().await.expect("they are held");
    one.release().await.expect("it is held");
    // What is left is what they agree on: how many there are.
    hall.quiet().await;
    assert_eq!(hall.places().await.len(), 1);
    let all = a.try_acquire(3).await;
    assert!(all.is_ok(), "{all:?}");
}

async fn g14_whoever_closes_or_dies_gives_its_permits_back<R: Runtime>(hall: Hall<R>) {
    let [a, b, c] = hall.sessions().await;
    let closing = Semaphore::new(&a, "x", 3).acquire(2, LONG).await;
    let dying = Semaphore::new(&b, "x", 3).acquire(1, LONG).await;
    let (closing, dying) = (
        closing.expect("three are free"),
        dying.expect("one is free"),
    );
    let all = Semaphore::new(&c, "x", 3);
    let waiting = hall.beside(async move { all.acquire(3, LONG).await });
    hall.quiet().await;
    a.close().await.expect("the store answers");
    b.orphan();
    hall.quiet().await;
    assert!(!waiting.is_done() && !closing.is_held());
    hall.pass(TTL * 2).await;
    let all = hall.all([waiting]).await.remove(0);
    assert!(all.expect("nobody else is there").is_held() && !dying.is_held());
}
