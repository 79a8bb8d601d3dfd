//! Facts about registries.

use serde::{Deserialize, Serialize};

use super::boot::HealthStatus;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::{Cause, Key, Keys, Metadata, Rule};
use crate::runtime::{Incarnation, NodeId};

/// What a node sees of a registry. `registry` is always the name of the registry.
///
/// Every change of an entry that the node sees is announced once, also those of
/// processes of other nodes; facts about one name come in the order of its changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegistryEvent {
    /// A registry begins to serve, or begins again after its node's restart.
    RegistryStarted {
        /// The registry.
        registry: Label,
        /// The kind of its backend.
        backend: Label,
    },
    /// A scope exists from here on.
    ScopeOpened {
        /// The registry.
        registry: Label,
        /// The scope.
        scope: Label,
        /// What its keys are.
        keys: Keys,
    },
    /// A scope is gone; its entries went before.
    ScopeClosed {
        /// The registry.
        registry: Label,
        /// The scope.
        scope: Label,
    },
    /// A process holds a name, or has joined a group once more.
    NameRegistered {
        /// The registry.
        registry: Label,
        /// The name.
        key: Key,
        /// The holder.
        process: ProcessId,
        /// What is known of it.
        metadata: Metadata,
        /// The revision of the entry, on the announcing node.
        revision: u64,
    },
    /// The metadata of a holder were replaced.
    NameUpdated {
        /// The registry.
        registry: Label,
        /// The name.
        key: Key,
        /// The holder.
        process: ProcessId,
        /// What is known of it now.
        metadata: Metadata,
        /// The revision of the entry from here on.
        revision: u64,
    },
    /// A registration is gone. That of a process of this node that ended is announced
    /// before its `Exited`.
    NameUnregistered {
        /// The registry.
        registry: Label,
        /// The name.
        key: Key,
        /// Who held it.
        process: ProcessId,
        /// The last revision of the entry.
        revision: u64,
        /// Why.
        cause: Cause,
    },
    /// A process asked for a name and learned that another one holds it.
    NameRefused {
        /// The registry.
        registry: Label,
        /// The name.
        key: Key,
        /// Who asked.
        process: ProcessId,
        /// Who holds it.
        holder: ProcessId,
    },
    /// A process of this node lost a name that a process of another node holds too.
    ConflictLost {
        /// The registry.
        registry: Label,
        /// The name.
        key: Key,
        /// Who keeps the name.
        winner: ProcessId,
        /// Who lost it: a process of this node, which is told.
        loser: ProcessId,
        /// Which rule decided.
        rule: Rule,
    },
    /// A user's resolver failed, and the default rule was used instead.
    ResolverFailed {
        /// The registry.
        registry: Label,
        /// The name in conflict.
        key: Key,
        /// The text of its panic.
        what: Label,
    },
    /// This node has taken over a whole snapshot of another node's entries.
    PeerSynced {
        /// The registry.
        registry: Label,
        /// The other node.
        peer: NodeId,
        /// Its incarnation.
        peer_incarnation: Incarnation,
        /// How many entries the snapshot had.
        entries: u64,
    },
    /// The entries of another node are no longer seen.
    PeerDropped {
        /// The registry.
        registry: Label,
        /// The other node.
        peer: NodeId,
        /// Its incarnation.
        peer_incarnation: Incarnation,
        /// How many entries went.
        entries: u64,
    },
    /// Whoever watches was too slow: what was queued for it is replaced by a fresh
    /// snapshot.
    WatcherResynced {
        /// The registry.
        registry: Label,
        /// How many batches it did not get.
        missed: u64,
    },
    /// Another backend has taken over everything.
    BackendSwitched {
        /// The registry.
        registry: Label,
        /// The kind of the backend before.
        from: Label,
        /// The kind of the backend now.
        to: Label,
        /// How many entries moved.
        entries: u64,
    },
    /// A switch did not happen; the backend before goes on.
    SwitchRefused {
        /// The registry.
        registry: Label,
        /// The kind of the backend that goes on.
        from: Label,
        /// The kind of the backend that was wanted.
        to: Label,
        /// Why.
        why: Label,
    },
    /// A check of the backend changed its verdict.
    BackendHealthChanged {
        /// The registry.
        registry: Label,
        /// The kind of the backend.
        backend: Label,
        /// The verdict before.
        from: HealthStatus,
        /// The verdict now.
        to: HealthStatus,
        /// What the check said.
        detail: Label,
    },
}
