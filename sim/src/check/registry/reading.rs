//! What a workload says that a registry told it.

use std::fmt;

use serde::{Deserialize, Serialize};
use steadfast::Label;
use steadfast::process::ProcessId;
use steadfast::registry::{Cause, Key, Metadata};

use super::asked::Asked;

/// One registration as the workload saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The name.
    pub name: Label,
    /// The holder.
    pub process: ProcessId,
    /// What was said of it.
    pub metadata: Metadata,
}

/// One change as a subscriber heard of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Heard {
    /// A process holds a name, or has joined a group once more.
    Registered(Row),
    /// A holder's metadata was replaced by these.
    Updated(Row),
    /// A registration is gone.
    Unregistered {
        /// The name.
        name: Label,
        /// Who held it.
        process: ProcessId,
        /// Why it went.
        cause: Cause,
    },
}

/// What a registry of the noting node said. A workload notes it at the very instant,
/// with [`SimRuntime::note`](crate::SimRuntime::note): no wait may lie between the
/// reading and the note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reading {
    /// The answer to a query.
    Rows {
        /// The registry.
        registry: Label,
        /// The scope.
        scope: Label,
        /// The query.
        asked: Asked,
        /// The answer.
        rows: Vec<Row>,
    },
    /// How many registrations a query means.
    Count {
        /// The registry.
        registry: Label,
        /// The scope.
        scope: Label,
        /// The query.
        asked: Asked,
        /// The answer.
        count: usize,
    },
    /// The keys that a process holds.
    Keys {
        /// The registry.
        registry: Label,
        /// The process.
        process: ProcessId,
        /// The answer.
        keys: Vec<Key>,
    },
    /// A subscription begins, or was given a fresh snapshot in the place of changes
    /// that it did not get.
    Snapshot {
        /// The registry.
        registry: Label,
        /// Which subscription: a number that the workload gives, once.
        watch: u64,
        /// The scope.
        scope: Label,
        /// What it asked to hear of.
        asked: Asked,
        /// The snapshot.
        rows: Vec<Row>,
    },
    /// A subscription was told of a change.
    Heard {
        /// Which subscription.
        watch: u64,
        /// The change.
        change: Heard,
    },
    /// A subscription has nothing more to say for now.
    Quiet {
        /// Which subscription.
        watch: u64,
    },
    /// A subscription is over.
    Ended {
        /// Which subscription.
        watch: u64,
    },
    /// A process is about to ask for a name.
    Wants {
        /// The registry.
        registry: Label,
        /// The process.
        process: ProcessId,
        /// The name.
        key: Key,
    },
}

impl Reading {
    /// How such a note begins.
    pub const PREFIX: &str = "reading: ";

    /// The reading in a note; `None` for any other note.
    ///
    /// # Errors
    ///
    /// What is wrong with a note that begins like a reading and is none.
    pub fn parse(note: &str) -> Option<Result<Self, String>> {
        let text = note.strip_prefix(Self::PREFIX)?;
        Some(serde_json::from_str(text).map_err(|error| error.to_string()))
    }
}

impl fmt::Display for Reading {
    /// As a note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        write!(f, "{}{text}", Self::PREFIX)
    }
}
