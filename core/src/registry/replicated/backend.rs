//! The contract of backends, kept by a replica.

use super::readers::held_by;
use super::replica::Replica;
use super::store::{Replicated, State};
use crate::event::HealthStatus;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::answer::Answer;
use crate::registry::backend::Backend;
use crate::registry::entry::Entry;
use crate::registry::error::RegistryError;
use crate::registry::key::{Key, Keys};
use crate::registry::local::keys;
use crate::registry::metadata::Value;
use crate::registry::operation::{Registered, Registration, Removal, Update, Updated};
use crate::registry::query::Query;
use crate::registry::report::{BackendHealth, BackendStats, PartitionStats, ScopeStats};
use crate::registry::transfer::Transfer;

type Outcome<T> = Answer<Result<T, RegistryError>>;

impl Replicated {
    fn ask<T>(&self, act: impl FnOnce(&mut Replica) -> T) -> Answer<T> {
        Answer::Now(self.shared.step(act))
    }

    /// Calls `act` while nothing can change.
    fn still<T>(&self, scope: &str, act: impl FnOnce(&State) -> T) -> Result<T, RegistryError> {
        let state = self.shared.lock();
        keys(&state.table, scope)?;
        Ok(act(&state))
    }
}

impl Backend for Replicated {
    fn kind(&self) -> &'static str {
        "replicated"
    }

    fn sees_other_nodes(&self) -> bool {
        true
    }

    fn open_scope(&self, scope: &Label, keys: Keys) -> Outcome<()> {
        self.ask(|replica| replica.open_scope(scope, keys))
    }

    fn close_scope(&self, scope: &Label) -> Outcome<usize> {
        self.ask(|replica| replica.close_scope(scope))
    }

    fn scopes(&self) -> Vec<(Label, Keys)> {
        let state = self.shared.lock();
        let scopes = state.replica.view.scopes().iter();
        scopes
            .map(|(scope, view)| (scope.clone(), view.keys))
            .collect()
    }

    fn register(&self, wanted: Registration) -> Outcome<Registered> {
        let admits = |process| self.shared.host.admits(process);
        self.ask(|replica| replica.register(wanted, &admits))
    }

    fn register_all(
        &self,
        wanted: Vec<Registration>,
    ) -> Answer<Result<Vec<Registered>, (usize, RegistryError)>> {
        let admits = |process| self.shared.host.admits(process);
        self.ask(|replica| replica.register_all(wanted, &admits))
    }

    fn unregister(&self, removal: Removal) -> Outcome<Entry> {
        self.ask(|replica| replica.unregister(&removal))
    }

    fn unregister_matching(
        &self,
        scope: &Label,
        query: &Query,
        owner: ProcessId,
    ) -> Outcome<Vec<Entry>> {
        self.ask(|replica| replica.unregister_matching(scope, query, owner))
    }

    fn update(&self, update: Update) -> Outcome<Updated> {
        self.ask(|replica| replica.update(update))
    }

    fn whereis(&self, scope: &str, name: &str) -> Result<Option<ProcessId>, RegistryError> {
        self.shared.readers.holder(scope, name)
    }

    fn lookup(&self, scope: &str, name: &str) -> Result<Option<Entry>, RegistryError> {
        self.shared.readers.entry(scope, name)
    }

    fn members(&self, scope: &str, name: &str) -> Result<Vec<Entry>, RegistryError> {
        self.shared.readers.entries(scope, name)
    }

    fn select(&self, scope: &str, query: &Query) -> Result<Vec<Entry>, RegistryError> {
        self.still(scope, |state| state.table.select(scope, query))
    }

    fn count(&self, scope: &str, query: &Query) -> Result<usize, RegistryError> {
        self.still(scope, |state| state.table.count(scope, query))
    }

    fn frozen(
        &self,
        scope: &str,
        query: &Query,
        act: &mut dyn FnMut(Vec<Entry>),
    ) -> Result<(), RegistryError> {
        self.still(scope, |state| act(state.table.select(scope, query)))
    }

    fn held_by(&self, process: ProcessId) -> Vec<Key> {
        held_by(&self.shared.lock().table, process)
    }

    fn put_meta(&self, field: Label, value: Value) -> Outcome<Option<Value>> {
        self.ask(|replica| replica.write_meta(field, Some(value)))
    }

    fn meta(&self, field: &str) -> Option<Value> {
        self.shared.lock().replica.meta.get(field).cloned()
    }

    fn delete_meta(&self, field: &str) -> Outcome<Option<Value>> {
        self.ask(|replica| replica.write_meta(field.into(), None))
    }

    fn process_exited(&self, process: ProcessId) {
        self.shared.step(|replica| replica.process_exited(process));
    }

    fn health(&self) -> BackendHealth {
        let state = self.shared.lock();
        let (late, full) = state.replica.laggards(state.now);
        let entries = state.replica.view.shown();
        let peers = state.replica.up().count();
        let names = |nodes: &[crate::runtime::NodeId]| {
            let names: Vec<_> = nodes.iter().map(ToString::to_string).collect();
            names.join(", ")
        };
        let (status, detail) = if !state.driven {
            let detail = "its driver does not run: nothing is replicated".to_owned();
            (HealthStatus::Unhealthy, detail)
        } else if !late.is_empty() {
            let detail = format!("changes of {} have been missing for long", names(&late));
            (HealthStatus::Degraded, detail)
        } else if !full.is_empty() {
            let detail = format!("changes of {} came too fast to be kept", names(&full));
            (HealthStatus::Degraded, detail)
        } else {
            let detail = format!("{entries} registrations, {peers} other nodes, none late");
            (HealthStatus::Healthy, detail)
        };
        BackendHealth::new(status, detail, entries)
    }

    fn stats(&self) -> BackendStats {
        let state = self.shared.lock();
        let replica = &state.replica;
        let scopes = replica.view.scopes().iter();
        let scopes = scopes.map(|(scope, view)| ScopeStats {
            scope: scope.clone(),
            keys: view.keys,
            names: view.names.len(),
            entries: state.table.scope(scope).map_or(0, |scope| scope.entries),
        });
        let partition = PartitionStats {
            entries: replica.view.shown(),
            processes: state.table.counts().1,
            registered: replica.view.registered,
            refused: replica.counts.refused,
            removed: replica.view.removed,
        };
        let bytes = state.table.bytes();
        BackendStats::new(self.kind(), scopes.collect(), vec![partition], bytes)
    }

    fn audit(&self) -> Vec<Label> {
        let state = self.shared.lock();
        let host = &self.shared.host;
        // Processes of other nodes are asked for by nobody but their own.
        let lives = |process| !host.is_local(process) || host.lives(process);
        let mut complaints = state.table.audit(&lives);
        complaints.extend(state.replica.audit(&|row| lives(row.claim.process)));
        let readers = state.table.counts().0;
        if readers != state.replica.view.shown() {
            let shown = state.replica.view.shown();
            complaints.push(format!("{shown} registrations, and readers see {readers}").into());
        }
        complaints
    }

    fn export(&self) -> Result<Transfer, RegistryError> {
        Ok(self.shared.lock().replica.export())
    }

    fn import(&self, transfer: Transfer) -> Result<(), RegistryError> {
        self.shared.step_unheard(|replica| replica.import(transfer))
    }

    fn retire(&self) {
        self.shared.step(Replica::end);
    }
}
