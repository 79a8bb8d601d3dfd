//! The contract of backends, kept by the local ones.

use std::sync::atomic::Ordering;

use super::options::LocalOptions;
use super::store::Local;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::{
    Answer, Backend, BackendHealth, BackendStats, Entry, Key, Keys, Query, Registered,
    Registration, RegistryError, Removal, Transfer, Update, Updated, Value,
};

impl Backend for Local {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn open_scope(&self, scope: &Label, keys: Keys) -> Answer<Result<(), RegistryError>> {
        Answer::Now(self.open(scope, keys))
    }

    fn close_scope(&self, scope: &Label) -> Answer<Result<usize, RegistryError>> {
        Answer::Now(self.close(scope))
    }

    fn scopes(&self) -> Vec<(Label, Keys)> {
        self.scope_list()
    }

    fn register(&self, wanted: Registration) -> Answer<Result<Registered, RegistryError>> {
        Answer::Now(self.register_one(&wanted))
    }

    fn register_all(
        &self,
        wanted: Vec<Registration>,
    ) -> Answer<Result<Vec<Registered>, (usize, RegistryError)>> {
        Answer::Now(self.register_many(&wanted))
    }

    fn unregister(&self, removal: Removal) -> Answer<Result<Entry, RegistryError>> {
        Answer::Now(self.unregister_one(&removal))
    }

    fn unregister_matching(
        &self,
        scope: &Label,
        query: &Query,
        owner: ProcessId,
    ) -> Answer<Result<Vec<Entry>, RegistryError>> {
        Answer::Now(self.unregister_query(scope, query, owner))
    }

    fn update(&self, update: Update) -> Answer<Result<Updated, RegistryError>> {
        Answer::Now(self.update_one(update))
    }

    fn whereis(&self, scope: &str, name: &str) -> Result<Option<ProcessId>, RegistryError> {
        self.holder(scope, name)
    }

    fn lookup(&self, scope: &str, name: &str) -> Result<Option<Entry>, RegistryError> {
        self.entry(scope, name)
    }

    fn members(&self, scope: &str, name: &str) -> Result<Vec<Entry>, RegistryError> {
        self.entries(scope, name)
    }

    fn select(&self, scope: &str, query: &Query) -> Result<Vec<Entry>, RegistryError> {
        self.with_view(scope, query, |states| {
            self.select_locked(states, scope, query)
        })
    }

    fn count(&self, scope: &str, query: &Query) -> Result<usize, RegistryError> {
        self.with_view(scope, query, |states| {
            Self::count_locked(states, scope, query)
        })
    }

    fn frozen(
        &self,
        scope: &str,
        query: &Query,
        act: &mut dyn FnMut(Vec<Entry>),
    ) -> Result<(), RegistryError> {
        self.with_view(scope, query, |states| {
            act(self.select_locked(states, scope, query));
        })
    }

    fn held_by(&self, process: ProcessId) -> Vec<Key> {
        self.keys_of(process)
    }

    fn put_meta(&self, field: Label, value: Value) -> Answer<Result<Option<Value>, RegistryError>> {
        let mut meta = self.lock_meta();
        if let Err(error) = self.serves() {
            return Answer::Now(Err(error));
        }
        if !meta.contains_key(&field) && meta.len() >= LocalOptions::META_MAX {
            return Answer::Now(Err(RegistryError::LimitReached {
                what: "the number of values of the registry".into(),
                limit: LocalOptions::META_MAX,
            }));
        }
        Answer::Now(Ok(meta.insert(field, value)))
    }

    fn meta(&self, field: &str) -> Option<Value> {
        self.lock_meta().get(field).cloned()
    }

    fn delete_meta(&self, field: &str) -> Answer<Result<Option<Value>, RegistryError>> {
        let mut meta = self.lock_meta();
        Answer::Now(self.serves().map(|()| meta.remove(field)))
    }

    fn process_exited(&self, process: ProcessId) {
        self.remove_process(process);
    }

    fn health(&self) -> BackendHealth {
        self.checked()
    }

    fn stats(&self) -> BackendStats {
        self.figures()
    }

    fn audit(&self) -> Vec<Label> {
        self.complaints()
    }

    fn export(&self) -> Result<Transfer, RegistryError> {
        Ok(self.exported())
    }

    fn import(&self, transfer: Transfer) -> Result<(), RegistryError> {
        self.imported(transfer)
    }

    fn retire(&self) {
        // Whoever changes something holds one of the locks: none does after this.
        let _states = self.lock_all();
        self.retired.store(true, Ordering::Release);
    }

    fn forget(&self) {
        for partition in &self.partitions {
            let held = partition.lock().table.clear();
            // What users gave is dropped after the lock.
            drop(held);
        }
        self.scopes.clear();
    }
}
