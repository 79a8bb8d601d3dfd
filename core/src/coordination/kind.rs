//! The sorts of locks, and how much of a lock a request takes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A sort of lock, and what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LockKind {
    /// All of a mutex.
    Mutex,
    /// A read-write lock, shared with other readers.
    Read,
    /// A read-write lock, alone.
    Write,
    /// Permits of a semaphore.
    Semaphore {
        /// How many are asked for.
        permits: u64,
        /// How many there are.
        capacity: u64,
    },
}

impl LockKind {
    /// How much is taken, and how much there is: holders never have more than that
    /// together.
    #[must_use]
    pub const fn share(self) -> Share {
        match self {
            Self::Mutex => Share::ALL_OF_ONE,
            Self::Read => Share {
                units: 1,
                capacity: u64::MAX,
            },
            Self::Write => Share {
                units: u64::MAX,
                capacity: u64::MAX,
            },
            Self::Semaphore { permits, capacity } => Share {
                units: permits,
                capacity,
            },
        }
    }
}

impl fmt::Display for LockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mutex => f.write_str("mutex"),
            Self::Read => f.write_str("read"),
            Self::Write => f.write_str("write"),
            Self::Semaphore { permits, capacity } => write!(f, "{permits} of {capacity} permits"),
        }
    }
}

/// How much of something a place takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Share {
    /// How much is taken.
    pub units: u64,
    /// How much there is.
    pub capacity: u64,
}

impl Share {
    /// All of what only one can have.
    pub const ALL_OF_ONE: Self = Self {
        units: 1,
        capacity: 1,
    };

    /// Whether it leaves nothing to others.
    #[must_use]
    pub const fn is_all(self) -> bool {
        self.units >= self.capacity
    }
}
