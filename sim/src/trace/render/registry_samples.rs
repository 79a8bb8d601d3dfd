//! One event of every kind about registries, for tests.

use steadfast::event::{Event, HealthStatus, RegistryEvent};
use steadfast::registry::{Cause, Key, Keys, Metadata, Rule};
use steadfast::runtime::{Incarnation, NodeId};

use super::samples::process;
use crate::trace::TraceEvent;

pub(super) fn registry_events() -> Vec<TraceEvent> {
    let events = name_events().into_iter().chain(other_events());
    events
        .map(|event| TraceEvent::Core(Event::Registry(event)))
        .collect()
}

fn name_events() -> Vec<RegistryEvent> {
    use RegistryEvent as E;
    let registry = || "names".into();
    let key = || Key::new("agents", "planner");
    let conflict = Cause::Conflict {
        winner: process(1),
        rule: Rule::Earlier,
    };
    let causes = [
        Cause::Unregistered,
        Cause::Exited,
        Cause::NodeGone,
        conflict,
        Cause::ScopeClosed,
    ];
    let registered = |metadata| E::NameRegistered {
        registry: registry(),
        key: key(),
        process: process(2),
        metadata,
        revision: 7,
    };
    let mut events = vec![
        registered(Metadata::new()),
        registered(Metadata::new().with("tier", 2)),
        E::NameUpdated {
            registry: registry(),
            key: key(),
            process: process(2),
            metadata: Metadata::new().with("tier", 3),
            revision: 8,
        },
        E::NameRefused {
            registry: registry(),
            key: key(),
            process: process(1),
            holder: process(2),
        },
        E::ConflictLost {
            registry: registry(),
            key: key(),
            winner: process(1),
            loser: process(2),
            rule: Rule::Identity,
        },
        E::ResolverFailed {
            registry: registry(),
            key: key(),
            what: "index out of bounds".into(),
        },
    ];
    events.extend(causes.map(|cause| E::NameUnregistered {
        registry: registry(),
        key: key(),
        process: process(2),
        revision: 8,
        cause,
    }));
    events
}

fn other_events() -> Vec<RegistryEvent> {
    use RegistryEvent as E;
    let registry = || "names".into();
    let (peer, peer_incarnation) = (NodeId(2), Incarnation(1));
    vec![
        E::RegistryStarted {
            registry: registry(),
            backend: "memory".into(),
        },
        E::ScopeOpened {
            registry: registry(),
            scope: "agents".into(),
            keys: Keys::Unique,
        },
        E::ScopeClosed {
            registry: registry(),
            scope: "agents".into(),
        },
        E::PeerSynced {
            registry: registry(),
            peer,
            peer_incarnation,
            entries: 5,
        },
        E::PeerDropped {
            registry: registry(),
            peer,
            peer_incarnation,
            entries: 5,
        },
        E::WatcherResynced {
            registry: registry(),
            missed: 3,
        },
        E::BackendSwitched {
            registry: registry(),
            from: "memory".into(),
            to: "partitioned".into(),
            entries: 5,
        },
        E::SwitchRefused {
            registry: registry(),
            from: "memory".into(),
            to: "replicated".into(),
            why: "it is not up".into(),
        },
        E::BackendHealthChanged {
            registry: registry(),
            backend: "memory".into(),
            from: HealthStatus::Healthy,
            to: HealthStatus::Degraded,
            detail: "nearly full".into(),
        },
    ]
}
