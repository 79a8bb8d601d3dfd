//! A backend that is right but for one flaw.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use steadfast::Label;
use steadfast::process::{Node, ProcessId};
use steadfast::registry::{
    Answer, Backend, BackendHealth, BackendStats, Entry, Host as _, Key, Keys, Local, Query,
    Registered, Registration, Registry, RegistryError, Removal, Revision, SharedHost, Transfer,
    Update, Updated, Value,
};
use steadfast_sim::SimRuntime;

use super::flaw::Flaw;
use super::hybrid::BackUp;
use super::tap::Tap;
use crate::registry::{GROUPS, NAMES, Opened, Setup};

type Rows<T> = Result<Vec<T>, (usize, RegistryError)>;

/// What a flawed backend remembers and should not.
#[derive(Default)]
struct Memory {
    first_caller: Option<ProcessId>,
    /// By name, as found once.
    cache: BTreeMap<(String, String), Entry>,
    /// Everything that was ever registered, as it was then.
    index: Vec<Entry>,
    /// Names that were ever registered for a process.
    reverse: BTreeMap<ProcessId, Vec<Key>>,
    back_up: BackUp,
}

/// The right backend with one flaw around it.
pub(super) struct Flawed {
    flaw: Flaw,
    right: Arc<dyn Backend>,
    tap: Arc<Tap>,
    memory: Mutex<Memory>,
}

/// Opens a registry with one flaw.
pub(super) fn open(node: &Node<SimRuntime>, setup: &Setup, flaw: Flaw) -> Result<Opened, String> {
    let flawed = |host| Flawed::new(host, node, setup, flaw);
    Ok(Registry::with_backend(node, NAMES, flawed).into())
}

/// Lets everything else run that can.
async fn breathe() {
    let mut breathed = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut breathed, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Flawed {
    pub(super) fn new(
        host: SharedHost,
        node: &Node<SimRuntime>,
        setup: &Setup,
        flaw: Flaw,
    ) -> Self {
        let tap = Arc::new(Tap::new(host, flaw));
        let right = Local::memory(tap.clone(), node.runtime(), setup.options());
        Self::around(Arc::new(right), tap, flaw)
    }

    /// With one flaw around a backend whose host is the tap.
    pub(super) fn around(right: Arc<dyn Backend>, tap: Arc<Tap>, flaw: Flaw) -> Self {
        let memory = Mutex::default();
        Self {
            flaw,
            right,
            tap,
            memory,
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, wanted: &Registration) {
        let mut memory = self.memory();
        memory.first_caller.get_or_insert(wanted.process);
        let names = memory.reverse.entry(wanted.process).or_default();
        if !names.contains(&wanted.key) {
            names.push(wanted.key.clone());
            names.sort();
        }
        memory.index.push(Entry {
            key: wanted.key.clone(),
            process: wanted.process,
            metadata: wanted.metadata.clone(),
            revision: 0,
            handle: None,
        });
    }

    /// What was found under a name once, if its holder lives.
    fn cached(&self, scope: &str, name: &str) -> Option<Entry> {
        if self.flaw != Flaw::StaleCache {
            return None;
        }
        let place = (scope.to_owned(), name.to_owned());
        let entry = self.memory().cache.get(&place).cloned()?;
        self.tap.admits(entry.process).then_some(entry)
    }

    fn insert_all_the_same(
        &self,
        wanted: Registration,
    ) -> Answer<Result<Registered, RegistryError>> {
        let (right, tap) = (self.right.clone(), self.tap.clone());
        Answer::Later(Box::pin(async move {
            // The flaw: what was true before is not asked again.
            breathe().await;
            let Key { scope, name } = wanted.key.clone();
            if let Ok(Some(other)) = right.whereis(&scope, &name) {
                let removal = Removal::new(scope, name).by(Some(other));
                tap.silently(|| right.unregister(removal).now()).ok();
            }
            right.register(wanted).await
        }))
    }

    /// Clears the scopes that begin like this one.
    fn clear_like(&self, scope: &Label) {
        for (other, keys) in self.right.scopes() {
            if other != *scope && other.starts_with(&**scope) {
                self.right.close_scope(&other).now().ok();
                self.right.open_scope(&other, keys).now().ok();
            }
        }
    }

    /// As if every process of the table had ended.
    fn lose_everything(&self) {
        let mut holders = Vec::new();
        for (scope, _) in self.right.scopes() {
            let entries = self.right.select(&scope, &Query::all());
            holders.extend(entries.into_iter().flatten().map(|entry| entry.process));
        }
        for holder in holders {
            self.right.process_exited(holder);
        }
    }

    /// Registers in the first table, then in the other one.
    fn register_twice(&self, wanted: Registration) -> Answer<Result<Registered, RegistryError>> {
        let done = self.right.register(wanted);
        if let Answer::Now(Ok(registered)) = &done {
            self.memory().back_up.registered(&registered.entry);
        }
        done
    }

    const fn has_ghosts(&self) -> bool {
        matches!(self.flaw, Flaw::ZombieRow | Flaw::LostDelete)
    }

    /// Whether a query is one for the second of two tables.
    fn is_for_back_up(&self, scope: &str, query: &Query) -> bool {
        self.flaw == Flaw::TwoTables && *scope != *GROUPS && query.holder().is_none()
    }

    /// Refuses a name that a ghost has.
    fn haunted(&self, key: &Key) -> Option<RegistryError> {
        let ghost = self.tap.ghosts.of(&key.scope, &key.name)?;
        let (key, holder) = (key.clone(), ghost.process);
        Some(RegistryError::AlreadyRegistered { key, holder })
    }

    /// The same for whoever wants to change what a ghost has.
    fn out_of_reach(&self, key: &Key) -> Option<RegistryError> {
        let ghost = self.tap.ghosts.of(&key.scope, &key.name)?;
        let process = ghost.process;
        Some(RegistryError::NotLocal { process })
    }

    /// What an index that learns of nothing but registrations finds.
    fn found_by_index(&self, scope: &str, query: &Query) -> Vec<Entry> {
        let memory = self.memory();
        let entries = memory.index.iter().rev();
        let mut latest = BTreeMap::new();
        for entry in entries.filter(|entry| *entry.key.scope == *scope) {
            latest.entry(entry.key.clone()).or_insert(entry.clone());
        }
        let lives = |entry: &Entry| self.tap.admits(entry.process) && query.matches(entry);
        let most = query.most().unwrap_or(usize::MAX);
        latest.into_values().filter(lives).take(most).collect()
    }
}

impl Backend for Flawed {
    fn kind(&self) -> &'static str {
        "flawed"
    }

    fn open_scope(&self, scope: &Label, keys: Keys) -> Answer<Result<(), RegistryError>> {
        self.right.open_scope(scope, keys)
    }

    fn close_scope(&self, scope: &Label) -> Answer<Result<usize, RegistryError>> {
        if self.flaw == Flaw::WideClear {
            self.clear_like(scope);
        }
        self.memory().back_up.clear(scope);
        self.right.close_scope(scope)
    }

    fn sees_other_nodes(&self) -> bool {
        self.right.sees_other_nodes()
    }

    fn scopes(&self) -> Vec<(Label, Keys)> {
        self.right.scopes()
    }

    fn register(&self, wanted: Registration) -> Answer<Result<Registered, RegistryError>> {
        self.remember(&wanted);
        if let Some(error) = self.haunted(&wanted.key) {
            return Answer::Now(Err(error));
        }
        let Key { scope, name } = &wanted.key;
        match (self.flaw, self.right.lookup(scope, name)) {
            (Flaw::CheckThenInsert, Ok(None)) => self.insert_all_the_same(wanted),
            (Flaw::KeptMetadata, Ok(Some(entry))) if entry.process == wanted.process => {
                Answer::Now(Ok(Registered {
                    entry,
                    fresh: false,
                }))
            }
            (Flaw::TwoTables, _) if **scope != *GROUPS => self.register_twice(wanted),
            _ => self.right.register(wanted),
        }
    }

    fn register_all(&self, wanted: Vec<Registration>) -> Answer<Rows<Registered>> {
        wanted.iter().for_each(|wanted| self.remember(wanted));
        let mut rows = (0..).zip(&wanted);
        let error = rows.find_map(|(row, wanted)| Some((row, self.haunted(&wanted.key)?)));
        if let Some(error) = error {
            return Answer::Now(Err(error));
        }
        if self.flaw != Flaw::HalfBulk {
            return self.right.register_all(wanted);
        }
        let mut registered = Vec::new();
        for (row, wanted) in wanted.into_iter().enumerate() {
            match self.right.register(wanted).now() {
                Ok(Ok(one)) => registered.push(one),
                Ok(Err(error)) => return Answer::Now(Err((row, error))),
                Err(_) => return Answer::Taken,
            }
        }
        Answer::Now(Ok(registered))
    }

    fn unregister(&self, mut removal: Removal) -> Answer<Result<Entry, RegistryError>> {
        if let Some(error) = self.out_of_reach(&removal.key) {
            return Answer::Now(Err(error));
        }
        let Key { scope, name } = &removal.key;
        match (self.flaw, removal.process) {
            (Flaw::OwnerIgnored, None) => {
                removal.by = self.right.whereis(scope, name).ok().flatten();
            }
            (Flaw::LostJoins, Some(process)) => {
                let joins = self.right.members(scope, name).unwrap_or_default();
                let more = joins.iter().filter(|join| join.process == process).skip(1);
                for _ in more {
                    self.right.unregister(removal.clone()).now().ok();
                }
            }
            _ => {}
        }
        let by = removal.by;
        let done = self.right.unregister(removal);
        if let Answer::Now(Ok(entry)) = &done
            && by == Some(entry.process)
        {
            self.memory().back_up.let_go(entry);
        }
        done
    }

    fn unregister_matching(
        &self,
        scope: &Label,
        query: &Query,
        owner: ProcessId,
    ) -> Answer<Result<Vec<Entry>, RegistryError>> {
        self.right.unregister_matching(scope, query, owner)
    }

    fn update(&self, mut update: Update) -> Answer<Result<Updated, RegistryError>> {
        if self.flaw == Flaw::BlindSwap
            && let Revision::CompareAndSet(_, wanted) = update.revision
        {
            update.revision = Revision::Replace(wanted);
        }
        if let Some(error) = self.out_of_reach(&update.key) {
            return Answer::Now(Err(error));
        }
        let done = self.right.update(update);
        if let Answer::Now(Ok(updated)) = &done {
            self.memory().back_up.updated(&updated.entry);
        }
        done
    }

    fn whereis(&self, scope: &str, name: &str) -> Result<Option<ProcessId>, RegistryError> {
        let entry = self.lookup(scope, name)?;
        Ok(entry.map(|entry| entry.process))
    }

    fn lookup(&self, scope: &str, name: &str) -> Result<Option<Entry>, RegistryError> {
        if let Some(entry) = self.cached(scope, name) {
            return Ok(Some(entry));
        }
        if let Some(ghost) = self.tap.ghosts.of(scope, name) {
            return Ok(Some(ghost));
        }
        let entry = self.right.lookup(scope, name)?;
        if self.flaw == Flaw::TwoTables && entry.is_none() {
            let lives = |process| self.tap.admits(process);
            return Ok(self.memory().back_up.find(scope, name, lives));
        }
        if let Some(entry) = &entry {
            let place = (scope.to_owned(), name.to_owned());
            self.memory().cache.insert(place, entry.clone());
            if self.flaw == Flaw::LazyCleanUp && !self.tap.admits(entry.process) {
                self.right.process_exited(entry.process);
                return Ok(None);
            }
        }
        Ok(entry)
    }

    fn members(&self, scope: &str, name: &str) -> Result<Vec<Entry>, RegistryError> {
        let cached = self.cached(scope, name);
        if let Some(entry) = cached.or_else(|| self.tap.ghosts.of(scope, name)) {
            return Ok(vec![entry]);
        }
        if self.flaw == Flaw::TwoTables && *scope != *GROUPS {
            return Ok(self.lookup(scope, name)?.into_iter().collect());
        }
        self.right.members(scope, name)
    }

    fn select(&self, scope: &str, query: &Query) -> Result<Vec<Entry>, RegistryError> {
        let by_index = self.flaw == Flaw::StaleIndex && query.equalities().next().is_some();
        if by_index && self.right.members(scope, "").is_ok() {
            return Ok(self.found_by_index(scope, query));
        }
        if self.is_for_back_up(scope, query) {
            query.check()?;
            self.right.count(scope, &Query::all())?;
            let lives = |process| self.tap.admits(process);
            return Ok(self.memory().back_up.select(scope, query, lives));
        }
        if self.has_ghosts() {
            let all = self.right.select(scope, &Query::all())?;
            return Ok(self.tap.ghosts.among(scope, query, all));
        }
        self.right.select(scope, query)
    }

    fn count(&self, scope: &str, query: &Query) -> Result<usize, RegistryError> {
        if self.has_ghosts() {
            return Ok(self.select(scope, query)?.len());
        }
        self.right.count(scope, query)
    }

    fn frozen(
        &self,
        scope: &str,
        query: &Query,
        act: &mut dyn FnMut(Vec<Entry>),
    ) -> Result<(), RegistryError> {
        if !self.has_ghosts() {
            return self.right.frozen(scope, query, act);
        }
        let among = |all| self.tap.ghosts.among(scope, query, all);
        let all = &Query::all();
        self.right.frozen(scope, all, &mut |all| act(among(all)))
    }

    fn held_by(&self, process: ProcessId) -> Vec<Key> {
        if self.flaw == Flaw::StaleReverse && self.tap.admits(process) {
            let memory = self.memory();
            return memory.reverse.get(&process).cloned().unwrap_or_default();
        }
        let mut held = self.right.held_by(process);
        if self.has_ghosts() {
            held.extend(self.tap.ghosts.held_by(process));
            held.sort();
            held.dedup();
        }
        held
    }

    fn put_meta(&self, field: Label, value: Value) -> Answer<Result<Option<Value>, RegistryError>> {
        self.right.put_meta(field, value)
    }

    fn meta(&self, field: &str) -> Option<Value> {
        self.right.meta(field)
    }

    fn delete_meta(&self, field: &str) -> Answer<Result<Option<Value>, RegistryError>> {
        self.right.delete_meta(field)
    }

    fn process_exited(&self, process: ProcessId) {
        if self.flaw == Flaw::LazyCleanUp {
            return;
        }
        let owns_the_table = self.memory().first_caller == Some(process);
        if self.flaw == Flaw::TableOfFirstCaller && owns_the_table {
            self.memory().first_caller = None;
            self.lose_everything();
        }
        self.right.process_exited(process);
    }

    fn health(&self) -> BackendHealth {
        self.right.health()
    }

    fn stats(&self) -> BackendStats {
        let mut stats = self.right.stats();
        if self.has_ghosts() {
            for scope in &mut stats.scopes {
                let seen = self.count(&scope.scope, &Query::all());
                scope.entries = seen.unwrap_or(scope.entries);
            }
        }
        stats
    }

    fn audit(&self) -> Vec<Label> {
        self.right.audit()
    }

    fn export(&self) -> Result<Transfer, RegistryError> {
        let mut transfer = self.right.export()?;
        if self.flaw == Flaw::LostInMigration {
            transfer.entries.pop();
        }
        Ok(transfer)
    }

    fn import(&self, transfer: Transfer) -> Result<(), RegistryError> {
        self.right.import(transfer)
    }

    fn retire(&self) {
        self.right.retire();
    }
}

impl fmt::Debug for Flawed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flawed")
            .field("flaw", &self.flaw)
            .finish_non_exhaustive()
    }
}
