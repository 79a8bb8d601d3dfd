//! What readers see, without the lock of the replica.

use std::sync::Arc;

use super::effect::Effect;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::change::Change;
use crate::registry::entry::Entry;
use crate::registry::error::RegistryError;
use crate::registry::key::{Key, Keys};
use crate::registry::local::{
    KeyHash, KeyMap, Names, NewRow, Seen, Table, is_a_group, unknown_scope,
};
use crate::runtime::Entropy;

/// Reads of one name, which wait for nobody.
pub(in crate::registry) struct Readers {
    names: Names,
    /// The kind of keys of each scope, under the scope and an empty name.
    scopes: KeyMap<Keys, ()>,
}

impl Readers {
    /// An empty table with indexes over these fields, and what readers see of it.
    pub(in crate::registry) fn new<E: Entropy>(
        entropy: &E,
        stream: &str,
        indexes: &[Label],
    ) -> (Self, Table) {
        let hash = Arc::new(KeyHash::new(entropy, stream));
        let table = Table::new(hash.clone(), Arc::from(indexes));
        let names = table.names().clone();
        let scopes = KeyMap::new(hash);
        (Self { names, scopes }, table)
    }

    pub(in crate::registry) fn holder(
        &self,
        scope: &str,
        name: &str,
    ) -> Result<Option<ProcessId>, RegistryError> {
        let probe = self.names.map().probe(scope, name);
        match self.names.holder(probe) {
            Seen::One(process) => Ok(Some(process)),
            Seen::Group | Seen::Nothing => self.missing(scope, "whereis"),
        }
    }

    pub(in crate::registry) fn entry(
        &self,
        scope: &str,
        name: &str,
    ) -> Result<Option<Entry>, RegistryError> {
        let probe = self.names.map().probe(scope, name);
        match self.names.entry(probe) {
            Seen::One(entry) => Ok(Some(entry)),
            Seen::Group | Seen::Nothing => self.missing(scope, "lookup"),
        }
    }

    pub(in crate::registry) fn entries(
        &self,
        scope: &str,
        name: &str,
    ) -> Result<Vec<Entry>, RegistryError> {
        let probe = self.names.map().probe(scope, name);
        let entries = self.names.entries(probe);
        if entries.is_empty() && self.keys(scope).is_none() {
            return Err(unknown_scope(scope));
        }
        Ok(entries)
    }

    /// The kind of a scope.
    pub(in crate::registry) fn keys(&self, scope: &str) -> Option<Keys> {
        self.scopes.first(self.scopes.probe(scope, ""))
    }

    #[cold]
    fn missing<T>(&self, scope: &str, operation: &str) -> Result<Option<T>, RegistryError> {
        match self.keys(scope) {
            Some(Keys::Unique) => Ok(None),
            Some(Keys::Duplicate) => Err(is_a_group(operation)),
            None => Err(unknown_scope(scope)),
        }
    }

    /// Lets readers see a scope. Under the lock of the table.
    pub(in crate::registry) fn open(&self, table: &mut Table, scope: &Label, keys: Keys) {
        table.open_scope(scope, keys);
        let hash = self.scopes.probe(scope, "").hash;
        self.scopes.put(hash, Key::new(scope, ""), keys, ());
    }

    /// Lets readers see that a scope is gone. Under the lock of the table.
    pub(in crate::registry) fn close(&self, table: &mut Table, scope: &Label) {
        table.close_scope(scope);
        self.scopes.remove(self.scopes.probe(scope, ""));
    }

    /// Lets readers see what an effect says, if it is for them. Under the lock of the
    /// table.
    pub(super) fn show(&self, table: &mut Table, effect: &Effect) {
        match effect {
            Effect::OpenScope(scope, keys) => self.open(table, scope, *keys),
            Effect::CloseScope(scope) => self.close(table, scope),
            Effect::Change(Change::Registered(entry)) => {
                table.add(&entry.key, stored(entry));
            }
            Effect::Change(Change::Updated { entry, before }) => {
                let metadata = before.clone();
                let before = Entry {
                    metadata,
                    ..entry.clone()
                };
                table.replace(&before, stored(entry));
            }
            Effect::Refresh { entry, .. } => {
                table.replace(entry, stored(entry));
            }
            Effect::Change(Change::Unregistered { entry, .. }) => {
                table.remove(&entry.key, entry.process, entry.revision);
            }
            Effect::Fact(_)
            | Effect::Warn(_)
            | Effect::Exit(..)
            | Effect::Send(..)
            | Effect::SendAll(..) => {}
        }
    }
}

fn stored(entry: &Entry) -> NewRow {
    NewRow {
        process: entry.process,
        metadata: entry.metadata.clone(),
        revision: entry.revision,
        // Conflicts are decided by the replica; the table needs no rank.
        priority: 0,
        handle: entry.handle.clone(),
    }
}

/// All keys that a process holds, each once, in order.
pub(in crate::registry) fn held_by(table: &Table, process: ProcessId) -> Vec<Key> {
    let mut keys: Vec<Key> = table.held_by(process).cloned().collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// A label for the entropy of a registry's table.
pub(super) fn stream_of(registry: &Label) -> String {
    format!("registry {registry} replicated")
}
