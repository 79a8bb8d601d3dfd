//! Rows that a node goes on seeing although their owner has let go of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use steadfast::registry::{Cause, Change, Entry, Key, Query};
use steadfast::runtime::NodeId;

use super::flaw::Flaw;
use crate::registry::GROUPS;

/// How many removals of one batch find room in a queue that is too short.
const ROOM: usize = 2;

/// The ghosts of one node. While a name has one, readers see it, and nobody else can
/// have the name here.
pub(super) struct Ghosts {
    me: NodeId,
    flaw: Flaw,
    rows: Mutex<BTreeMap<Key, Entry>>,
}

impl Ghosts {
    pub(super) fn new(me: NodeId, flaw: Flaw) -> Self {
        let rows = Mutex::default();
        Self { me, flaw, rows }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<Key, Entry>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ghost that has a name.
    pub(super) fn of(&self, scope: &str, name: &str) -> Option<Entry> {
        let rows = self.rows();
        let mut rows = rows.values();
        rows.find(|row| *row.key.scope == *scope && *row.key.name == *name)
            .cloned()
    }

    /// The names that ghosts of a process have.
    pub(super) fn held_by(&self, process: steadfast::process::ProcessId) -> Vec<Key> {
        let rows = self.rows();
        let rows = rows.values().filter(|row| row.process == process);
        rows.map(|row| row.key.clone()).collect()
    }

    /// What a query means among all entries of a scope and its ghosts.
    pub(super) fn among(&self, scope: &str, query: &Query, all: Vec<Entry>) -> Vec<Entry> {
        let rows = self.rows();
        let others = all.into_iter().filter(|row| !rows.contains_key(&row.key));
        let ghosts = rows.values().filter(|row| *row.key.scope == *scope);
        let mut found: Vec<_> = others.chain(ghosts.cloned()).collect();
        found.retain(|row| query.matches(row));
        found.sort_by(|one, other| {
            (&one.key.name, one.process).cmp(&(&other.key.name, other.process))
        });
        found.truncate(query.most().unwrap_or(usize::MAX));
        found
    }

    /// What this node learns of changes.
    pub(super) fn pass(&self, changes: &[Change]) -> Vec<Change> {
        let mut rows = self.rows();
        let (mut passed, mut removals) = (Vec::new(), 0);
        for change in changes {
            let key = &change.entry().key;
            if let Some(ghost) = rows.get(key).cloned() {
                // What is lost stays lost until its place is taken.
                if self.flaw == Flaw::LostDelete && matches!(change, Change::Registered(_)) {
                    rows.remove(key);
                    let cause = Cause::Unregistered;
                    let entry = ghost;
                    passed.extend([Change::Unregistered { entry, cause }, change.clone()]);
                }
            } else if let Change::Unregistered { entry, cause } = change
                && *entry.key.scope != *GROUPS
                && entry.process.node != self.me
                && self.is_lost(cause, &mut removals)
            {
                rows.insert(key.clone(), entry.clone());
            } else {
                passed.push(change.clone());
            }
        }
        passed
    }

    fn is_lost(&self, cause: &Cause, removals: &mut usize) -> bool {
        *removals += 1;
        let is_full = self.flaw == Flaw::LostDelete && *removals > ROOM;
        let is_unheard = self.flaw == Flaw::ZombieRow
            && matches!(cause, Cause::Conflict { winner, .. } if winner.node != self.me);
        is_full || is_unheard
    }
}
