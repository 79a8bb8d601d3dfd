//! A second table for the same names, as a back-up of the first one.

use std::collections::BTreeMap;

use steadfast::process::ProcessId;
use steadfast::registry::{Entry, Key, Query};

/// The second table: written after the first one, and not by everybody who writes that.
#[derive(Default)]
pub(super) struct BackUp(BTreeMap<Key, Entry>);

impl BackUp {
    /// Writes what the first table has registered. A process that registers again is in
    /// the table already.
    pub(super) fn registered(&mut self, entry: &Entry) {
        let row = self.0.entry(entry.key.clone()).or_insert(entry.clone());
        if row.process != entry.process {
            *row = entry.clone();
        }
    }

    /// Writes what the first table has updated.
    pub(super) fn updated(&mut self, entry: &Entry) {
        self.0.insert(entry.key.clone(), entry.clone());
    }

    /// Forgets what its holder let go of.
    pub(super) fn let_go(&mut self, entry: &Entry) {
        self.0.remove(&entry.key);
    }

    /// The row of a name, if its holder lives; a row of the dead goes when it is found.
    pub(super) fn find(
        &mut self,
        scope: &str,
        name: &str,
        lives: impl Fn(ProcessId) -> bool,
    ) -> Option<Entry> {
        let key = Key::new(scope, name);
        let row = self.0.get(&key)?;
        if lives(row.process) {
            return Some(row.clone());
        }
        self.0.remove(&key);
        None
    }

    /// The rows of the living that a query means, in the order of names.
    pub(super) fn select(
        &self,
        scope: &str,
        query: &Query,
        lives: impl Fn(ProcessId) -> bool,
    ) -> Vec<Entry> {
        let rows = self.0.values().filter(|row| *row.key.scope == *scope);
        let rows = rows.filter(|row| lives(row.process) && query.matches(row));
        let most = query.most().unwrap_or(usize::MAX);
        rows.take(most).cloned().collect()
    }

    /// Forgets a scope.
    pub(super) fn clear(&mut self, scope: &str) {
        self.0.retain(|key, _| *key.scope != *scope);
    }
}
