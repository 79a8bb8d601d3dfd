//! A backend that is right, and says that it is ill when a story wants it to.

use std::fmt;
use std::sync::Arc;

use steadfast::Label;
use steadfast::event::HealthStatus;
use steadfast::process::ProcessId;
use steadfast::registry::{
    Answer, Backend, BackendHealth, BackendStats, Entry, Key, Keys, Local, Query, Registered,
    Registration, RegistryError, Removal, Transfer, Update, Updated, Value,
};
use steadfast::runtime::NodeId;

use super::desk::Desk;

type Outcome<T> = Answer<Result<T, RegistryError>>;

/// The backend.
pub(super) struct Ailing {
    pub(super) right: Local,
    pub(super) node: NodeId,
    pub(super) desk: Arc<Desk>,
}

impl Ailing {
    /// What it calls itself.
    pub(super) const KIND: &str = "ailing";
}

impl Backend for Ailing {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn open_scope(&self, scope: &Label, keys: Keys) -> Outcome<()> {
        self.right.open_scope(scope, keys)
    }

    fn close_scope(&self, scope: &Label) -> Outcome<usize> {
        self.right.close_scope(scope)
    }

    fn scopes(&self) -> Vec<(Label, Keys)> {
        self.right.scopes()
    }

    fn register(&self, wanted: Registration) -> Outcome<Registered> {
        self.right.register(wanted)
    }

    fn register_all(
        &self,
        wanted: Vec<Registration>,
    ) -> Answer<Result<Vec<Registered>, (usize, RegistryError)>> {
        self.right.register_all(wanted)
    }

    fn unregister(&self, removal: Removal) -> Outcome<Entry> {
        self.right.unregister(removal)
    }

    fn unregister_matching(
        &self,
        scope: &Label,
        query: &Query,
        owner: ProcessId,
    ) -> Outcome<Vec<Entry>> {
        self.right.unregister_matching(scope, query, owner)
    }

    fn update(&self, update: Update) -> Outcome<Updated> {
        self.right.update(update)
    }

    fn whereis(&self, scope: &str, name: &str) -> Result<Option<ProcessId>, RegistryError> {
        self.right.whereis(scope, name)
    }

    fn lookup(&self, scope: &str, name: &str) -> Result<Option<Entry>, RegistryError> {
        self.right.lookup(scope, name)
    }

    fn members(&self, scope: &str, name: &str) -> Result<Vec<Entry>, RegistryError> {
        self.right.members(scope, name)
    }

    fn select(&self, scope: &str, query: &Query) -> Result<Vec<Entry>, RegistryError> {
        self.right.select(scope, query)
    }

    fn count(&self, scope: &str, query: &Query) -> Result<usize, RegistryError> {
        self.right.count(scope, query)
    }

    fn frozen(
        &self,
        scope: &str,
        query: &Query,
        act: &mut dyn FnMut(Vec<Entry>),
    ) -> Result<(), RegistryError> {
        self.right.frozen(scope, query, act)
    }

    fn held_by(&self, process: ProcessId) -> Vec<Key> {
        self.right.held_by(process)
    }

    fn put_meta(&self, field: Label, value: Value) -> Outcome<Option<Value>> {
        self.right.put_meta(field, value)
    }

    fn meta(&self, field: &str) -> Option<Value> {
        self.right.meta(field)
    }

    fn delete_meta(&self, field: &str) -> Outcome<Option<Value>> {
        self.right.delete_meta(field)
    }

    fn process_exited(&self, process: ProcessId) {
        self.right.process_exited(process);
    }

    fn health(&self) -> BackendHealth {
        let mut health = self.right.health();
        if self.desk.is_ill(self.node) {
            health.status = HealthStatus::Unhealthy;
            health.detail = "told to be ill".into();
        }
        health
    }

    fn stats(&self) -> BackendStats {
        self.right.stats()
    }

    fn audit(&self) -> Vec<Label> {
        self.right.audit()
    }

    fn export(&self) -> Result<Transfer, RegistryError> {
        self.right.export()
    }

    fn import(&self, transfer: Transfer) -> Result<(), RegistryError> {
        self.right.import(transfer)
    }

    fn retire(&self) {
        self.right.retire();
    }
}

impl fmt::Debug for Ailing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ailing").finish_non_exhaustive()
    }
}
