//! One table with its writer lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::hash::KeyHash;
use super::names::Names;
use super::table::Table;
use crate::label::Label;
use crate::registry::PartitionStats;

/// One table with its writer lock, and what readers see of it without.
pub(super) struct Partition {
    pub(super) names: Names,
    state: Mutex<State>,
}

/// What the lock guards.
pub(super) struct State {
    pub(super) table: Table,
    /// Registrations that succeeded.
    pub(super) registered: u64,
    /// Registrations that were refused because another process held the name.
    pub(super) refused: u64,
    /// Registrations that went.
    pub(super) removed: u64,
}

impl Partition {
    pub(super) fn new(hash: Arc<KeyHash>, indexed: Arc<[Label]>) -> Self {
        let table = Table::new(hash, indexed);
        Self {
            names: table.names().clone(),
            state: Mutex::new(State {
                table,
                registered: 0,
                refused: 0,
                removed: 0,
            }),
        }
    }

    /// The table, for as long as the guard is held. A panic of a writer before this one
    /// is seen in the health of the backend.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a writer has panicked, so that a change may be half done.
    pub(super) fn is_poisoned(&self) -> bool {
        self.state.is_poisoned()
    }
}

impl State {
    pub(super) fn stats(&self) -> PartitionStats {
        PartitionStats {
            entries: self.table.holdings.len(),
            processes: self.table.holdings.processes(),
            registered: self.registered,
            refused: self.refused,
            removed: self.removed,
        }
    }
}
