//! What one node sees of one registry, as it says.

use std::collections::BTreeMap;

use steadfast::Label;
use steadfast::event::RegistryEvent;
use steadfast::process::ProcessId;
use steadfast::registry::{Cause, Key, Keys, Metadata};

/// One registration in a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) process: ProcessId,
    pub(super) metadata: Metadata,
    /// `None` after a switch of the backend, which may number anew.
    pub(super) revision: Option<u64>,
}

/// A fact that does not fit to those before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) invariant: &'static str,
    pub(super) detail: String,
}

fn misfit(invariant: &'static str, detail: String) -> Misfit {
    Misfit { invariant, detail }
}

/// The registrations that one node sees in one registry.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) backend: Option<Label>,
    scopes: BTreeMap<Label, Keys>,
    /// By scope and name, in the order in which they came.
    names: BTreeMap<Key, Vec<Held>>,
    /// How many registrations each process has.
    counts: BTreeMap<ProcessId, usize>,
    /// The latest revision.
    revision: u64,
}

impl View {
    pub(super) fn of_backend(backend: &Label) -> Self {
        Self {
            backend: Some(backend.clone()),
            ..Self::default()
        }
    }

    /// Takes a fact and says what is wrong with it. The fact holds from here on, so that
    /// one mistake is not reported again and again.
    pub(super) fn apply(&mut self, event: &RegistryEvent) -> Vec<Misfit> {
        use RegistryEvent as E;
        let mut misfits = Vec::new();
        match event {
            E::RegistryStarted { backend, .. } => *self = Self::of_backend(backend),
            E::ScopeOpened { scope, keys, .. } => {
                if self.scopes.insert(scope.clone(), *keys).is_some() {
                    let detail = format!("scope {scope} was opened again");
                    misfits.push(misfit("a_scope_opens_and_closes", detail));
                }
            }
            E::ScopeClosed { scope, .. } => self.close(scope, &mut misfits),
            E::NameRegistered {
                key,
                process,
                metadata,
                revision,
                ..
            } => {
                self.advance(key, *revision, &mut misfits);
                self.register(key, *process, metadata, *revision, &mut misfits);
            }
            E::NameUpdated {
                key,
                process,
                metadata,
                revision,
                ..
            } => {
                self.advance(key, *revision, &mut misfits);
                self.update(key, *process, metadata, *revision, &mut misfits);
            }
            E::NameUnregistered {
                key,
                process,
                revision,
                cause,
                ..
            } => self.unregister(key, *process, *revision, cause, &mut misfits),
            E::BackendSwitched { to, .. } => self.switch(to),
            E::NameRefused { .. }
            | E::ConflictLost { .. }
            | E::ResolverFailed { .. }
            | E::PeerSynced { .. }
            | E::PeerDropped { .. }
            | E::WatcherResynced { .. }
            | E::SwitchRefused { .. }
            | E::BackendHealthChanged { .. } => {}
        }
        misfits
    }

    /// The registrations of a name, in the order in which they came.
    pub(super) fn held(&self, key: &Key) -> &[Held] {
        self.names.get(key).map_or(&[], Vec::as_slice)
    }

    /// Whether a process has a registration.
    pub(super) fn holds(&self, process: ProcessId) -> bool {
        self.counts.contains_key(&process)
    }

    /// The names that a process holds, each once, in order.
    pub(super) fn keys_of(&self, process: ProcessId) -> Vec<Key> {
        if !self.holds(process) {
            return Vec::new();
        }
        let names = self.names.iter();
        names
            .filter(|(_, held)| held.iter().any(|held| held.process == process))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// Every registration, in the order of names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Held)> {
        let names = self.names.iter();
        names.flat_map(|(key, held)| held.iter().map(move |held| (key, held)))
    }

    /// The registrations of a scope, in the order of names.
    pub(super) fn scope<'a>(&'a self, scope: &str) -> impl Iterator<Item = (&'a Key, &'a Held)> {
        let from = Key::new(scope, "");
        let scope = from.scope.clone();
        let names = self.names.range(from..);
        names
            .take_while(move |(key, _)| key.scope == scope)
            .flat_map(|(key, held)| held.iter().map(move |held| (key, held)))
    }

    fn advance(&mut self, key: &Key, revision: u64, misfits: &mut Vec<Misfit>) {
        if revision <= self.revision {
            let last = self.revision;
            let detail = format!("{key} changed to revision {revision} after revision {last}");
            misfits.push(misfit("revisions_grow", detail));
        }
        self.revision = self.revision.max(revision);
    }

    fn register(
        &mut self,
        key: &Key,
        process: ProcessId,
        metadata: &Metadata,
        revision: u64,
        misfits: &mut Vec<Misfit>,
    ) {
        let keys = self.scopes.get(&key.scope);
        if keys.is_none() {
            let detail = format!("{process} registered as {key}, in a scope that is not open");
            misfits.push(misfit("a_scope_opens_and_closes", detail));
        }
        let held = self.names.entry(key.clone()).or_default();
        if keys != Some(&Keys::Duplicate)
            && let Some(other) = held.pop()
        {
            let holder = other.process;
            let detail = format!("{process} registered as {key}, held by {holder}");
            misfits.push(misfit("a_name_has_one_holder", detail));
            lower(&mut self.counts, holder);
        }
        held.push(Held {
            process,
            metadata: metadata.clone(),
            revision: Some(revision),
        });
        *self.counts.entry(process).or_default() += 1;
    }

    fn update(
        &mut self,
        key: &Key,
        process: ProcessId,
        metadata: &Metadata,
        revision: u64,
        misfits: &mut Vec<Misfit>,
    ) {
        let held = self.names.get_mut(key).and_then(|held| held.first_mut());
        match held.filter(|held| held.process == process) {
            Some(held) => {
                if held.metadata == *metadata {
                    let detail = format!("{key} was updated to the metadata that it had");
                    misfits.push(misfit("an_update_changes_something", detail));
                }
                held.metadata = metadata.clone();
                held.revision = Some(revision);
            }
            None => {
                let detail = format!("{key} of {process} was updated, which it does not hold");
                misfits.push(misfit("only_what_is_held_changes", detail));
            }
        }
    }

    fn unregister(
        &mut self,
        key: &Key,
        process: ProcessId,
        revision: u64,
        cause: &Cause,
        misfits: &mut Vec<Misfit>,
    ) {
        let fits = |held: &Held| {
            held.process == process && held.revision.is_none_or(|known| known == revision)
        };
        let held = self.names.get_mut(key);
        let taken = held.and_then(|held| {
            let exact = held.iter().position(fits);
            let other = || held.iter().position(|held| held.process == process);
            Some((exact.is_some(), held.remove(exact.or_else(other)?)))
        });
        let Some((exact, was)) = taken else {
            let detail = format!("{key} of {process} went ({cause}), which it does not hold");
            misfits.push(misfit("only_what_is_held_changes", detail));
            return;
        };
        if !exact {
            let known = was.revision.unwrap_or(0);
            let detail = format!("{key} went with revision {revision}, but had {known}");
            misfits.push(misfit("a_registration_keeps_its_revision", detail));
        }
        if self.names.get(key).is_some_and(Vec::is_empty) {
            self.names.remove(key);
        }
        lower(&mut self.counts, process);
    }

    fn close(&mut self, scope: &Label, misfits: &mut Vec<Misfit>) {
        if self.scopes.remove(scope).is_none() {
            let detail = format!("scope {scope} was closed, but was not open");
            misfits.push(misfit("a_scope_opens_and_closes", detail));
        }
        let left: Vec<_> = self
            .scope(scope)
            .map(|(key, held)| (key.clone(), held.process))
            .collect();
        if let Some((key, process)) = left.first() {
            let detail = format!("scope {scope} was closed while {process} held {key}");
            misfits.push(misfit("a_closed_scope_is_empty", detail));
        }
        for (key, process) in left {
            self.names.remove(&key);
            lower(&mut self.counts, process);
        }
    }

    /// Another backend takes over: the same registrations, numbered anew.
    fn switch(&mut self, to: &Label) {
        self.backend = Some(to.clone());
        self.revision = 0;
        for held in self.names.values_mut().flatten() {
            held.revision = None;
        }
    }
}

fn lower(counts: &mut BTreeMap<ProcessId, usize>, process: ProcessId) {
    if let Some(count) = counts.get_mut(&process) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&process);
        }
    }
}
