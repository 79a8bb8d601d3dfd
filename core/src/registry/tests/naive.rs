//! A backend that keeps everything in one list under one lock, and fails on request.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::event::HealthStatus;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::{
    Answer, Asker, Cause, Change, Entry, Key, Keys, Metadata, Query, Registered, Registration,
    RegistryError, Removal, Revision, SharedHost, TransferEntry, Update, Updated, Value,
};

/// What goes wrong with a naive backend, and when its answers come.
#[derive(Default)]
pub(super) struct Faults {
    /// Changes happen at once, but are answered only once this is false again.
    late: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
    pub(super) no_export: AtomicBool,
    pub(super) no_import: AtomicBool,
    pub(super) import_panics: AtomicBool,
    pub(super) import_loses: AtomicBool,
    pub(super) no_change: AtomicBool,
    pub(super) health: Mutex<Option<HealthStatus>>,
    /// Gets a name right after somebody has looked and before that look is over.
    pub(super) after_a_look: Mutex<Option<(Key, ProcessId)>>,
    /// Happens while the next import is under way.
    pub(super) during_import: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Faults {
    pub(super) fn late(&self, late: bool) {
        self.late.store(late, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap());
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(super) fn report(&self, health: HealthStatus) {
        *self.health.lock().unwrap() = Some(health);
    }

    pub(super) fn answer<T: Send + 'static>(self: &Arc<Self>, answer: T) -> Answer<T> {
        if !self.late.load(Ordering::SeqCst) {
            return Answer::Now(answer);
        }
        let (faults, mut answer) = (self.clone(), Some(answer));
        Answer::Later(Box::pin(async move {
            std::future::poll_fn(move |context| {
                let mut waiting = faults.waiting.lock().unwrap();
                if faults.late.load(Ordering::SeqCst) {
                    waiting.push(context.waker().clone());
                    return Poll::Pending;
                }
                Poll::Ready(answer.take().unwrap())
            })
            .await
        }))
    }
}

#[derive(Default)]
pub(super) struct State {
    pub(super) scopes: BTreeMap<Label, Keys>,
    pub(super) rows: Vec<TransferEntry>,
    pub(super) meta: BTreeMap<Label, Value>,
    pub(super) revision: u64,
    pub(super) remote: usize,
}

/// See the top.
pub(super) struct Naive {
    pub(super) host: SharedHost,
    pub(super) kind: &'static str,
    owner_only: bool,
    pub(super) faults: Arc<Faults>,
    state: Mutex<State>,
}

impl Naive {
    pub(super) fn new(host: SharedHost) -> Self {
        Self::with(host, Arc::default())
    }

    pub(super) fn with(host: SharedHost, faults: Arc<Faults>) -> Self {
        Self {
            host,
            kind: "naive",
            owner_only: false,
            faults,
            state: Mutex::default(),
        }
    }

    pub(super) fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// An entry of a process of another node, as a backend that sees others has them.
    pub(super) fn insert_remote(&self, key: Key, process: ProcessId) {
        let mut state = self.lock();
        state.remote += 1;
        let entry = state.entry(key, process, Metadata::new(), None);
        let row = TransferEntry { entry, priority: 0 };
        state.rows.push(row.clone());
        self.host.changed(&[Change::Registered(row.entry)]);
    }

    pub(super) fn owner_only(mut self) -> Self {
        self.owner_only = true;
        self
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn available(&self) -> Result<(), RegistryError> {
        if self.faults.no_change.load(Ordering::SeqCst) {
            return Err(RegistryError::Unavailable {
                why: "told so".into(),
            });
        }
        Ok(())
    }

    fn check_owner(&self, entry: &Entry, by: Option<ProcessId>) -> Result<(), RegistryError> {
        if self.owner_only && by != Some(entry.process) {
            return Err(RegistryError::NotOwner {
                key: entry.key.clone(),
                holder: entry.process,
                asked_by: Asker(by),
            });
        }
        if !self.host.is_local(entry.process) {
            let process = entry.process;
            return Err(RegistryError::NotLocal { process });
        }
        Ok(())
    }

    pub(super) fn register_in(
        &self,
        state: &mut State,
        wanted: Registration,
        changes: &mut Vec<Change>,
    ) -> Result<Registered, RegistryError> {
        self.available()?;
        let keys = state.keys(&wanted.key.scope)?;
        let process = wanted.process;
        if !self.host.is_local(process) {
            return Err(RegistryError::NotLocal { process });
        }
        let holder = state
            .find(&wanted.key, None)
            .filter(|_| keys == Keys::Unique);
        if let Some(index) = holder {
            let row = &mut state.rows[index];
            if row.entry.process != process {
                let holder = row.entry.process;
                return Err(RegistryError::AlreadyRegistered {
                    key: wanted.key,
                    holder,
                });
            }
            let before = std::mem::replace(&mut row.entry.metadata, wanted.metadata);
            row.entry.handle = wanted.handle;
            let entry = row.entry.clone();
            if before != entry.metadata {
                changes.push(Change::Updated {
                    entry: entry.clone(),
                    before,
                });
            }
            return Ok(Registered {
                entry,
                fresh: false,
            });
        }
        if !self.host.admits(process) {
            return Err(RegistryError::NoProcess { process });
        }
        let entry = state.entry(wanted.key, process, wanted.metadata, wanted.handle);
        state.rows.push(TransferEntry {
            entry: entry.clone(),
            priority: wanted.priority,
        });
        changes.push(Change::Registered(entry.clone()));
        Ok(Registered { entry, fresh: true })
    }

    pub(super) fn remove_where(
        &self,
        state: &mut State,
        cause: &Cause,
        gone: impl Fn(&Entry) -> bool,
    ) -> Vec<Entry> {
        let (removed, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut state.rows)
            .into_iter()
            .partition(|row| gone(&row.entry));
        state.rows = kept;
        let mut removed: Vec<_> = removed.into_iter().map(|row| row.entry).collect();
        sort(&mut removed);
        let changes: Vec<_> = removed
            .iter()
            .map(|entry| Change::Unregistered {
                entry: entry.clone(),
                cause: cause.clone(),
            })
            .collect();
        if !changes.is_empty() {
            self.host.changed(&changes);
        }
        removed
    }

    pub(super) fn update_in(
        &self,
        state: &mut State,
        update: Update,
    ) -> Result<Updated, RegistryError> {
        self.available()?;
        if state.keys(&update.key.scope)? == Keys::Duplicate {
            return Err(RegistryError::Unsupported {
                operation: "update".into(),
                why: "the scope has duplicate keys".into(),
            });
        }
        let Some(index) = state.find(&update.key, None) else {
            return Err(RegistryError::NotRegistered { key: update.key });
        };
        let row = &mut state.rows[index];
        let before = row.entry.metadata.clone();
        let changed = || RegistryError::Changed {
            key: update.key.clone(),
            actual: before.clone(),
        };
        self.check_owner(&row.entry, update.by)?;
        if update
            .process
            .is_some_and(|process| process != row.entry.process)
        {
            return Err(changed());
        }
        let now = match update.revision {
            Revision::Replace(now) => now,
            Revision::CompareAndSet(expected, now) => {
                if expected != before {
                    return Err(changed());
                }
                now
            }
            Revision::With(make) => {
                let made = catch_unwind(AssertUnwindSafe(|| make(&before)));
                made.map_err(|_| RegistryError::UpdatePanicked {
                    key: row.entry.key.clone(),
                    text: "it did".into(),
                })?
            }
        };
        row.entry.metadata = now;
        state.revision += 1;
        row.entry.revision = state.revision;
        let entry = row.entry.clone();
        if entry.metadata != before {
            self.host.changed(&[Change::Updated {
                entry: entry.clone(),
                before: before.clone(),
            }]);
        }
        Ok(Updated { entry, before })
    }

    pub(super) fn unregister_in(
        &self,
        state: &mut State,
        removal: &Removal,
    ) -> Result<Entry, RegistryError> {
        self.available()?;
        let keys = state.keys(&removal.key.scope)?;
        let index = state.find(&removal.key, removal.process);
        let index = match (keys, removal.process) {
            (Keys::Duplicate, None) => {
                return Err(RegistryError::Unsupported {
                    operation: "unregister".into(),
                    why: "a group needs a process".into(),
                });
            }
            (Keys::Duplicate, Some(process)) => index.ok_or(RegistryError::NotJoined {
                key: removal.key.clone(),
                process,
            })?,
            (Keys::Unique, _) => index.ok_or(RegistryError::NotRegistered {
                key: removal.key.clone(),
            })?,
        };
        self.check_owner(&state.rows[index].entry, removal.by)?;
        let entry = state.rows.remove(index).entry;
        self.host.changed(&[Change::Unregistered {
            entry: entry.clone(),
            cause: Cause::Unregistered,
        }]);
        Ok(entry)
    }
}

impl State {
    pub(super) fn keys(&self, scope: &str) -> Result<Keys, RegistryError> {
        self.scopes
            .get(scope)
            .copied()
            .ok_or_else(|| unknown(scope))
    }

    /// The oldest row of a key.
    fn find(&self, key: &Key, process: Option<ProcessId>) -> Option<usize> {
        let mut rows = self.rows.iter();
        rows.position(|row| {
            row.entry.key == *key && process.is_none_or(|process| process == row.entry.process)
        })
    }

    pub(super) fn entry(
        &mut self,
        key: Key,
        process: ProcessId,
        metadata: Metadata,
        handle: Option<crate::registry::Handle>,
    ) -> Entry {
        self.revision += 1;
        Entry {
            key,
            process,
            metadata,
            revision: self.revision,
            handle,
        }
    }

    pub(super) fn select(&self, scope: &str, query: &Query) -> Result<Vec<Entry>, RegistryError> {
        self.keys(scope)?;
        let rows = self.rows.iter().map(|row| &row.entry);
        let found = rows.filter(|entry| &*entry.key.scope == scope && query.matches(entry));
        let mut found: Vec<_> = found.cloned().collect();
        sort(&mut found);
        found.truncate(query.most().unwrap_or(usize::MAX));
        Ok(found)
    }
}

pub(super) fn unknown(scope: &str) -> RegistryError {
    let scope = scope.into();
    RegistryError::UnknownScope { scope }
}

fn sort(entries: &mut [Entry]) {
    entries.sort_by(|one, other| {
        (&one.key, one.process, one.revision).cmp(&(&other.key, other.process, other.revision))
    });
}

impl std::fmt::Debug for Naive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Naive")
    }
}
