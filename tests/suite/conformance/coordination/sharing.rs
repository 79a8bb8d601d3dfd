//! Locks that several may have at once, and several locks that one has at once.

use std::time::Duration;

use steadfast::coordination::{LockError, MultiLock, Mutex, ReadWriteLock};
use steadfast::runtime::Runtime;

use super::coordination_cases;
use super::hall::{Hall, LONG, TTL};

coordination_cases! {
    e16_readers_share_and_a_writer_excludes,
    e16_a_writer_that_waits_is_not_passed_by_later_readers,
    e17_a_reader_cannot_upgrade,
    e17_a_writer_that_downgrades_lets_readers_in_and_writers_not,
    several_locks_are_had_at_once_or_not_at_all,
}

async fn e16_readers_share_and_a_writer_excludes<R: Runtime>(hall: Hall<R>) {
    let locks = hall
        .sessions::<3>()
        .await
        .map(|session| ReadWriteLock::new(&session, "x"));
    let [a, b, c] = locks;
    let first = a.read(LONG).await.expect("nobody writes");
    let second = b.read(LONG).await.expect("nobody writes");
    let refused = c.try_write().await;
    assert!(
        matches!(refused, Err(LockError::Locked { .. })),
        "{refused:?}"
    );
    first.release().await.expect("it is held");
    second.release().await.expect("it is held");
    let writing = c.write(LONG).await.expect("nobody reads");
    assert!(a.try_read().await.is_err() && b.try_write().await.is_err());
    writing.release().await.expect("it is held");
    hall.empty().await;
}

async fn e16_a_writer_that_waits_is_not_passed_by_later_readers<R: Runtime>(hall: Hall<R>) {
    let locks = hall
        .sessions::<3>()
        .await
        .map(|session| ReadWriteLock::new(&session, "x"));
    let [a, b, c] = locks;
    let reading = a.read(LONG).await.expect("nobody writes");
    let writes = hall.beside(async move { b.write(LONG).await });
    hall.quiet().await;
    assert!(c.try_read().await.is_err());
    let reads = hall.beside(async move { c.read(LONG).await });
    hall.pass(TTL).await;
    assert!(!writes.is_done() && !reads.is_done());
    reading.release().await.expect("it is held");
    let writing = hall.all([writes]).await.remove(0).expect("nobody reads");
    hall.quiet().await;
    assert!(!reads.is_done());
    writing.release().await.expect("it is held");
    assert!(hall.all([reads]).await.remove(0).is_ok());
}

async fn e17_a_reader_cannot_upgrade<R: Runtime>(hall: Hall<R>) {
    let lock = ReadWriteLock::new(&hall.session().await, "x");
    let reading = lock.read(LONG).await.expect("nobody writes");
    for upgraded in [lock.write(LONG).await, lock.try_write().await] {
        let refused = matches!(upgraded, Err(LockError::NoUpgrade { .. }));
        assert!(refused, "{upgraded:?}");
    }
    assert!(reading.is_held());
}

async fn e17_a_writer_that_downgrades_lets_readers_in_and_writers_not<R: Runtime>(hall: Hall<R>) {
    let locks = hall
        .sessions::<3>()
        .await
        .map(|session| ReadWriteLock::new(&session, "x"));
    let [a, b, c] = locks;
    let writing = a.write(LONG).await.expect("nobody has it");
    let reads = hall.beside(async move { b.read(LONG).await });
    hall.quiet().await;
    assert!(!reads.is_done());
    let reading = writing.downgrade().await.expect("it is held");
    let shared = hall.all([reads]).await.remove(0).expect("nobody writes");
    assert!(reading.is_held() && shared.is_held());
    let refused = c.try_write().await;
    assert!(
        matches!(refused, Err(LockError::Locked { .. })),
        "{refused:?}"
    );
}

async fn several_locks_are_had_at_once_or_not_at_all<R: Runtime>(hall: Hall<R>) {
    let [a, b] = hall.sessions().await;
    let held = Mutex::new(&a, "y").lock(LONG).await.expect("it is free");
    let all = MultiLock::new(&b, ["z", "y", "x"]);
    assert!(all.try_lock().await.is_err());
    let waited = all.lock(Duration::from_millis(100)).await;
    assert!(
        matches!(waited, Err(LockError::TimedOut { .. })),
        "{waited:?}"
    );
    hall.quiet().await;
    assert_eq!(hall.places().await.len(), 1);
    held.release().await.expect("it is held");
    let had = all.lock(LONG).await.expect("all are free");
    assert_eq!(hall.places().await.len(), 3);
    assert!(Mutex::new(&a, "x").try_lock().await.is_err());
    had.release().await.expect("they are held");
    hall.empty().await;
}
