//! What local backends answer to reads.

use std::sync::MutexGuard;

use super::change::sort;
use super::names::Seen;
use super::partition::State;
use super::rules::{self, is_a_group, unknown_scope};
use super::store::Local;
use crate::event::HealthStatus;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::{
    BackendHealth, BackendStats, Entry, Key, Keys, Query, RegistryError, ScopeStats,
};

impl Local {
    #[inline(always)]
    pub(super) fn holder(
        &self,
        scope: &str,
        name: &str,
    ) -> Result<Option<ProcessId>, RegistryError> {
        let probe = self.probe(scope, name);
        match self.partition(probe.hash).names.holder(probe) {
            Seen::One(process) => Ok(Some(process)),
            Seen::Group | Seen::Nothing => self.missing(scope, "whereis"),
        }
    }

    #[inline(always)]
    pub(super) fn entry(&self, scope: &str, name: &str) -> Result<Option<Entry>, RegistryError> {
        let probe = self.probe(scope, name);
        match self.partition(probe.hash).names.entry(probe) {
            Seen::One(entry) => Ok(Some(entry)),
            Seen::Group | Seen::Nothing => self.missing(scope, "lookup"),
        }
    }

    pub(super) fn entries(&self, scope: &str, name: &str) -> Result<Vec<Entry>, RegistryError> {
        let probe = self.probe(scope, name);
        let entries = self.partition(probe.hash).names.entries(probe);
        if entries.is_empty() && self.scope(scope).is_none() {
            return Err(unknown_scope(scope));
        }
        Ok(entries)
    }

    /// Why a unique name was not found. Asked for only then, so that what is found
    /// costs one look.
    #[cold]
    fn missing<T>(&self, scope: &str, operation: &str) -> Result<Option<T>, RegistryError> {
        match self.scope(scope) {
            Some(Keys::Unique) => Ok(None),
            Some(Keys::Duplicate) => Err(is_a_group(operation)),
            None => Err(unknown_scope(scope)),
        }
    }

    /// Calls `act` with the locks of the partitions that a query concerns.
    pub(super) fn with_view<T>(
        &self,
        scope: &str,
        query: &Query,
        act: impl FnOnce(&[MutexGuard<'_, State>]) -> T,
    ) -> Result<T, RegistryError> {
        let states = match query.exact_name() {
            Some(name) => vec![self.partition(self.probe(scope, name).hash).lock()],
            None => self.lock_all(),
        };
        rules::keys(&states[0].table, scope)?;
        Ok(act(&states))
    }

    pub(super) fn select_locked(
        &self,
        states: &[MutexGuard<'_, State>],
        scope: &str,
        query: &Query,
    ) -> Vec<Entry> {
        if let [state] = states {
            return state.table.select(scope, query);
        }
        let found = states.iter().map(|state| state.table.select(scope, query));
        let mut found: Vec<Entry> = found.flatten().collect();
        sort(&mut found);
        found.truncate(query.most().unwrap_or(usize::MAX));
        found
    }

    pub(super) fn count_locked(
        states: &[MutexGuard<'_, State>],
        scope: &str,
        query: &Query,
    ) -> usize {
        let counts = states.iter().map(|state| state.table.count(scope, query));
        let all: usize = counts.sum();
        all.min(query.most().unwrap_or(usize::MAX))
    }

    pub(super) fn keys_of(&self, process: ProcessId) -> Vec<Key> {
        let states = self.lock_all();
        let held = states
            .iter()
            .flat_map(|state| state.table.holdings.of(process));
        let mut keys: Vec<Key> = held.map(|held| held.key.clone()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    pub(super) fn scope_list(&self) -> Vec<(Label, Keys)> {
        let state = self.partitions[0].lock();
        let scopes = state.table.scopes.values();
        scopes
            .map(|scope| (scope.label.clone(), scope.keys))
            .collect()
    }

    pub(super) fn figures(&self) -> BackendStats {
        let states = self.lock_all();
        let scopes = states[0].table.scopes.values().map(|scope| {
            let parts = states
                .iter()
                .filter_map(|state| state.table.scope(&scope.label));
            let (mut names, mut entries) = (0, 0);
            for part in parts {
                names += part.names.len();
                entries += part.entries;
            }
            ScopeStats {
                scope: scope.label.clone(),
                keys: scope.keys,
                names,
                entries,
            }
        });
        let partitions = states.iter().map(|state| state.stats());
        let bytes = states.iter().map(|state| state.table.bytes()).sum();
        BackendStats::new(self.kind, scopes.collect(), partitions.collect(), bytes)
    }

    pub(super) fn checked(&self) -> BackendHealth {
        let states = self.lock_all();
        let counts = states.iter().map(|state| state.table.holdings.len());
        let (entries, most) = (counts.sum::<usize>(), self.options.entries_max);
        let disagreement = states
            .iter()
            .find_map(|state| state.table.counts_agree().err());
        let broken = self
            .partitions
            .iter()
            .filter(|one| one.is_poisoned())
            .count();
        let (status, detail) = if broken > 0 {
            let detail = format!("a change panicked half-way in {broken} partitions");
            (HealthStatus::Unhealthy, detail)
        } else if let Some(what) = disagreement {
            (HealthStatus::Unhealthy, format!("counts disagree: {what}"))
        } else if entries >= most {
            let detail = format!("full: {entries} registrations of at most {most}");
            (HealthStatus::Unhealthy, detail)
        } else if entries >= most - most / 10 {
            let detail = format!("nearly full: {entries} registrations of at most {most}");
            (HealthStatus::Degraded, detail)
        } else {
            let detail = format!("{entries} registrations of at most {most}, counts agree");
            (HealthStatus::Healthy, detail)
        };
        BackendHealth::new(status, detail, entries)
    }

    pub(super) fn complaints(&self) -> Vec<Label> {
        let states = self.lock_all();
        let lives = |process| self.host.lives(process);
        let mut complaints = Vec::new();
        for (number, state) in states.iter().enumerate() {
            complaints.extend(state.table.audit(&lives));
            let stats = state.stats();
            let (came, went) = (stats.registered, stats.removed);
            if came - went != stats.entries as u64 {
                let what = format!("partition {number}: {came} came and {went} went: {stats:?}");
                complaints.push(what.into());
            }
            let strays = state.table.holdings.iter().filter(|held| {
                self.number(self.probe(&held.key.scope, &held.key.name).hash) != number
            });
            complaints.extend(
                strays.map(|held| Label::from(format!("{} lies in partition {number}", held.key))),
            );
        }
        let entries: usize = states.iter().map(|state| state.table.holdings.len()).sum();
        let counted = self.entries.load(std::sync::atomic::Ordering::Relaxed);
        if entries != counted {
            complaints.push(format!("{entries} registrations, not {counted}").into());
        }
        let scopes = states[0].table.scopes.len();
        if scopes != self.scopes.len() {
            let readers = self.scopes.len();
            complaints.push(format!("{scopes} scopes, and readers see {readers}").into());
        }
        complaints
    }
}
