//! What a process can be told from outside its mailboxes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::exit::ExitReason;
use super::id::ProcessId;

/// Names one monitor of one node; never reused within an incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MonitorRef(pub(crate) u64);

impl fmt::Display for MonitorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "monitor {}", self.0)
    }
}

/// A notice to a process. Delivered in the order in which the facts happened.
///
/// Bounded by construction: a child, a link and a monitor give one notice each, and a
/// request to exit is kept once for each origin and reason until it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// The process was asked to exit, by its parent or by
    /// [`Node::exit`](super::Node::exit). Only a process that traps exits sees it;
    /// any other ends at once.
    Exit {
        /// Who asked: a linked process that ended, the parent, or `None` for the
        /// owner of the node.
        from: Option<ProcessId>,
        /// The reason to end with.
        reason: ExitReason,
        /// Whether this is the end of a linked process rather than a request.
        linked: bool,
    },
    /// A monitored process ended.
    Down {
        /// The monitor, which is gone now.
        monitor: MonitorRef,
        /// The process.
        process: ProcessId,
        /// Why it ended.
        reason: ExitReason,
    },
    /// A child of this process ended. Seen by the parent exactly once per child.
    ChildExited {
        /// The child.
        process: ProcessId,
        /// Why it ended.
        reason: ExitReason,
    },
}
