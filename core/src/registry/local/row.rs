//! A registration as the table stores it.

use crate::process::ProcessId;
use crate::registry::entry::WeakHandle;
use crate::registry::{Entry, Handle, Key, Metadata};

/// What is to be stored of a registration, beside its key.
#[derive(Debug, Clone)]
pub(crate) struct NewRow {
    /// The holder.
    pub(crate) process: ProcessId,
    /// What is known of it.
    pub(crate) metadata: Metadata,
    /// Which change made it so.
    pub(crate) revision: u64,
    /// Its rank in conflicts.
    pub(crate) priority: i32,
    /// What local callers get.
    pub(crate) handle: Option<Handle>,
}

/// A registration that readers can see, beside its key.
///
/// It does not keep the handle alive: the map frees its nodes when it pleases, and
/// the handle must be let go of when the registration goes, since a mailbox closes
/// with its last address.
pub(crate) struct Row {
    /// The holder.
    pub(crate) process: ProcessId,
    /// What is known of it.
    pub(crate) metadata: Metadata,
    /// Which change made it so.
    pub(crate) revision: u64,
    /// Its rank in conflicts.
    pub(crate) priority: i32,
    handle: Option<WeakHandle>,
}

impl Row {
    /// What readers see of it.
    pub(crate) fn of(new: &NewRow) -> Self {
        Self {
            process: new.process,
            metadata: new.metadata.clone(),
            revision: new.revision,
            priority: new.priority,
            handle: new.handle.as_ref().map(Handle::downgrade),
        }
    }

    /// The registration; `None` if it is gone from the map or was replaced meanwhile.
    /// Never `None` under the lock of the table.
    #[inline(always)]
    pub(crate) fn entry(&self, key: &Key) -> Option<Entry> {
        let handle = match &self.handle {
            None => None,
            Some(handle) => Some(handle.upgrade()?),
        };
        Some(Entry {
            key: key.clone(),
            process: self.process,
            metadata: self.metadata.clone(),
            revision: self.revision,
            handle,
        })
    }
}
