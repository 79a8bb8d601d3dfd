//! What a backend is asked to change, and what it answers.

use std::fmt;

use super::entry::{Entry, Handle};
use super::key::Key;
use super::metadata::Metadata;
use crate::label::Label;
use crate::process::{Address, ProcessId};

/// Asks for a name, or for membership in a group.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The name.
    pub key: Key,
    /// Who is to hold it: a process of this node.
    pub process: ProcessId,
    /// What is to be known of it.
    pub metadata: Metadata,
    /// What local callers get.
    pub handle: Option<Handle>,
    /// Who wins a conflict after a split: the higher one. 0 unless set. Fixed by the
    /// registration that gives the name: registering it again does not change it.
    pub priority: i32,
    /// Who asks. In owner-only mode this must be the process itself.
    pub by: Option<ProcessId>,
}

impl Registration {
    /// Asks for a name for a process, on its own behalf.
    pub fn new(scope: impl Into<Label>, name: impl Into<Label>, process: ProcessId) -> Self {
        Self {
            key: Key::new(scope, name),
            process,
            metadata: Metadata::new(),
            handle: None,
            priority: 0,
            by: Some(process),
        }
    }

    /// With this metadata.
    #[must_use]
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// With the address of a mailbox, for local callers.
    #[must_use]
    pub fn address<M: Send + 'static>(mut self, address: &Address<M>) -> Self {
        self.handle = Some(Handle::new(address.clone()));
        self
    }

    /// With anything for local callers.
    #[must_use]
    pub fn handle(mut self, handle: Handle) -> Self {
        self.handle = Some(handle);
        self
    }

    /// With this rank in conflicts; the higher one wins.
    #[must_use]
    pub const fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// On behalf of another process, or of nobody.
    #[must_use]
    pub const fn by(mut self, by: Option<ProcessId>) -> Self {
        self.by = by;
        self
    }
}

/// What a registration came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The registration as it is now.
    pub entry: Entry,
    /// Whether it is new. A process that registers a name again that it holds
    /// replaces metadata and handle, and keeps its priority.
    pub fresh: bool,
}

/// Takes a name away, or ends one membership in a group.
#[derive(Debug, Clone)]
pub struct Removal {
    /// The name.
    pub key: Key,
    /// Whose registration; `None` for whoever holds a unique name. A group needs it.
    pub process: Option<ProcessId>,
    /// Who asks. In owner-only mode this must be the holder.
    pub by: Option<ProcessId>,
}

impl Removal {
    /// Takes a name away from whoever holds it, on behalf of nobody.
    pub fn new(scope: impl Into<Label>, name: impl Into<Label>) -> Self {
        Self {
            key: Key::new(scope, name),
            process: None,
            by: None,
        }
    }

    /// Only if this process holds it, and on its own behalf.
    #[must_use]
    pub const fn of(mut self, process: ProcessId) -> Self {
        self.process = Some(process);
        self.by = Some(process);
        self
    }

    /// On behalf of another process, or of nobody.
    #[must_use]
    pub const fn by(mut self, by: Option<ProcessId>) -> Self {
        self.by = by;
        self
    }
}

/// How metadata are to be changed.
pub enum Revision {
    /// These instead.
    Replace(Metadata),
    /// The second instead, if the first hold now.
    CompareAndSet(Metadata, Metadata),
    /// What the function makes of those that hold. It is called once, while no other
    /// change can happen, so it must be short and must not use the registry.
    With(Box<dyn FnOnce(&Metadata) -> Metadata + Send>),
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replace(metadata) => f.debug_tuple("Replace").field(metadata).finish(),
            Self::CompareAndSet(from, to) => f
                .debug_tuple("CompareAndSet")
                .field(from)
                .field(to)
                .finish(),
            Self::With(_) => f.write_str("With(..)"),
        }
    }
}

/// Changes the metadata of a unique name.
#[derive(Debug)]
pub struct Update {
    /// The name.
    pub key: Key,
    /// Only if this process holds it.
    pub process: Option<ProcessId>,
    /// Who asks. In owner-only mode this must be the holder.
    pub by: Option<ProcessId>,
    /// The change.
    pub revision: Revision,
}

impl Update {
    /// Changes the metadata of whoever holds the name, on behalf of nobody.
    pub fn new(scope: impl Into<Label>, name: impl Into<Label>, revision: Revision) -> Self {
        Self {
            key: Key::new(scope, name),
            process: None,
            by: None,
            revision,
        }
    }

    /// These metadata instead, as [`new`](Self::new).
    pub fn replace(scope: impl Into<Label>, name: impl Into<Label>, metadata: Metadata) -> Self {
        Self::new(scope, name, Revision::Replace(metadata))
    }

    /// The second metadata instead, if the first hold now, as [`new`](Self::new).
    pub fn compare_and_set(
        scope: impl Into<Label>,
        name: impl Into<Label>,
        expected: Metadata,
        metadata: Metadata,
    ) -> Self {
        Self::new(scope, name, Revision::CompareAndSet(expected, metadata))
    }

    /// What the function makes of the metadata, as [`new`](Self::new). It must be short
    /// and must not use the registry; see [`Revision::With`].
    pub fn with(
        scope: impl Into<Label>,
        name: impl Into<Label>,
        make: impl FnOnce(&Metadata) -> Metadata + Send + 'static,
    ) -> Self {
        Self::new(scope, name, Revision::With(Box::new(make)))
    }

    /// Only if this process holds it, and on its own behalf.
    #[must_use]
    pub const fn of(mut self, process: ProcessId) -> Self {
        self.process = Some(process);
        self.by = Some(process);
        self
    }

    /// On behalf of another process, or of nobody.
    #[must_use]
    pub const fn by(mut self, by: Option<ProcessId>) -> Self {
        self.by = by;
        self
    }
}

/// What an update came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// The registration as it is now.
    pub entry: Entry,
    /// The metadata before.
    pub before: Metadata,
}
