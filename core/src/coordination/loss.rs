//! Why something that was held cannot be relied on any more.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::store::LeaseEnd;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SessionEnd {
    /// No renewal was answered in time. The store may keep it a little longer, but
    /// nobody may rely on that.
    Lapsed,
    /// The store says that it is gone.
    Gone,
    /// It was closed, by its holder or because the coordinator stopped.
    Closed,
    /// It is not renewed any more and its time runs out: its holder asked for that, or
    /// whoever renewed it was killed.
    Orphaned,
}

impl From<LeaseEnd> for SessionEnd {
    fn from(end: LeaseEnd) -> Self {
        match end {
            LeaseEnd::Gone => Self::Gone,
            LeaseEnd::Lapsed => Self::Lapsed,
            LeaseEnd::Closed => Self::Closed,
            LeaseEnd::Orphaned => Self::Orphaned,
        }
    }
}

impl fmt::Display for SessionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lapsed => "lapsed",
            Self::Gone => "gone",
            Self::Closed => "closed",
            Self::Orphaned => "orphaned",
        })
    }
}

/// Why a lock or a leadership was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LossCause {
    /// The session under which it was held ended.
    Session(SessionEnd),
    /// Its place was removed from the store by somebody else.
    Removed,
}

impl fmt::Display for LossCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(end) => write!(f, "session {end}"),
            Self::Removed => f.write_str("place removed"),
        }
    }
}
