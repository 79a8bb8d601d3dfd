//! Watching a range from a revision on, without gap and without double.

use std::fmt;
use std::task::{Context, Poll};

use serde::{Deserialize, Serialize};

use super::bytes::Key;
use super::entry::{Entry, Revision};
use super::error::WatchError;
use super::range::KeyRange;

/// What happened to a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// It was put.
    Put {
        /// The key as it is from here on.
        entry: Entry,
        /// The key before, if it existed and is not compacted.
        previous: Option<Entry>,
    },
    /// It was deleted, on request or with its lease.
    Deleted {
        /// The key.
        key: Key,
        /// The key before, if it is not compacted.
        previous: Option<Entry>,
    },
}

impl Change {
    /// The key.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Put { entry, .. } => &entry.key,
            Self::Deleted { key, .. } => key,
        }
    }
}

/// Everything that one revision changed in a watched range, in the order in which it
/// was done. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The revision.
    pub revision: Revision,
    /// What it changed.
    pub changes: Vec<Change>,
}

/// What is to be watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchFrom {
    /// The keys.
    pub range: KeyRange,
    /// The first revision to be delivered, past or to come; `None` for the first
    /// after the watch began.
    pub revision: Option<Revision>,
}

/// Where the changes of a watch come from. Implemented by engines.
///
/// An engine holds no more than a bounded number of changes for a watch: what the
/// watcher has not taken it reads again from the history, and if the history no longer
/// has it, the watch ends with [`WatchError::Compacted`].
pub trait WatchSource: Send {
    /// The next changes, whole revisions in ascending order, each once. After an error
    /// the watch is over and not polled again.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Changes, WatchError>>;

    /// The first revision of which nothing was delivered yet.
    fn position(&self) -> Revision;
}

/// A running watch. Dropping it ends it.
pub struct Watch(Box<dyn WatchSource>);

impl Watch {
    /// A watch on a source; for engines.
    #[must_use]
    pub fn new(source: impl WatchSource + 'static) -> Self {
        Self(Box::new(source))
    }

    /// Waits for the next revision that changes something in the range.
    ///
    /// # Errors
    ///
    /// See [`WatchError`]; the watch is over then.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call takes no changes.
    pub async fn next(&mut self) -> Result<Changes, WatchError> {
        std::future::poll_fn(|context| self.0.poll_next(context)).await
    }

    /// The revision from which another watch would go on where this one is: every
    /// change before it was delivered, none from it on.
    #[must_use]
    pub fn position(&self) -> Revision {
        self.0.position()
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
