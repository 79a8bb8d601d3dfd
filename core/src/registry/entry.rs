//! One registration, as readers see it.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Weak};

use super::key::Key;
use super::metadata::Metadata;
use crate::process::ProcessId;

/// Something of the holder that a local caller gets back as what it was, usually the
/// [`Address`](crate::process::Address) of its mailbox. Never leaves the node.
#[derive(Clone)]
pub struct Handle(Arc<dyn Any + Send + Sync>);

impl Handle {
    /// Wraps a value.
    pub fn new<T: Any + Send + Sync>(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// The value, if it is of this type.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }

    /// The same without keeping the value.
    pub(crate) fn downgrade(&self) -> WeakHandle {
        WeakHandle(Arc::downgrade(&self.0))
    }
}

/// A handle that does not keep its value.
#[derive(Clone)]
pub(crate) struct WeakHandle(Weak<dyn Any + Send + Sync>);

impl WeakHandle {
    /// The handle, if anybody still keeps the value.
    pub(crate) fn upgrade(&self) -> Option<Handle> {
        self.0.upgrade().map(Handle)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(..)")
    }
}

/// One registration: who holds a name, and what is known of it.
///
/// A copy of what held when it was read: the holder may have gone since.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The scope and the name.
    pub key: Key,
    /// The holder.
    pub process: ProcessId,
    /// What is known of it.
    pub metadata: Metadata,
    /// Which change of the backend made it what it is. Grows with every change on one
    /// node, and tells two registrations of the same process under the same name apart.
    pub revision: u64,
    /// What the holder gave to local callers.
    pub handle: Option<Handle>,
}

impl PartialEq for Entry {
    /// Handles are not compared: they have no equality.
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
            && self.process == other.process
            && self.metadata == other.metadata
            && self.revision == other.revision
    }
}

impl Eq for Entry {}
