//! What registries announce in hand-made histories.

use steadfast::event::{Event, RegistryEvent};
use steadfast::process::ProcessId;
use steadfast::registry::{Cause, Key, Keys, Metadata, Rule};
use steadfast::runtime::{Incarnation, NodeId};

use super::super::history::History;
use crate::check::Reading;
use crate::trace::{RunEvent, TraceEvent};

/// The registry of all these histories.
pub(super) const NAMES: &str = "names";

/// A process of the first incarnation of a node.
pub(super) const fn of(node: u32, local: u64) -> ProcessId {
    ProcessId {
        node: NodeId(node),
        incarnation: Incarnation(1),
        local,
    }
}

/// A name in the scope that every history has open.
pub(super) fn key(name: &str) -> Key {
    Key::new("s", name)
}

pub(super) fn lost_to(winner: ProcessId) -> Cause {
    let rule = Rule::Earlier;
    Cause::Conflict { winner, rule }
}

impl History {
    pub(super) fn registry(self, event: RegistryEvent) -> Self {
        self.core(Event::Registry(event))
    }

    /// A registry begins to serve, with the scope `s` of unique names and the scope
    /// `groups`.
    pub(super) fn serves(self, backend: &str) -> Self {
        let (registry, backend) = (NAMES.into(), backend.into());
        self.registry(RegistryEvent::RegistryStarted { registry, backend })
            .opened("s", Keys::Unique)
            .opened("groups", Keys::Duplicate)
    }

    pub(super) fn opened(self, scope: &str, keys: Keys) -> Self {
        let (registry, scope) = (NAMES.into(), scope.into());
        self.registry(RegistryEvent::ScopeOpened {
            registry,
            scope,
            keys,
        })
    }

    pub(super) fn closed(self, scope: &str) -> Self {
        let (registry, scope) = (NAMES.into(), scope.into());
        self.registry(RegistryEvent::ScopeClosed { registry, scope })
    }

    pub(super) fn registered_key(
        self,
        key: Key,
        process: ProcessId,
        metadata: Metadata,
        revision: u64,
    ) -> Self {
        self.registry(RegistryEvent::NameRegistered {
            registry: NAMES.into(),
            key,
            process,
            metadata,
            revision,
        })
    }

    pub(super) fn registered(self, name: &str, process: ProcessId, revision: u64) -> Self {
        self.registered_key(key(name), process, Metadata::new(), revision)
    }

    pub(super) fn joined(self, name: &str, process: ProcessId, revision: u64) -> Self {
        self.registered_key(Key::new("groups", name), process, Metadata::new(), revision)
    }

    pub(super) fn updated(
        self,
        name: &str,
        process: ProcessId,
        metadata: Metadata,
        revision: u64,
    ) -> Self {
        self.registry(RegistryEvent::NameUpdated {
            registry: NAMES.into(),
            key: key(name),
            process,
            metadata,
            revision,
        })
    }

    pub(super) fn went(self, key: Key, process: ProcessId, revision: u64, cause: Cause) -> Self {
        self.registry(RegistryEvent::NameUnregistered {
            registry: NAMES.into(),
            key,
            process,
            revision,
            cause,
        })
    }

    pub(super) fn left(self, name: &str, process: ProcessId, revision: u64) -> Self {
        self.went(key(name), process, revision, Cause::Unregistered)
    }

    pub(super) fn refused(self, name: &str, process: ProcessId, holder: ProcessId) -> Self {
        self.registry(RegistryEvent::NameRefused {
            registry: NAMES.into(),
            key: key(name),
            process,
            holder,
        })
    }

    pub(super) fn conflict(self, name: &str, winner: ProcessId, loser: ProcessId) -> Self {
        self.registry(RegistryEvent::ConflictLost {
            registry: NAMES.into(),
            key: key(name),
            winner,
            loser,
            rule: Rule::Earlier,
        })
    }

    pub(super) fn switched(self, to: &str) -> Self {
        self.registry(RegistryEvent::BackendSwitched {
            registry: NAMES.into(),
            from: "memory".into(),
            to: to.into(),
            entries: 0,
        })
    }

    pub(super) fn reads(self, node: u32, reading: &Reading) -> Self {
        let text = reading.to_string().into();
        self.push(Some(NodeId(node)), TraceEvent::Run(RunEvent::Note { text }))
    }
}
