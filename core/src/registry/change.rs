//! What changed in a registry, for those who watch it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::metadata::Metadata;
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::ProcessId;

/// Why a registration went away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// Somebody took it away.
    Unregistered,
    /// The holder ended.
    Exited,
    /// The holder's node is down, or has left, as far as this node knows. The name
    /// comes back if that turns out to be wrong.
    NodeGone,
    /// Two nodes had given the same name away while they could not see each other,
    /// and the other holder won, as far as this node knows. The loser has given the
    /// name up for good where its own node announces
    /// [`ConflictLost`](RegistryEvent::ConflictLost).
    Conflict {
        /// Who holds the name now.
        winner: ProcessId,
        /// Which rule decided.
        rule: Rule,
    },
    /// The scope was closed or cleared.
    ScopeClosed,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unregistered => f.write_str("unregistered"),
            Self::Exited => f.write_str("exited"),
            Self::NodeGone => f.write_str("node gone"),
            Self::Conflict { winner, rule } => write!(f, "lost to {winner} by {rule}"),
            Self::ScopeClosed => f.write_str("scope closed"),
        }
    }
}

/// Which rule decided a conflict. Every node decides alike, because each rule is a
/// total order of what was fixed when the names were given away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The user's resolver ranked the winner higher.
    Resolver,
    /// The winner was registered with a higher priority.
    Priority,
    /// The winner was registered first, in the order of logical clocks.
    Earlier,
    /// Neither was first; the winner has the lower identity.
    Identity,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolver => "resolver",
            Self::Priority => "priority",
            Self::Earlier => "earlier registration",
            Self::Identity => "identity",
        })
    }
}

/// One change of what a node sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A process holds a name, or has joined a group once more.
    Registered(Entry),
    /// A holder's metadata was replaced.
    Updated {
        /// The registration as it is now.
        entry: Entry,
        /// The metadata before, so that whoever watches some entries learns of one
        /// that is none of them any more.
        before: Metadata,
    },
    /// A registration is gone.
    Unregistered {
        /// The registration as it was last.
        entry: Entry,
        /// Why.
        cause: Cause,
    },
}

impl Change {
    /// The fact that a host announces for it.
    #[must_use]
    pub fn fact(&self, registry: &Label) -> RegistryEvent {
        let registry = registry.clone();
        let entry = self.entry();
        let (key, process, revision) = (entry.key.clone(), entry.process, entry.revision);
        let metadata = entry.metadata.clone();
        match self {
            Self::Registered(_) => RegistryEvent::NameRegistered {
                registry,
                key,
                process,
                metadata,
                revision,
            },
            Self::Updated { .. } => RegistryEvent::NameUpdated {
                registry,
                key,
                process,
                metadata,
                revision,
            },
            Self::Unregistered { cause, .. } => RegistryEvent::NameUnregistered {
                registry,
                key,
                process,
                revision,
                cause: cause.clone(),
            },
        }
    }

    /// The registration that it is about: as it is now, or as it was last.
    #[must_use]
    pub const fn entry(&self) -> &Entry {
        match self {
            Self::Registered(entry)
            | Self::Updated { entry, .. }
            | Self::Unregistered { entry, .. } => entry,
        }
    }
}
