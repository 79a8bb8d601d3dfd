//! Facts about the log that a replicated store agrees on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::label::Label;
use crate::runtime::NodeId;

/// A place in the log, in the words of Raft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LogPosition {
    /// The term of the leader that wrote the entry.
    pub term: u64,
    /// The leader: a term may have several, of which the one of the highest number is
    /// the latest.
    pub leader: NodeId,
    /// The number of the entry, without gaps.
    pub index: u64,
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Where it is.
    pub at: LogPosition,
    /// A hash of what it says: equal entries have equal ones.
    pub content: u64,
    /// If it changes who decides: the sets of voters, of each of which a majority is
    /// needed from this entry on. Two sets while one takes the place of the other.
    pub voters: Option<Vec<BTreeSet<NodeId>>>,
}

/// What one node did with its part of the log. In every fact `store` is the name of the
/// store's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoreEvent {
    /// The node read its part from its disk.
    Opened {
        /// The store.
        store: Label,
        /// The latest term that it had voted in; 0 if none.
        term: u64,
        /// The last entry that its snapshot includes.
        snapshot: Option<LogPosition>,
        /// The entries of its log.
        entries: Vec<LogEntry>,
    },
    /// The node gave its vote of a term, on its disk.
    Voted {
        /// The store.
        store: Label,
        /// The term.
        term: u64,
        /// For whom.
        candidate: NodeId,
    },
    /// The node leads, by the votes of a majority.
    Led {
        /// The store.
        store: Label,
        /// The term.
        term: u64,
    },
    /// Entries are on the node's disk.
    Stored {
        /// The store.
        store: Label,
        /// The entries, in order.
        entries: Vec<LogEntry>,
    },
    /// Entries are being taken off the node's disk, since a leader wrote others.
    Truncated {
        /// The store.
        store: Label,
        /// From this index on.
        since: u64,
    },
    /// A snapshot of another node took the place of everything up to an entry.
    Installed {
        /// The store.
        store: Label,
        /// The last entry that the snapshot includes.
        last: LogPosition,
    },
    /// The node took entries to be committed, and applied them.
    Applied {
        /// The store.
        store: Label,
        /// The index of the first.
        since: u64,
        /// The last.
        last: LogPosition,
    },
}
