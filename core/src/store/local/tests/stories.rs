//! Claims that need more than one handle sees.

use std::time::Duration;

use super::stage::{Stage, TTL, serves};
use crate::process::{ExitReason, Node};
use crate::runtime::{Clock, timeout};
use crate::store::contract::Harness;
use crate::store::{
    KeepAlive, KeyRange, LeaseEnd, LeaseState, LocalOptions, LocalStore, ReadError, TransactError,
    Unavailable, WatchError,
};
use crate::testing::{TestRuntime, run};

const SEEDS: u64 = 20;

fn story<F: Future<Output = ()>>(body: impl Fn(Node<TestRuntime>) -> F) {
    for seed in 0..SEEDS {
        run(seed, |node| async {
            let again = node.clone();
            body(node).await;
            assert!(
                again.stop(Duration::from_secs(5)).await,
                "seed {seed}: killed"
            );
            again.runtime().assert_books_balance();
        });
    }
}

#[test]
fn a_store_that_is_stopped_refuses_everything_and_says_that_nothing_happened() {
    story(|node| async move {
        let store = LocalStore::start(&node, "store", LocalOptions::default()).unwrap();
        store.put("a", "1").await.unwrap();
        let mut watch = store.watch(KeyRange::all()).await.unwrap();
        assert!(node.stop(Duration::from_secs(1)).await);
        let stopped = Unavailable::NotRunning;
        assert_eq!(store.get("a").await, Err(ReadError::from(stopped.clone())));
        assert_eq!(
            store.put("a", "2").await,
            Err(TransactError::from(stopped.clone()))
        );
        assert_eq!(watch.next().await, Err(WatchError::from(stopped)));
    });
}

#[test]
fn a_wait_for_a_change_ends_when_the_store_stops() {
    story(|node| async move {
        let store = LocalStore::start(&node, "store", LocalOptions::default()).unwrap();
        let mut watch = store.watch(KeyRange::all()).await.unwrap();
        let clock = node.runtime().clone();
        let stopping = async {
            clock.sleep(Duration::from_millis(10)).await;
            node.stop(Duration::from_secs(1)).await
        };
        let (told, _) = crate::store::contract::both(watch.next(), stopping).await;
        assert_eq!(told, Err(WatchError::from(Unavailable::NotRunning)));
    });
}

#[test]
fn e20_a_lease_ends_at_its_deadline_to_the_nanosecond_where_time_is_virtual() {
    story(|node| async move {
        let stage = Stage::new(node).await;
        let clock = stage.clock();
        let granted = stage.store.grant(TTL).await.unwrap();
        let deadline = clock.now() + granted.ttl;
        clock
            .sleep_until(crate::runtime::Timestamp(deadline.0 - 1))
            .await;
        assert_eq!(stage.store.leases().await.unwrap(), [granted.lease]);
        clock.sleep(Duration::from_nanos(2)).await;
        assert_eq!(stage.store.leases().await.unwrap(), []);
    });
}

#[test]
fn e24_a_restart_of_the_store_gives_leases_their_full_time_again() {
    story(|node| async move {
        let stage = Stage::new(node).await;
        let clock = stage.clock();
        let granted = stage.store.grant(TTL).await.unwrap();
        clock.sleep(TTL - Duration::from_nanos(1)).await;
        stage.depose().await;
        serves(&stage).await;
        let info = stage.store.lease(granted.lease).await.unwrap();
        assert!(info.remaining > TTL / 2, "{:?} is left", info.remaining);
    });
}

#[test]
fn a_holder_gives_up_before_the_store_does() {
    story(|node| async move {
        let stage = Stage::new(node.clone()).await;
        let clock = stage.clock();
        let renewed = KeepAlive::grant(&stage.store, clock.clone(), TTL)
            .await
            .unwrap();
        let handle = renewed.handle();
        let LeaseState::Valid { until } = handle.state() else {
            panic!("{handle:?}");
        };
        // Nobody serves: the supervisor and with it the store are gone.
        node.exit(stage.supervisor.id(), &ExitReason::SHUTDOWN);
        let end = timeout(&clock, TTL * 3, renewed.run()).await.unwrap();
        assert_eq!(end, LeaseEnd::Lapsed);
        assert_eq!(clock.now(), until);
        assert!(!handle.is_valid_at(clock.now()));
    });
}

#[test]
fn watches_are_bounded_in_number_and_dropping_one_makes_room() {
    story(|node| async move {
        let options = LocalOptions::default().watches_max(2);
        let store = LocalStore::start(&node, "store", options).unwrap();
        let first = store.watch(KeyRange::all()).await.unwrap();
        let _second = store.watch(KeyRange::all()).await.unwrap();
        let refused = store.watch(KeyRange::all()).await.unwrap_err();
        assert_eq!(refused, WatchError::TooMany { limit: 2 });
        drop(first);
        store.watch(KeyRange::all()).await.unwrap();
    });
}
