//! What readers see: keys with their holders.

use std::sync::Arc;

use super::hash::KeyHash;
use super::key_map::{KeyMap, Probe};
use super::members::Members;
use super::row::Row;
use crate::process::ProcessId;
use crate::registry::{Entry, Key};

/// What a key leads to.
pub(crate) enum Slot {
    /// The holder of a unique name.
    One(Row),
    /// The members of a group, of which there is at least one.
    Group(Members),
}

impl Slot {
    /// The holder, if it is of a unique name.
    pub(crate) const fn holder(&self) -> Option<ProcessId> {
        match self {
            Self::One(row) => Some(row.process),
            Self::Group(_) => None,
        }
    }
}

/// What a reader who wants a unique name found.
pub(crate) enum Seen<T> {
    /// Its holder.
    One(T),
    /// A group.
    Group,
    /// Nothing.
    Nothing,
}

/// The keys of one table, with the holders of the unique ones, read without its lock. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Names(Arc<KeyMap<Option<ProcessId>, Slot>>);

impl Names {
    pub(crate) fn new(hash: Arc<KeyHash>) -> Self {
        Self(Arc::new(KeyMap::new(hash)))
    }

    /// The map itself.
    pub(crate) fn map(&self) -> &KeyMap<Option<ProcessId>, Slot> {
        &self.0
    }

    /// Puts a slot there, in place of the one before.
    pub(crate) fn put(&self, hash: u64, key: Key, slot: Slot) {
        self.0.put(hash, key, slot.holder(), slot);
    }

    /// Who holds a unique name.
    #[inline(always)]
    pub(crate) fn holder(&self, probe: Probe<'_>) -> Seen<ProcessId> {
        match self.0.first(probe) {
            Some(Some(process)) => Seen::One(process),
            Some(None) => Seen::Group,
            None => Seen::Nothing,
        }
    }

    /// The registration of a unique name.
    #[inline(always)]
    pub(crate) fn entry(&self, probe: Probe<'_>) -> Seen<Entry> {
        loop {
            let seen = self.0.read(probe, |key, slot| match slot {
                Slot::One(row) => row.entry(key).map(Seen::One),
                Slot::Group(_) => Some(Seen::Group),
            });
            match seen {
                None => return Seen::Nothing,
                Some(Some(seen)) => return seen,
                // The registration went, or was replaced, after it was found, and the
                // map says so already: handles are let go of after the map changed.
                Some(None) => {}
            }
        }
    }

    /// All registrations of a key, in the order of process and revision.
    pub(crate) fn entries(&self, probe: Probe<'_>) -> Vec<Entry> {
        loop {
            let seen = self.0.read(probe, |key, slot| match slot {
                Slot::One(row) => row.entry(key).map(|entry| vec![entry]),
                Slot::Group(members) => members.iter().map(|row| row.entry(key)).collect(),
            });
            match seen {
                None => return Vec::new(),
                Some(Some(entries)) => return entries,
                // As above.
                Some(None) => {}
            }
        }
    }
}
