//! Claims about the locks of names.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::stage::{LIMIT, play};
use crate::registry::RegistryError;
use crate::registry::key_lock::KeyLocks;
use crate::runtime::Clock;

const MILLISECOND: Duration = Duration::from_millis(1);

#[test]
fn a42_one_name_is_locked_by_one_in_the_order_of_asking_and_others_side_by_side() {
    play(|stage| async move {
        let order = Arc::new(Mutex::new(Vec::new()));
        let runtime = stage.node.runtime().clone();
        let begun = runtime.now();
        let mut tasks = Vec::new();
        for number in 0..6_u32 {
            let (registry, order) = (stage.registry.clone(), order.clone());
            tasks.push(stage.beside(async move {
                let runtime = registry.node().runtime();
                runtime.sleep(MILLISECOND * number).await;
                let name = if number % 2 == 0 { "even" } else { "odd" };
                let guard = registry.lock("names", name, LIMIT).await.unwrap();
                order.lock().unwrap().push(number);
                runtime.sleep(MILLISECOND * 100).await;
                drop(guard);
            }));
        }
        for task in tasks {
            task.result().await;
        }
        let order = order.lock().unwrap().clone();
        assert_eq!(order, [0, 1, 2, 3, 4, 5]);
        assert_eq!(runtime.now().since(begun), MILLISECOND * 301);
        assert_eq!(stage.registry.shared().locks().len(), 0);
    });
}

#[test]
fn a44_neither_a_dead_waiter_nor_a_dead_holder_keeps_the_next_one_out() {
    play(|stage| async move {
        let hold = |time: Duration| {
            let registry = stage.registry.clone();
            stage.beside(async move {
                let guard = registry.lock("names", "a", LIMIT).await.unwrap();
                registry.node().runtime().sleep(time).await;
                drop(guard);
                registry.node().runtime().now()
            })
        };
        let runtime = stage.node.runtime().clone();
        let holder = hold(LIMIT * 2);
        runtime.sleep(MILLISECOND).await;
        let dead = hold(MILLISECOND);
        runtime.sleep(MILLISECOND).await;
        let next = hold(MILLISECOND);
        runtime.sleep(MILLISECOND).await;
        // At the same instant: the waiter may be let in and killed before it runs.
        stage.node.kill(holder.process);
        stage.node.kill(dead.process);
        let killed_at = runtime.now();
        assert_eq!(next.result().await, Some(killed_at + MILLISECOND));
        assert_eq!(dead.result().await, None);
        assert_eq!(stage.registry.shared().locks().len(), 0);
    });
}

#[test]
fn a_claim_that_is_granted_and_dropped_unpolled_passes_the_lock_on() {
    let locks = Arc::new(KeyLocks::default());
    let key = crate::registry::Key::new("s", "a");
    let claims: Vec<_> = (0..3).map(|_| locks.claim(key.clone()).ok()).collect();
    let [first, second, third] = &claims[..] else {
        panic!("three were made");
    };
    let granted = |claim: &Option<crate::registry::key_lock::Claim>| {
        let claim = claim.as_ref().unwrap();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(claim.granted())
            .poll(&mut context)
            .is_ready()
    };
    assert!(granted(first) && !granted(second) && !granted(third));
    let mut claims = claims.into_iter();
    drop(claims.next());
    drop(claims.next());
    assert!(granted(&claims.next().unwrap()));
    assert_eq!(locks.len(), 0);
}

#[test]
fn a_lock_is_waited_for_within_the_limit_and_by_so_many() {
    play(|stage| async move {
        let registry = &stage.registry;
        let guard = registry.lock("names", "a", LIMIT).await.unwrap();
        let limit = MILLISECOND;
        let refused = registry.lock("names", "a", limit).await.map(drop);
        assert_eq!(refused, Err(RegistryError::DeadlineExceeded { limit }));
        let unknown = registry.lock("none", "a", limit).await.map(drop);
        assert!(matches!(unknown, Err(RegistryError::UnknownScope { .. })));
        let locks = registry.shared().locks();
        let claims: Vec<_> = (0..KeyLocks::WAITERS_MAX)
            .map(|_| locks.claim(guard.key().clone()).ok().unwrap())
            .collect();
        let full = registry.lock("names", "a", limit).await.map(drop);
        assert!(matches!(full, Err(RegistryError::LimitReached { .. })));
        drop((claims, guard));
        assert_eq!(locks.len(), 0);
    });
}
