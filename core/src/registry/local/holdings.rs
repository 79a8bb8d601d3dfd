//! What each process holds: the table read from the other side.

use std::collections::BTreeMap;

use crate::process::ProcessId;
use crate::registry::{Handle, Key};

/// One registration from the side of its holder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Held {
    /// The holder.
    pub(crate) process: ProcessId,
    /// What it holds.
    pub(crate) key: Key,
    /// The revision of the join; 0 for a unique name, which is held once.
    pub(crate) join: u64,
}

/// Every registration by its holder, with the handle, which is kept alive here and
/// nowhere else.
pub(crate) struct Holdings {
    rows: BTreeMap<Held, Option<Handle>>,
    processes: usize,
    /// Comes before every key.
    lowest: Key,
}

impl Holdings {
    pub(crate) fn new() -> Self {
        Self {
            rows: BTreeMap::new(),
            processes: 0,
            lowest: Key::new("", ""),
        }
    }

    /// Keeps a registration, in place of the one before.
    pub(crate) fn put(&mut self, held: Held, handle: Option<Handle>) {
        if self.of(held.process).next().is_none() {
            self.processes += 1;
        }
        // The handle before, if there was one, goes here: the map leads to the new one.
        self.rows.insert(held, handle);
    }

    /// Forgets a registration.
    pub(crate) fn remove(&mut self, held: &Held) {
        let known = self.rows.remove(held).is_some();
        if known && self.of(held.process).next().is_none() {
            self.processes -= 1;
        }
    }

    /// What a process holds, in the order of keys and joins.
    pub(crate) fn of(&self, process: ProcessId) -> impl Iterator<Item = &Held> {
        let from = Held {
            process,
            key: self.lowest.clone(),
            join: 0,
        };
        let rows = self.rows.range(from..).map(|(held, _)| held);
        rows.take_while(move |held| held.process == process)
    }

    /// Everything, by process.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Held> {
        self.rows.keys()
    }

    /// How many registrations there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many processes hold something.
    pub(crate) const fn processes(&self) -> usize {
        self.processes
    }
}
