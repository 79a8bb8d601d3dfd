//! Reads a registry and notes at the same instant what it was told.

use steadfast::process::ProcessId;
use steadfast::registry::{Entry, Key, Registry, RegistryError};
use steadfast_sim::SimRuntime;
use steadfast_sim::check::{Asked, Claims, Reading, Row};

use super::question::{drawn, query};
use super::setup::{GROUPS, SERVICES, TEST, TESTS};

/// Notes readings of one registry.
#[derive(Clone)]
pub(crate) struct Reader {
    registry: Registry<SimRuntime>,
}

/// An entry as a checker reads it.
pub(crate) fn row(entry: &Entry) -> Row {
    Row {
        name: entry.key.name.clone(),
        process: entry.process,
        metadata: entry.metadata.clone(),
    }
}

fn named(name: &str) -> Asked {
    Asked {
        name: Some(name.into()),
        ..Asked::default()
    }
}

impl Reader {
    pub(crate) const fn new(registry: Registry<SimRuntime>) -> Self {
        Self { registry }
    }

    pub(crate) const fn registry(&self) -> &Registry<SimRuntime> {
        &self.registry
    }

    /// Fails the run.
    pub(crate) fn failed(&self, invariant: &str, detail: impl std::fmt::Display) {
        let runtime = self.registry.node().runtime();
        runtime.note(format!("{}{invariant}: {detail}", Claims::PREFIX));
    }

    /// The registration of a unique name, asked in every way there is.
    pub(crate) fn entry(&self, scope: &str, name: &str) -> Option<Entry> {
        // A scope that is being cleared is no scope for a moment.
        let entry = self.registry.lookup(scope, name).ok()?;
        self.rows(scope, named(name), entry.as_slice());
        let holder = entry.as_ref().map(|entry| entry.process);
        if self.registry.whereis(scope, name) != Ok(holder) {
            let detail = format!("{scope}:{name} is held by {holder:?}, or not");
            self.failed("whereis and lookup agree", detail);
        }
        let members = self.registry.members(scope, name);
        if members.as_deref() != Ok(entry.as_slice()) {
            let detail = format!("{scope}:{name} is held by {entry:?}, or by {members:?}");
            self.failed("members and lookup agree", detail);
        }
        entry
    }

    /// Who holds a unique name.
    pub(crate) fn holder(&self, scope: &str, name: &str) -> Option<ProcessId> {
        self.entry(scope, name).map(|entry| entry.process)
    }

    /// The members of a group, as they are listed.
    pub(crate) fn members(&self, group: &str) -> Vec<ProcessId> {
        let Ok(members) = self.registry.members(GROUPS, group) else {
            return Vec::new();
        };
        self.rows(GROUPS, named(group), &members);
        members.iter().map(|member| member.process).collect()
    }

    /// A question that belongs to a number, to each scope.
    pub(crate) fn look(&self, number: u64, processes: &[ProcessId]) {
        let asked = drawn(number, processes);
        let scopes = [SERVICES, GROUPS, TEST, TESTS];
        let scope = scopes[(number % scopes.len() as u64) as usize];
        self.ask(scope, asked);
        if let Some(process) = processes.get((number % 8) as usize) {
            self.keys(*process);
        }
    }

    /// Everything, in every way.
    pub(crate) fn look_at_all(&self, processes: &[ProcessId]) {
        for scope in [SERVICES, GROUPS, TEST, TESTS] {
            self.ask(scope, Asked::default());
        }
        for process in processes {
            self.keys(*process);
        }
        for scope in self.registry.stats().scopes {
            self.count(&scope.scope, Asked::default(), scope.entries);
        }
        for complaint in self.registry.audit() {
            self.failed("what is stored twice agrees", complaint);
        }
    }

    fn ask(&self, scope: &str, asked: Asked) {
        let query = query(&asked);
        match self.registry.count(scope, &query) {
            Ok(count) => self.count(scope, asked.clone(), count),
            Err(error) => return self.unexpected("count", &error),
        }
        match self.registry.select(scope, &query) {
            Ok(entries) => self.rows(scope, asked, &entries),
            Err(error) => self.unexpected("select", &error),
        }
    }

    fn unexpected(&self, what: &str, error: &RegistryError) {
        if !matches!(error, RegistryError::UnknownScope { .. }) {
            self.failed("only errors that can be", format!("{what}: {error}"));
        }
    }

    /// The keys that a process holds.
    pub(crate) fn keys(&self, process: ProcessId) {
        self.note(&Reading::Keys {
            registry: self.registry.name().clone(),
            process,
            keys: self.registry.held_by(process),
        });
    }

    /// Notes that a process is about to ask for a name.
    pub(crate) fn wants(&self, key: &Key, process: ProcessId) {
        self.note(&Reading::Wants {
            registry: self.registry.name().clone(),
            process,
            key: key.clone(),
        });
    }

    fn count(&self, scope: &str, asked: Asked, count: usize) {
        self.note(&Reading::Count {
            registry: self.registry.name().clone(),
            scope: scope.into(),
            asked,
            count,
        });
    }

    fn rows(&self, scope: &str, asked: Asked, entries: &[Entry]) {
        self.note(&Reading::Rows {
            registry: self.registry.name().clone(),
            scope: scope.into(),
            asked,
            rows: entries.iter().map(row).collect(),
        });
    }

    /// Notes a reading of this very instant.
    pub(crate) fn note(&self, reading: &Reading) {
        self.registry.node().runtime().note(reading.to_string());
    }
}
