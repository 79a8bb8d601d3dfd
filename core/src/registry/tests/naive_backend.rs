//! The contract of backends, kept by the naive one.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use super::naive::{Naive, unknown};
use crate::event::{HealthStatus, RegistryEvent};
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::{
    Answer, Backend, BackendHealth, BackendStats, Cause, Change, Entry, Key, Keys, Metadata, Query,
    Registered, Registration, RegistryError, Removal, Transfer, TransferEntry, Update, Updated,
    Value,
};

impl Backend for Naive {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn open_scope(&self, scope: &Label, keys: Keys) -> Answer<Result<(), RegistryError>> {
        let mut state = self.lock();
        let known = state.scopes.get(scope).copied();
        if known.is_none() {
            state.scopes.insert(scope.clone(), keys);
            self.host.announce(RegistryEvent::ScopeOpened {
                registry: self.host.registry().clone(),
                scope: scope.clone(),
                keys,
            });
        }
        let exists = known.filter(|known| *known != keys).map(|keys| {
            let scope = scope.clone();
            RegistryError::ScopeExists { scope, keys }
        });
        self.faults.answer(exists.map_or(Ok(()), Err))
    }

    fn close_scope(&self, scope: &Label) -> Answer<Result<usize, RegistryError>> {
        let mut state = self.lock();
        if state.scopes.remove(scope).is_none() {
            return Answer::Now(Err(unknown(scope)));
        }
        let cause = Cause::ScopeClosed;
        let gone = self.remove_where(&mut state, &cause, |entry| entry.key.scope == *scope);
        self.host.announce(RegistryEvent::ScopeClosed {
            registry: self.host.registry().clone(),
            scope: scope.clone(),
        });
        self.faults.answer(Ok(gone.len()))
    }

    fn scopes(&self) -> Vec<(Label, Keys)> {
        let state = self.lock();
        let scopes = state.scopes.iter();
        scopes.map(|(scope, keys)| (scope.clone(), *keys)).collect()
    }

    fn register(&self, wanted: Registration) -> Answer<Result<Registered, RegistryError>> {
        let mut changes = Vec::new();
        let mut state = self.lock();
        let answer = self.register_in(&mut state, wanted, &mut changes);
        if !changes.is_empty() {
            self.host.changed(&changes);
        }
        self.faults.answer(answer)
    }

    fn register_all(
        &self,
        wanted: Vec<Registration>,
    ) -> Answer<Result<Vec<Registered>, (usize, RegistryError)>> {
        let mut state = self.lock();
        let before = state.rows.clone();
        let mut changes = Vec::new();
        let mut done = Vec::new();
        for (row, wanted) in wanted.into_iter().enumerate() {
            match self.register_in(&mut state, wanted, &mut changes) {
                Ok(registered) => done.push(registered),
                Err(error) => {
                    state.rows = before;
                    return self.faults.answer(Err((row, error)));
                }
            }
        }
        if !changes.is_empty() {
            self.host.changed(&changes);
        }
        self.faults.answer(Ok(done))
    }

    fn unregister(&self, removal: Removal) -> Answer<Result<Entry, RegistryError>> {
        let answer = self.unregister_in(&mut self.lock(), &removal);
        self.faults.answer(answer)
    }

    fn unregister_matching(
        &self,
        scope: &Label,
        query: &Query,
        owner: ProcessId,
    ) -> Answer<Result<Vec<Entry>, RegistryError>> {
        let mut state = self.lock();
        let known = state.keys(scope).map(|_| ());
        self.faults.answer(known.map(|()| {
            self.remove_where(&mut state, &Cause::Unregistered, |entry| {
                entry.key.scope == *scope && entry.process == owner && query.matches(entry)
            })
        }))
    }

    fn update(&self, update: Update) -> Answer<Result<Updated, RegistryError>> {
        let answer = self.update_in(&mut self.lock(), update);
        self.faults.answer(answer)
    }

    fn whereis(&self, scope: &str, name: &str) -> Result<Option<ProcessId>, RegistryError> {
        Ok(self.lookup(scope, name)?.map(|entry| entry.process))
    }

    fn lookup(&self, scope: &str, name: &str) -> Result<Option<Entry>, RegistryError> {
        let state = self.lock();
        if state.keys(scope)? == Keys::Duplicate {
            return Err(RegistryError::Unsupported {
                operation: "lookup".into(),
                why: "the scope has duplicate keys".into(),
            });
        }
        let found = state.select(scope, &Query::all().name(name))?;
        Ok(found.into_iter().next())
    }

    fn members(&self, scope: &str, name: &str) -> Result<Vec<Entry>, RegistryError> {
        self.lock().select(scope, &Query::all().name(name))
    }

    fn select(&self, scope: &str, query: &Query) -> Result<Vec<Entry>, RegistryError> {
        self.lock().select(scope, query)
    }

    fn count(&self, scope: &str, query: &Query) -> Result<usize, RegistryError> {
        Ok(self.lock().select(scope, query)?.len())
    }

    fn frozen(
        &self,
        scope: &str,
        query: &Query,
        act: &mut dyn FnMut(Vec<Entry>),
    ) -> Result<(), RegistryError> {
        let mut state = self.lock();
        act(state.select(scope, query)?);
        let next = self.faults.after_a_look.lock().unwrap().take();
        if let Some((key, process)) = next {
            let entry = state.entry(key, process, Metadata::new(), None);
            let row = TransferEntry { entry, priority: 0 };
            state.rows.push(row.clone());
            self.host.changed(&[Change::Registered(row.entry)]);
        }
        drop(state);
        Ok(())
    }

    fn held_by(&self, process: ProcessId) -> Vec<Key> {
        let state = self.lock();
        let rows = state.rows.iter().filter(|row| row.entry.process == process);
        let keys: BTreeSet<_> = rows.map(|row| row.entry.key.clone()).collect();
        keys.into_iter().collect()
    }

    fn put_meta(&self, field: Label, value: Value) -> Answer<Result<Option<Value>, RegistryError>> {
        let before = self.lock().meta.insert(field, value);
        self.faults.answer(Ok(before))
    }

    fn meta(&self, field: &str) -> Option<Value> {
        self.lock().meta.get(field).cloned()
    }

    fn delete_meta(&self, field: &str) -> Answer<Result<Option<Value>, RegistryError>> {
        let before = self.lock().meta.remove(field);
        self.faults.answer(Ok(before))
    }

    fn process_exited(&self, process: ProcessId) {
        let mut state = self.lock();
        self.remove_where(&mut state, &Cause::Exited, |entry| entry.process == process);
    }

    fn health(&self) -> BackendHealth {
        let status = *self.faults.health.lock().unwrap();
        let status = status.unwrap_or(HealthStatus::Healthy);
        BackendHealth::new(status, "as told", self.lock().rows.len())
    }

    fn stats(&self) -> BackendStats {
        BackendStats::new(self.kind, Vec::new(), Vec::new(), 0)
    }

    fn audit(&self) -> Vec<Label> {
        let state = self.lock();
        let rows = state.rows.iter().map(|row| &row.entry);
        let dead = rows
            .filter(|entry| self.host.is_local(entry.process) && !self.host.admits(entry.process));
        dead.map(|entry| entry.key.to_string().into()).collect()
    }

    fn export(&self) -> Result<Transfer, RegistryError> {
        if self.faults.no_export.load(Ordering::SeqCst) {
            return Err(RegistryError::Unavailable {
                why: "export refused".into(),
            });
        }
        let state = self.lock();
        let local = state.rows.iter();
        let local = local.filter(|row| self.host.is_local(row.entry.process));
        Ok(Transfer {
            scopes: state.scopes.clone().into_iter().collect(),
            entries: local.cloned().collect(),
            revision: state.revision,
            remote_entries: state.remote,
            meta: state.meta.clone(),
        })
    }

    fn import(&self, transfer: Transfer) -> Result<(), RegistryError> {
        if self.faults.no_import.load(Ordering::SeqCst) {
            return Err(RegistryError::Unavailable {
                why: "import refused".into(),
            });
        }
        assert!(!self.faults.import_panics.load(Ordering::SeqCst), "it does");
        let meanwhile = self.faults.during_import.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        let mut state = self.lock();
        state.scopes = transfer.scopes.into_iter().collect();
        state.meta = transfer.meta;
        state.revision = transfer.revision;
        state.rows = transfer.entries;
        if self.faults.import_loses.load(Ordering::SeqCst) {
            state.rows.pop();
        }
        Ok(())
    }

    fn retire(&self) {}
}
