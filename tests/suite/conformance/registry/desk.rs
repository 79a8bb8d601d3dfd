//! What a case about a registry is given.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex};

use steadfast::event::{Event, RegistryEvent};
use steadfast::process::{Context, ExitReason, ProcessId, ProcessSpec};
use steadfast::registry::{Entry, Keys, Metadata, Query, Registration, Registry, RegistryError};
use steadfast::runtime::Runtime;

use super::backends::Kind;
use crate::conformance::harness::{Bench, Cue, Manner, Mark, same};

/// The scope of unique names of every desk.
pub(super) const NAMES: &str = "names";

/// The scope of groups of every desk.
pub(super) const GROUPS: &str = "groups";

/// A bench with a registry whose backend is under test. Cheap to clone.
pub(crate) struct Desk<R: Runtime> {
    pub(super) bench: Bench<R>,
    pub(super) registry: Registry<R>,
    pub(super) kind: Kind,
}

impl<R: Runtime> Clone for Desk<R> {
    fn clone(&self) -> Self {
        Self {
            bench: self.bench.clone(),
            registry: self.registry.clone(),
            kind: self.kind,
        }
    }
}

impl<R: Runtime> Desk<R> {
    /// A desk with both scopes open.
    pub(crate) async fn new(bench: Bench<R>, kind: Kind) -> Self {
        let registry = kind.start(&bench, false).await;
        Self {
            bench,
            registry,
            kind,
        }
    }

    /// The same with a second registry that lets only owners change anything.
    pub(super) async fn owner_only(&self) -> Self {
        Self {
            bench: self.bench.clone(),
            registry: self.kind.start(&self.bench, true).await,
            kind: self.kind,
        }
    }

    /// A process that lives until it is cued by this name.
    pub(super) fn player(&self, name: &'static str) -> ProcessId {
        let stage = self.bench.stage().clone();
        let body = |context| stage.play(name.into(), Manner::Plain, context);
        self.bench.start(ProcessSpec::new(name), body)
    }

    /// Ends a player and waits until it has ended.
    pub(super) async fn end(&self, name: &'static str, process: ProcessId, reason: ExitReason) {
        self.bench.cue(name, Cue::End(reason));
        self.bench.exit_of(process).await;
    }

    /// Gives a name to a process.
    pub(super) async fn give(&self, name: &str, process: ProcessId) {
        self.give_with(name, process, Metadata::new()).await;
    }

    /// Gives a name to a process, with metadata.
    pub(super) async fn give_with(&self, name: &str, process: ProcessId, metadata: Metadata) {
        let wanted = Registration::new(NAMES, name, process).metadata(metadata);
        let given = self.registry.register(wanted).await;
        assert!(given.is_ok(), "{name} to {process}: {given:?}");
    }

    /// Lets a process join a group.
    pub(super) async fn join(&self, group: &str, process: ProcessId) {
        let joined = self
            .registry
            .register(Registration::new(GROUPS, group, process))
            .await;
        assert!(joined.is_ok(), "{process} into {group}: {joined:?}");
    }

    /// Who holds a name.
    pub(super) fn holder(&self, name: &str) -> Option<ProcessId> {
        let holder = self.registry.whereis(NAMES, name);
        let entry = self.registry.lookup(NAMES, name);
        let entry = entry.expect("the scope is open");
        let holder = holder.expect("the scope is open");
        // The two ways to ask never disagree.
        same(&self.bench, &entry.map(|entry| entry.process), &holder);
        holder
    }

    /// Everything in the scope of names.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.select(&Query::all())
    }

    /// What a query means in the scope of names.
    pub(super) fn select(&self, query: &Query) -> Vec<Entry> {
        let found = self.registry.select(NAMES, query);
        let found = found.expect("the query makes sense");
        let count = self.registry.count(NAMES, query);
        same(&self.bench, &count, &Ok(found.len()));
        found
    }

    /// The names of entries, in order.
    pub(super) fn names_of(entries: &[Entry]) -> Vec<String> {
        let names = entries.iter().map(|entry| entry.key.name.to_string());
        names.collect()
    }

    /// Complains unless nothing is left of a process.
    pub(super) fn gone(&self, process: ProcessId) {
        let held = self.registry.held_by(process);
        assert!(held.is_empty(), "{process} still holds {held:?}");
        for scope in [NAMES, GROUPS] {
            let found = self.registry.select(scope, &Query::all().held_by(process));
            same(&self.bench, &found, &Ok(Vec::new()));
        }
        self.sound();
    }

    /// Complains unless everything that is stored twice agrees.
    pub(super) fn sound(&self) {
        let audit = self.registry.audit();
        assert!(audit.is_empty(), "{audit:?}");
    }

    /// What the registry announced since `mark`.
    pub(super) fn facts(&self, mark: Mark) -> Vec<RegistryEvent> {
        self.bench.since(mark, |facts| {
            let facts = facts.iter().filter_map(|fact| match &fact.event {
                Event::Registry(event) => Some(event.clone()),
                Event::Process(_)
                | Event::Supervision(_)
                | Event::Boot(_)
                | Event::Membership(_)
                | Event::Store(_)
                | Event::Coordination(_)
                | Event::Failure(_) => None,
            });
            facts.collect()
        })
    }

    /// Lets `count` processes do something at once, and gives what each came to.
    pub(super) async fn race<F, T>(
        &self,
        count: usize,
        act: impl Fn(Context<R>, Registry<R>) -> F + Send + Sync + Clone + 'static,
    ) -> Vec<T>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let results = Arc::new(Mutex::new(Vec::new()));
        let mut racers = BTreeSet::new();
        for _ in 0..count {
            let (registry, results, act) = (self.registry.clone(), results.clone(), act.clone());
            racers.insert(self.bench.start(ProcessSpec::new("racer"), move |context| {
                let act = act(context, registry);
                async move {
                    let result = act.await;
                    results.lock().expect("no holder panics").push(result);
                }
            }));
        }
        for racer in racers {
            self.bench.exit_of(racer).await;
        }
        std::mem::take(&mut *results.lock().expect("no holder panics"))
    }

    /// Opens a scope of its own for a case.
    pub(super) async fn open(&self, scope: &str, keys: Keys) {
        let opened = self.registry.open_scope(scope, keys).await;
        same(&self.bench, &opened, &Ok(()));
    }
}

/// Complains unless this was refused because of another holder.
pub(super) fn taken<T: std::fmt::Debug>(result: &Result<T, RegistryError>, by: ProcessId) {
    let taken = matches!(
        result,
        Err(RegistryError::AlreadyRegistered { holder, .. }) if *holder == by
    );
    assert!(taken, "{result:?}, but {by} holds it");
}
