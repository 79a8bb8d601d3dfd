//! Claims about waiting for a name.

use std::time::Duration;

use super::stage::{LIMIT, play};
use crate::registry::RegistryError;
use crate::runtime::Clock;

#[test]
fn a52_a_name_that_is_there_is_answered_at_once_and_one_that_comes_when_it_comes() {
    play(|stage| async move {
        let process = stage.idler();
        stage.register("names", "a", process).await;
        let runtime = stage.node.runtime().clone();
        let begun = runtime.now();
        let found = stage.registry.await_registered("names", "a", LIMIT).await;
        assert_eq!(found.unwrap().process, process);
        assert_eq!(runtime.now(), begun);

        let registry = stage.registry.clone();
        let waiting = stage.beside(async move {
            let found = registry.await_registered("names", "b", LIMIT).await;
            (found.unwrap().process, registry.node().runtime().now())
        });
        runtime.sleep(Duration::from_millis(1_234)).await;
        stage.register("names", "b", process).await;
        let registered_at = runtime.now();
        assert_eq!(waiting.result().await, Some((process, registered_at)));
        assert_eq!(stage.registry.filter_count(), 0);
    });
}

#[test]
fn a52_a_name_that_never_comes_ends_at_the_limit_and_a_dropped_wait_leaves_nothing() {
    play(|stage| async move {
        let runtime = stage.node.runtime().clone();
        let begun = runtime.now();
        let missing = stage.registry.await_registered("names", "a", LIMIT).await;
        assert_eq!(
            missing,
            Err(RegistryError::DeadlineExceeded { limit: LIMIT })
        );
        assert_eq!(runtime.now().since(begun), LIMIT);

        let registry = stage.registry.clone();
        let waiting = stage
            .beside(async move { registry.await_registered("names", "a", LIMIT).await.is_ok() });
        runtime.sleep(Duration::from_millis(1)).await;
        assert_eq!(stage.registry.filter_count(), 1);
        stage.node.kill(waiting.process);
        assert_eq!(waiting.result().await, None);
        assert_eq!(stage.registry.filter_count(), 0);
    });
}

#[test]
fn a40_waiting_in_an_unknown_scope_is_an_error() {
    play(|stage| async move {
        let unknown = stage.registry.await_registered("none", "a", LIMIT).await;
        assert!(matches!(unknown, Err(RegistryError::UnknownScope { .. })));
    });
}
