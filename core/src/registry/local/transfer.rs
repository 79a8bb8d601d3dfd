//! How local backends hand over and take over.

use std::sync::atomic::Ordering;

use super::row::NewRow;
use super::store::Local;
use crate::registry::{RegistryError, Transfer, TransferEntry};

impl Local {
    pub(super) fn exported(&self) -> Transfer {
        let states = self.lock_all();
        let scopes = states[0].table.scopes.values();
        let scopes = scopes
            .map(|scope| (scope.label.clone(), scope.keys))
            .collect();
        let mut entries = Vec::new();
        for state in &states {
            for scope in state.table.scopes.keys() {
                let rows = state.table.entries_of(scope).into_iter();
                entries.extend(rows.map(|entry| TransferEntry {
                    priority: state.table.priority(&entry),
                    entry,
                }));
            }
        }
        entries.sort_by_key(|row| row.entry.revision);
        Transfer {
            scopes,
            entries,
            revision: self.revision.load(Ordering::Relaxed),
            remote_entries: 0,
            meta: self.lock_meta().clone(),
        }
    }

    /// Takes over with the revisions of before, and goes on counting from there.
    pub(super) fn imported(&self, transfer: Transfer) -> Result<(), RegistryError> {
        let unavailable = |why: String| Err(RegistryError::Unavailable { why: why.into() });
        let mut states = self.lock_all();
        self.serves()?;
        if transfer.remote_entries > 0 {
            let (kind, count) = (self.kind, transfer.remote_entries);
            return unavailable(format!(
                "{kind} knows only this node, and {count} registrations are of others"
            ));
        }
        self.reserve(transfer.entries.len())?;
        self.revision
            .fetch_max(transfer.revision, Ordering::Relaxed);
        for (scope, keys) in &transfer.scopes {
            self.open_locked(&mut states, scope, *keys);
        }
        for TransferEntry { entry, priority } in transfer.entries {
            let number = self.number(self.probe(&entry.key.scope, &entry.key.name).hash);
            let state = &mut states[number];
            let probe = state.table.probe(&entry.key);
            let fits = state.table.scope(&entry.key.scope).is_some()
                && state.table.holder(probe).is_none();
            if !fits {
                return unavailable(format!("{} does not fit into what came", entry.key));
            }
            let new = NewRow {
                process: entry.process,
                metadata: entry.metadata,
                revision: entry.revision,
                priority,
                handle: entry.handle,
            };
            state.table.add(&entry.key, new);
            state.registered += 1;
        }
        *self.lock_meta() = transfer.meta;
        Ok(())
    }
}
