//! Claims about how long a registry lives.

use super::stage::{LIMIT, Stage, play};
use crate::event::RegistryEvent;
use crate::registry::{Cause, Keys, Registration, Registry, RegistryConfig};

/// How the names that are gone went, in order.
fn gone(stage: &Stage) -> Vec<(String, Cause)> {
    let facts = stage.facts().into_iter();
    let gone = facts.filter_map(|fact| match fact {
        RegistryEvent::NameUnregistered { key, cause, .. } => Some((key.to_string(), cause)),
        RegistryEvent::RegistryStarted { .. }
        | RegistryEvent::ScopeOpened { .. }
        | RegistryEvent::ScopeClosed { .. }
        | RegistryEvent::NameRegistered { .. }
        | RegistryEvent::NameUpdated { .. }
        | RegistryEvent::NameRefused { .. }
        | RegistryEvent::ConflictLost { .. }
        | RegistryEvent::ResolverFailed { .. }
        | RegistryEvent::PeerSynced { .. }
        | RegistryEvent::PeerDropped { .. }
        | RegistryEvent::WatcherResynced { .. }
        | RegistryEvent::BackendSwitched { .. }
        | RegistryEvent::SwitchRefused { .. }
        | RegistryEvent::BackendHealthChanged { .. } => None,
    });
    gone.collect()
}

#[test]
fn a_registry_that_nobody_keeps_lets_go_of_every_name_and_says_so() {
    play(|stage| async move {
        let process = stage.idler();
        stage.register("names", "a", process).await;
        stage.register("groups", "b", process).await;
        let (node, faults) = (stage.node.clone(), stage.faults.clone());
        drop(stage.registry.clone());
        assert_eq!(gone(&stage), []);
        drop(stage.registry);
        let config = RegistryConfig::new();
        let registry = Registry::start(&node, "other", config).await.unwrap();
        let stage = Stage {
            node,
            registry,
            faults,
        };
        let closed = |key: &str| (key.to_owned(), Cause::ScopeClosed);
        assert_eq!(gone(&stage), [closed("groups:b"), closed("names:a")]);
    });
}

#[test]
fn a_registry_lives_as_long_as_its_supervisor() {
    play(|stage| async move {
        let config = RegistryConfig::new().scope("names", Keys::Unique);
        let kept = Registry::start(&stage.node, "kept", config).await.unwrap();
        let process = stage.idler();
        let wanted = Registration::new("names", "a", process);
        kept.register(wanted).await.unwrap();
        drop(kept);
        stage.end(process).await;
        assert_eq!(gone(&stage), [("names:a".to_owned(), Cause::Exited)]);
        assert!(stage.node.stop(LIMIT).await);
    });
}
