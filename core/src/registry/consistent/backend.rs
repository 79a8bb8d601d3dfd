//! The contract of backends, kept over a store.

use super::job::{Job, Reply};
use super::store::Consistent;
use super::view::{Outcome, View};
use crate::event::{HealthStatus, RegistryEvent};
use crate::label::Label;
use crate::process::ProcessId;
use crate::process::reply::reply;
use crate::registry::answer::Answer;
use crate::registry::backend::Backend;
use crate::registry::change::Cause;
use crate::registry::entry::Entry;
use crate::registry::error::RegistryError;
use crate::registry::key::{Key, Keys};
use crate::registry::local::{keys, unknown_scope};
use crate::registry::metadata::Value;
use crate::registry::operation::{Registered, Registration, Removal, Update, Updated};
use crate::registry::query::Query;
use crate::registry::report::{BackendHealth, BackendStats, PartitionStats, ScopeStats};
use crate::registry::transfer::{Transfer, TransferEntry};

type Asked<T> = Answer<Result<T, RegistryError>>;

impl Consistent {
    /// Puts a change into the queue.
    fn ask<T: Send + 'static>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Asked<T> {
        let (sender, receiver) = reply();
        if let Err(error) = self.enqueue(job(sender)) {
            return Answer::Now(Err(error));
        }
        Answer::Later(Box::pin(async move {
            receiver.await.unwrap_or_else(|| Err(forsaken()))
        }))
    }

    fn enqueue(&self, job: Job) -> Result<(), RegistryError> {
        self.shared.step(|view| {
            let most = view.config.queue_max;
            let queued = view.serves().and_then(|()| {
                if view.queue.len() >= most {
                    let why = format!("nothing has changed: {most} changes wait already");
                    return Err(RegistryError::Unavailable { why: why.into() });
                }
                view.queue.push_back(job);
                Ok(())
            });
            (queued, Outcome::default())
        })
    }

    /// Calls `act` while nothing can change.
    fn still<T>(&self, scope: &str, act: impl FnOnce(&View) -> T) -> Result<T, RegistryError> {
        let view = self.shared.lock();
        keys(&view.table, scope)?;
        Ok(act(&view))
    }
}

/// What callers are told whose change nobody will answer.
fn forsaken() -> RegistryError {
    let why = "it may have happened: the session ended before the answer came".into();
    RegistryError::Unavailable { why }
}

impl Backend for Consistent {
    fn kind(&self) -> &'static str {
        "consistent"
    }

    fn sees_other_nodes(&self) -> bool {
        true
    }

    fn open_scope(&self, scope: &Label, keys: Keys) -> Asked<()> {
        let (registry, scope) = (self.shared.host.registry().clone(), scope.clone());
        Answer::Now(self.shared.step(|view| {
            if let Some(known) = view.table.scope(&scope).map(|known| known.keys) {
                let opened = match known == keys {
                    true => Ok(()),
                    false => Err(RegistryError::ScopeExists { scope, keys: known }),
                };
                return (opened, Outcome::default());
            }
            self.shared.readers.open(&mut view.table, &scope, keys);
            let mut outcome = view.scope_opened(&scope);
            outcome.before = Some(RegistryEvent::ScopeOpened {
                registry,
                scope,
                keys,
            });
            (Ok(()), outcome)
        }))
    }

    fn close_scope(&self, scope: &Label) -> Asked<usize> {
        let (registry, scope) = (self.shared.host.registry().clone(), scope.clone());
        Answer::Now(self.shared.step(|view| {
            let Some((count, mut outcome)) = view.close_scope(&scope) else {
                return (Err(unknown_scope(&scope)), Outcome::default());
            };
            self.shared.readers.close(&mut view.table, &scope);
            outcome.after = Some(RegistryEvent::ScopeClosed { registry, scope });
            (Ok(count), outcome)
        }))
    }

    fn scopes(&self) -> Vec<(Label, Keys)> {
        self.shared.lock().table.scopes().collect()
    }

    fn register(&self, wanted: Registration) -> Asked<Registered> {
        self.register_all(vec![wanted]).map(|batch| {
            let mut given = batch.map_err(|(_, error)| error)?;
            Ok(given.pop().expect("one was asked for, and one was given"))
        })
    }

    fn register_all(
        &self,
        rows: Vec<Registration>,
    ) -> Answer<Result<Vec<Registered>, (usize, RegistryError)>> {
        let admits = |process| self.shared.host.admits(process);
        {
            let view = self.shared.lock();
            for (index, row) in rows.iter().enumerate() {
                if let Err(error) = view.check(row, &admits) {
                    return Answer::Now(Err((index, error)));
                }
            }
        }
        let (sender, receiver) = reply();
        let job = Job::Register {
            rows,
            reply: sender,
        };
        if let Err(error) = self.enqueue(job) {
            return Answer::Now(Err((0, error)));
        }
        Answer::Later(Box::pin(async move {
            receiver.await.unwrap_or_else(|| Err((0, forsaken())))
        }))
    }

    fn unregister(&self, removal: Removal) -> Asked<Entry> {
        self.ask(|reply| Job::Unregister { removal, reply })
    }

    fn unregister_matching(
        &self,
        scope: &Label,
        query: &Query,
        owner: ProcessId,
    ) -> Asked<Vec<Entry>> {
        Answer::Now(self.shared.step(|view| {
            if let Err(error) = view.keys(scope) {
                return (Err(error), Outcome::default());
            }
            let held = view.held.get(&owner).into_iter().flatten();
            let found = held.filter_map(|place| Some((place, view.rows.get(place)?.entry()?)));
            let found = found.filter(|(_, entry)| entry.key.scope == *scope);
            let found = found.filter(|(_, entry)| query.matches(entry));
            let mut found: Vec<_> = found.map(|(place, entry)| (place.clone(), entry)).collect();
            found.sort_by(|(_, one), (_, other)| {
                (&one.key, one.revision).cmp(&(&other.key, other.revision))
            });
            found.truncate(query.most().unwrap_or(usize::MAX));
            let mut outcome = Outcome::default();
            for (place, _) in &found {
                view.hide(place, Cause::Unregistered, &mut outcome);
                view.doom(place);
            }
            let entries = found.into_iter().map(|(_, entry)| entry).collect();
            (Ok(entries), outcome)
        }))
    }

    fn update(&self, update: Update) -> Asked<Updated> {
        self.ask(|reply| Job::Update { update, reply })
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
        self.still(scope, |view| view.table.select(scope, query))
    }

    fn count(&self, scope: &str, query: &Query) -> Result<usize, RegistryError> {
        self.still(scope, |view| view.table.count(scope, query))
    }

    fn frozen(
        &self,
        scope: &str,
        query: &Query,
        act: &mut dyn FnMut(Vec<Entry>),
    ) -> Result<(), RegistryError> {
        self.still(scope, |view| act(view.table.select(scope, query)))
    }

    fn held_by(&self, process: ProcessId) -> Vec<Key> {
        crate::registry::replicated::held_by(&self.shared.lock().table, process)
    }

    fn put_meta(&self, field: Label, value: Value) -> Asked<Option<Value>> {
        let limit = crate::registry::LocalOptions::META_MAX;
        {
            let view = self.shared.lock();
            if !view.fields.contains_key(&field) && view.fields.len() >= limit {
                let what = "fields of the registry".into();
                return Answer::Now(Err(RegistryError::LimitReached { what, limit }));
            }
        }
        let value = Some(value);
        self.ask(|reply| Job::Field {
            field,
            value,
            reply,
        })
    }

    fn meta(&self, field: &str) -> Option<Value> {
        self.shared.lock().fields.get(field).cloned()
    }

    fn delete_meta(&self, field: &str) -> Asked<Option<Value>> {
        let (field, value) = (Label::from(field), None);
        self.ask(|reply| Job::Field {
            field,
            value,
            reply,
        })
    }

    fn process_exited(&self, process: ProcessId) {
        self.shared.step(|view| ((), view.process_exited(process)));
    }

    fn health(&self) -> BackendHealth {
        let view = self.shared.lock();
        let entries = view.shown();
        match view.serves() {
            Err(why) => BackendHealth::new(HealthStatus::Unhealthy, why.to_string(), entries),
            Ok(()) => {
                let (waiting, leaving) = (view.queue.len(), view.doomed.len());
                let detail = format!(
                    "{entries} registrations, {waiting} changes wait, {leaving} deletions to do"
                );
                BackendHealth::new(HealthStatus::Healthy, detail, entries)
            }
        }
    }

    fn stats(&self) -> BackendStats {
        let view = self.shared.lock();
        let scopes = view.table.scopes().map(|(scope, keys)| {
            let (names, entries) = view.table.scope_counts(&scope);
            ScopeStats {
                scope,
                keys,
                names,
                entries,
            }
        });
        let partition = PartitionStats {
            entries: view.shown(),
            processes: view.table.counts().1,
            registered: view.counts.registered,
            refused: view.counts.refused,
            removed: view.counts.removed,
        };
        let bytes = view.table.bytes();
        BackendStats::new(self.kind(), scopes.collect(), vec![partition], bytes)
    }

    fn audit(&self) -> Vec<Label> {
        let lives = |process| self.shared.host.lives(process);
        self.shared.lock().audit(&lives)
    }

    fn export(&self) -> Result<Transfer, RegistryError> {
        let view = self.shared.lock();
        let own = view.held.values().flatten();
        let own = own.filter_map(|place| view.rows.get(place));
        let own = own.filter_map(|known| {
            let (entry, priority) = (known.entry()?, known.row.priority);
            Some(TransferEntry { entry, priority })
        });
        let mut entries: Vec<_> = own.collect();
        entries.sort_by_key(|it| it.entry.revision);
        Ok(Transfer {
            scopes: view.table.scopes().collect(),
            revision: view.revision,
            remote_entries: view.shown() - entries.len(),
            entries,
            meta: view.fields.clone(),
        })
    }

    fn import(&self, transfer: Transfer) -> Result<(), RegistryError> {
        if !transfer.entries.is_empty() || !transfer.meta.is_empty() {
            let why = "a consistent registry takes names only from its store: let go of them, \
                       switch, and register them again";
            return Err(RegistryError::Unavailable { why: why.into() });
        }
        let mut view = self.shared.lock();
        view.revision = view.revision.max(transfer.revision);
        for (scope, keys) in &transfer.scopes {
            self.shared.readers.open(&mut view.table, scope, *keys);
        }
        Ok(())
    }

    fn retire(&self) {
        self.shared.step(|view| {
            view.retired = true;
            // Dropped: whoever waits is told.
            view.queue.clear();
            ((), Outcome::default())
        });
    }
}
