//! Facts about processes.

use serde::{Deserialize, Serialize};

use crate::label::Label;
use crate::process::{ExitReason, ProcessId};

/// Life and death of processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProcessEvent {
    /// A process exists from here on.
    Spawned {
        /// The process.
        process: ProcessId,
        /// Its parent; `None` for the root of a node.
        parent: Option<ProcessId>,
        /// Names from the root down, joined by `/`.
        path: Label,
    },
    /// A process, and everything below it, has ended. Announced once per process,
    /// after its destructors ran and before any link, monitor or supervisor is told.
    Exited {
        /// The process.
        process: ProcessId,
        /// Why.
        reason: ExitReason,
    },
    /// A bounded mailbox dropped a message by its stated policy.
    MessageDiscarded {
        /// The process that owns the mailbox.
        process: ProcessId,
        /// How many messages this mailbox has discarded so far.
        discarded: u64,
    },
}
