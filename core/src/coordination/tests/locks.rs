//! Claims about locks that need more than one handle sees.

use std::time::Duration;

use super::stage::{LONG, TTL, story};
use crate::coordination::{
    LockError, LossCause, MultiLock, Mutex, ReadWriteLock, ReleaseError, Semaphore, SessionEnd,
};
use crate::runtime::timeout;

#[test]
fn a_lock_is_held_by_one_and_its_successor_has_a_higher_token() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let held = Mutex::new(&a, "x").lock(LONG).await.unwrap();
        assert!(held.is_held());
        let refused = Mutex::new(&b, "x").try_lock().await;
        assert!(
            matches!(refused, Err(LockError::Locked { .. })),
            "{refused:?}"
        );
        assert_eq!(stage.places().await.len(), 1);
        held.release().await.unwrap();
        let next = Mutex::new(&b, "x").lock(LONG).await.unwrap();
        assert!(next.token() > held.token());
        assert_eq!(held.release().await, Err(ReleaseError::NotHeld));
        assert!(next.is_held());
        drop(next);
        stage.quiet().await;
        assert_eq!(stage.places().await, Vec::<String>::new());
        stage.finish().await;
    });
}

#[test]
fn a_session_that_would_wait_for_itself_is_told() {
    story(async |stage| {
        let session = stage.session().await;
        let held = Mutex::new(&session, "x").lock(LONG).await.unwrap();
        let again = Mutex::new(&session, "x").lock(LONG).await;
        assert!(
            matches!(again, Err(LockError::WouldDeadlock { .. })),
            "{again:?}"
        );
        drop(held);
        // Behind its own former place, which is on its way out.
        let again = Mutex::new(&session, "x").lock(LONG).await;
        assert!(again.is_ok(), "{again:?}");
        stage.finish().await;
    });
}

#[test]
fn a_wait_ends_by_its_limit_and_leaves_nothing() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let held = Mutex::new(&a, "x").lock(LONG).await.unwrap();
        let within = Duration::from_secs(2);
        let waited = Mutex::new(&b, "x").lock(within).await;
        let lock = "x".into();
        assert_eq!(waited.err(), Some(LockError::TimedOut { lock, within }));
        stage.quiet().await;
        assert_eq!(stage.places().await.len(), 1);
        drop(held);
        stage.finish().await;
    });
}

#[test]
fn a_holder_learns_of_its_loss_before_another_one_is_let_in() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let held = Mutex::new(&a, "x").lock(LONG).await.unwrap();
        a.orphan();
        let cause = held.lost().await;
        assert_eq!(cause, LossCause::Session(SessionEnd::Orphaned));
        let refused = Mutex::new(&b, "x").try_lock().await;
        assert!(refused.is_err(), "{refused:?}");
        let next = Mutex::new(&b, "x").lock(LONG).await.unwrap();
        let lost = held.release().await;
        assert_eq!(lost, Err(ReleaseError::Lost { cause }));
        assert!(next.is_held() && !held.is_held());
        stage.finish().await;
    });
}

#[test]
fn whoever_removes_a_place_takes_the_lock_from_its_holder() {
    story(async |stage| {
        let session = stage.session().await;
        let held = Mutex::new(&session, "x").lock(LONG).await.unwrap();
        let place = stage.places().await.remove(0);
        let store = stage.store.clone();
        stage.beside(async move {
            store
                .delete(crate::store::KeyRange::key(place))
                .await
                .unwrap();
        });
        assert_eq!(held.lost().await, LossCause::Removed);
        assert!(!held.is_held());
        stage.finish().await;
    });
}

#[test]
fn several_locks_are_had_at_once_or_not_at_all() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let held = Mutex::new(&a, "y").lock(LONG).await.unwrap();
        let both = MultiLock::new(&b, ["z", "y", "x"]);
        assert!(both.try_lock().await.is_err());
        assert_eq!(stage.places().await.len(), 1);
        let waited = both.lock(Duration::from_secs(1)).await;
        assert!(
            matches!(waited, Err(LockError::TimedOut { .. })),
            "{waited:?}"
        );
        stage.quiet().await;
        assert_eq!(stage.places().await.len(), 1);
        held.release().await.unwrap();
        let all = both.lock(LONG).await.unwrap();
        assert_eq!(stage.places().await.len(), 3);
        assert!(Mutex::new(&a, "x").try_lock().await.is_err());
        all.release().await.unwrap();
        assert!(Mutex::new(&a, "x").try_lock().await.is_ok());
        stage.finish().await;
    });
}

#[test]
fn readers_share_and_a_writer_that_downgrades_lets_them_in() {
    story(async |stage| {
        let (a, b, c) = (
            stage.session().await,
            stage.session().await,
            stage.session().await,
        );
        let [a, b, c] = [a, b, c].map(|session| ReadWriteLock::new(&session, "x"));
        let (first, second) = (a.read(LONG).await.unwrap(), b.read(LONG).await.unwrap());
        assert!(c.try_write().await.is_err());
        let upgraded = a.write(LONG).await;
        assert!(
            matches!(upgraded, Err(LockError::NoUpgrade { .. })),
            "{upgraded:?}"
        );
        first.release().await.unwrap();
        second.release().await.unwrap();
        drop((first, second));
        let writing = c.write(LONG).await.unwrap();
        assert!(a.try_read().await.is_err());
        let reading = writing.downgrade().await.unwrap();
        assert!(a.try_read().await.is_ok());
        assert!(b.try_write().await.is_err());
        drop(reading);
        stage.finish().await;
    });
}

#[test]
fn permits_are_had_all_or_none() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let first = Semaphore::new(&a, "x", 3).acquire(2, LONG).await.unwrap();
        let other = Semaphore::new(&b, "x", 3);
        assert!(other.try_acquire(2).await.is_err());
        let second = other.try_acquire(1).await.unwrap();
        let third = other.acquire(1, Duration::from_secs(1)).await;
        assert!(
            matches!(third, Err(LockError::TimedOut { .. })),
            "{third:?}"
        );
        let capacity = Semaphore::new(&b, "x", 4).acquire(1, LONG).await;
        let wrong = matches!(capacity, Err(LockError::Capacity { found: 3, .. }));
        assert!(wrong, "{capacity:?}");
        a.close().await.unwrap();
        assert!(!first.is_held() && second.is_held());
        let third = other.acquire(2, LONG).await;
        assert!(third.is_ok(), "{third:?}");
        // Once nobody is in line, anybody may say how many there are.
        drop((second, third));
        stage.quiet().await;
        let more = Semaphore::new(&b, "x", 4).acquire(4, LONG).await;
        assert!(more.is_ok(), "{more:?}");
        stage.finish().await;
    });
}

#[test]
fn a_holder_keeps_the_lock_for_longer_than_the_time_of_its_session() {
    story(async |stage| {
        let session = stage.session().await;
        let held = Mutex::new(&session, "x").lock(LONG).await.unwrap();
        stage.pass(TTL * 20).await;
        assert!(held.is_held());
        held.release().await.unwrap();
        stage.finish().await;
    });
}

#[test]
fn e19_a_holder_that_is_asked_to_let_go_learns_that_and_may() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        assert_eq!(Mutex::new(&b, "x").request_revocation().await, Ok(0));
        let held = Mutex::new(&a, "x").lock(LONG).await.unwrap();
        let other = Mutex::new(&b, "x");
        assert_eq!(other.request_revocation().await, Ok(1));
        held.revocation_requested().await;
        assert!(held.is_held());
        held.release().await.unwrap();
        assert_eq!(stage.places().await, Vec::<String>::new());
        // The next holder was not asked.
        let held = Mutex::new(&a, "x");
        drop(held.lock(LONG).await);
        let held = held.lock(LONG).await.unwrap();
        let limit = Duration::from_secs(60);
        let asked = timeout(stage.node.runtime(), limit, held.revocation_requested());
        assert!(asked.await.is_err());
        stage.finish().await;
    });
}
