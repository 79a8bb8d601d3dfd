//! How registrations of local backends change.

use std::collections::BTreeMap;
use std::sync::MutexGuard;
use std::sync::atomic::Ordering;

use super::partition::State;
use super::row::NewRow;
use super::rules::{self, Place};
use super::store::Local;
use super::update::revised;
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::{
    Cause, Change, Entry, Key, Keys, Query, Registered, Registration, RegistryError, Removal,
    Update, Updated,
};

impl Local {
    pub(super) fn open(&self, scope: &Label, keys: Keys) -> Result<(), RegistryError> {
        let mut states = self.lock_all();
        self.serves()?;
        if let Some(known) = states[0].table.scope(scope) {
            return match known.keys {
                same if same == keys => Ok(()),
                other => Err(RegistryError::ScopeExists {
                    scope: scope.clone(),
                    keys: other,
                }),
            };
        }
        if states[0].table.scopes.len() >= self.options.scopes_max {
            return Err(RegistryError::LimitReached {
                what: "the number of scopes".into(),
                limit: self.options.scopes_max,
            });
        }
        self.open_locked(&mut states, scope, keys);
        self.host.announce(RegistryEvent::ScopeOpened {
            registry: self.host.registry().clone(),
            scope: scope.clone(),
            keys,
        });
        Ok(())
    }

    pub(super) fn open_locked(
        &self,
        states: &mut [MutexGuard<'_, State>],
        scope: &Label,
        keys: Keys,
    ) {
        for state in states {
            state.table.open_scope(scope, keys);
        }
        let key = Key::new(scope, "");
        self.scopes.put(self.probe(scope, "").hash, key, keys, ());
    }

    pub(super) fn close(&self, scope: &Label) -> Result<usize, RegistryError> {
        let mut changes = Vec::new();
        let mut states = self.lock_all();
        self.serves()?;
        rules::keys(&states[0].table, scope)?;
        let mut gone = Vec::new();
        for state in &mut states {
            let closed = state.table.close_scope(scope);
            state.removed += closed.len() as u64;
            gone.extend(closed);
        }
        self.scopes.remove(self.probe(scope, ""));
        sort(&mut gone);
        let count = gone.len();
        self.entries.fetch_sub(count, Ordering::Relaxed);
        self.tell_gone(&mut changes, gone, &Cause::ScopeClosed);
        self.host.announce(RegistryEvent::ScopeClosed {
            registry: self.host.registry().clone(),
            scope: scope.clone(),
        });
        // What users gave is dropped after the locks.
        drop(states);
        Ok(count)
    }

    pub(super) fn register_one(&self, wanted: &Registration) -> Result<Registered, RegistryError> {
        let mut state = self.partition_of(&wanted.key).lock();
        self.serves()?;
        rules::keys(&state.table, &wanted.key.scope)?;
        rules::may_register(&*self.host, &self.options, wanted)?;
        let place = match rules::place(&state.table, &wanted.key, wanted.process) {
            Ok(place) => place,
            Err(error) => return Err(self.refused(&mut state, wanted, error)),
        };
        if matches!(place, Place::Free) {
            self.reserve(1)?;
        }
        let (registered, change) = self.settle(&mut state, wanted, &place);
        self.tell(change.as_slice());
        // What users gave, such as the handle before, is dropped after the lock.
        drop(state);
        Ok(registered)
    }

    pub(super) fn register_many(
        &self,
        wanted: &[Registration],
    ) -> Result<Vec<Registered>, (usize, RegistryError)> {
        let number = |key: &Key| self.number(self.probe(&key.scope, &key.name).hash);
        let numbers: Vec<usize> = wanted.iter().map(|wanted| number(&wanted.key)).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let (mut places, mut changes) = (Vec::with_capacity(wanted.len()), Vec::new());
        let lock = |number: usize| (number, self.partitions[number].lock());
        let mut states: BTreeMap<usize, _> = sorted.into_iter().map(lock).collect();
        self.serves().map_err(|error| (0, error))?;
        let mut fresh = 0;
        let mut taken: BTreeMap<&Key, ProcessId> = BTreeMap::new();
        for (row, (wanted, number)) in wanted.iter().zip(&numbers).enumerate() {
            let state = states.get_mut(number).expect("every partition is locked");
            match self.may_join_batch(state, wanted, &mut taken) {
                Ok(one) => fresh += usize::from(one),
                Err(error) => {
                    self.entries.fetch_sub(fresh, Ordering::Relaxed);
                    return Err((row, self.refused(state, wanted, error)));
                }
            }
        }
        let mut registered = Vec::with_capacity(wanted.len());
        for (wanted, number) in wanted.iter().zip(&numbers) {
            let state = states.get_mut(number).expect("every partition is locked");
            let place = rules::place(&state.table, &wanted.key, wanted.process);
            let place = place.expect("the batch was checked under the same locks");
            let (done, change) = self.settle(state, wanted, &place);
            registered.push(done);
            changes.extend(change);
            places.push(place);
        }
        self.tell(&changes);
        drop(states);
        Ok(registered)
    }

    /// Whether a row of a batch may happen after those before it, and whether it is a
    /// new registration. Then there is room for it.
    fn may_join_batch<'a>(
        &self,
        state: &State,
        wanted: &'a Registration,
        taken: &mut BTreeMap<&'a Key, ProcessId>,
    ) -> Result<bool, RegistryError> {
        let keys = rules::keys(&state.table, &wanted.key.scope)?;
        rules::may_register(&*self.host, &self.options, wanted)?;
        let place = rules::place(&state.table, &wanted.key, wanted.process)?;
        let before = match keys {
            Keys::Unique => taken.insert(&wanted.key, wanted.process),
            Keys::Duplicate => None,
        };
        match before {
            Some(same) if same == wanted.process => Ok(false),
            Some(other) => Err(rules::already_registered(&wanted.key, other)),
            None if matches!(place, Place::Own(_)) => Ok(false),
            None => self.reserve(1).map(|()| true),
        }
    }

    /// Stores a registration that may happen, and for which there is room.
    fn settle(
        &self,
        state: &mut State,
        wanted: &Registration,
        place: &Place,
    ) -> (Registered, Option<Change>) {
        let priority = match place {
            Place::Free => wanted.priority,
            Place::Own(own) => state.table.priority(own),
        };
        let new = |revision| NewRow {
            process: wanted.process,
            metadata: wanted.metadata.clone(),
            revision,
            priority,
            handle: wanted.handle.clone(),
        };
        match place {
            Place::Free => {
                let entry = state.table.add(&wanted.key, new(self.next_revision()));
                state.registered += 1;
                let change = Change::Registered(entry.clone());
                (Registered { entry, fresh: true }, Some(change))
            }
            Place::Own(own) => {
                let changed = own.metadata != wanted.metadata;
                let revision = if changed {
                    self.next_revision()
                } else {
                    own.revision
                };
                let entry = state.table.replace(own, new(revision));
                let change = changed.then(|| Change::Updated {
                    entry: entry.clone(),
                    before: own.metadata.clone(),
                });
                (
                    Registered {
                        entry,
                        fresh: false,
                    },
                    change,
                )
            }
        }
    }

    /// Counts and announces a refusal, if it was one because of another holder. A row
    /// of a batch that another row of it excludes has found no holder.
    fn refused(
        &self,
        state: &mut State,
        wanted: &Registration,
        error: RegistryError,
    ) -> RegistryError {
        if let RegistryError::AlreadyRegistered { key, holder } = &error
            && rules::place(&state.table, key, wanted.process).is_err()
        {
            state.refused += 1;
            self.host.announce(RegistryEvent::NameRefused {
                registry: self.host.registry().clone(),
                key: key.clone(),
                process: wanted.process,
                holder: *holder,
            });
        }
        error
    }

    pub(super) fn unregister_one(&self, removal: &Removal) -> Result<Entry, RegistryError> {
        let mut state = self.partition_of(&removal.key).lock();
        self.serves()?;
        let entry = rules::removed(&state.table, &self.options, removal)?;
        self.remove(&mut state, &entry);
        let change = Change::Unregistered {
            entry: entry.clone(),
            cause: Cause::Unregistered,
        };
        self.host.changed(std::slice::from_ref(&change));
        drop(state);
        Ok(entry)
    }

    pub(super) fn unregister_query(
        &self,
        scope: &Label,
        query: &Query,
        owner: ProcessId,
    ) -> Result<Vec<Entry>, RegistryError> {
        let mut changes = Vec::new();
        let mut states = self.lock_all();
        self.serves()?;
        rules::keys(&states[0].table, scope)?;
        if query.holder().is_some_and(|holder| holder != owner) {
            return Ok(Vec::new());
        }
        let gone = self.select_locked(&states, scope, &query.clone().held_by(owner));
        for entry in &gone {
            let number = self.number(self.probe(scope, &entry.key.name).hash);
            self.remove(&mut states[number], entry);
        }
        self.tell_gone(&mut changes, gone.clone(), &Cause::Unregistered);
        drop(states);
        Ok(gone)
    }

    pub(super) fn update_one(&self, update: Update) -> Result<Updated, RegistryError> {
        let mut state = self.partition_of(&update.key).lock();
        self.serves()?;
        let before = rules::updated(&state.table, &self.options, &update)?;
        let metadata = revised(&update.key, update.revision, &before.metadata)?;
        if metadata == before.metadata {
            let updated = Updated {
                entry: before,
                before: metadata,
            };
            return Ok(updated);
        }
        let new = NewRow {
            process: before.process,
            metadata,
            revision: self.next_revision(),
            priority: state.table.priority(&before),
            handle: before.handle.clone(),
        };
        let entry = state.table.replace(&before, new);
        let change = Change::Updated {
            entry: entry.clone(),
            before: before.metadata.clone(),
        };
        self.host.changed(std::slice::from_ref(&change));
        drop(state);
        Ok(Updated {
            entry,
            before: before.metadata,
        })
    }

    pub(super) fn remove_process(&self, process: ProcessId) {
        for partition in &self.partitions {
            let mut changes = Vec::new();
            let mut state = partition.lock();
            if self.serves().is_err() {
                return;
            }
            let gone = state.table.remove_process(process);
            state.removed += gone.len() as u64;
            self.entries.fetch_sub(gone.len(), Ordering::Relaxed);
            self.tell_gone(&mut changes, gone, &Cause::Exited);
            drop(state);
        }
    }

    fn remove(&self, state: &mut State, entry: &Entry) {
        let gone = state
            .table
            .remove(&entry.key, entry.process, entry.revision);
        assert!(
            gone.is_some(),
            "{} was found under the same lock",
            entry.key
        );
        state.removed += 1;
        self.entries.fetch_sub(1, Ordering::Relaxed);
    }

    /// Tells of registrations that went, as one batch; none is no batch.
    fn tell_gone(&self, changes: &mut Vec<Change>, gone: Vec<Entry>, cause: &Cause) {
        changes.extend(gone.into_iter().map(|entry| Change::Unregistered {
            entry,
            cause: cause.clone(),
        }));
        self.tell(changes);
    }

    fn tell(&self, changes: &[Change]) {
        if !changes.is_empty() {
            self.host.changed(changes);
        }
    }
}

/// The order of answers: name, process, revision.
pub(super) fn sort(entries: &mut [Entry]) {
    entries.sort_by(|one, other| {
        let of = |entry: &Entry| (entry.process, entry.revision);
        one.key
            .name
            .cmp(&other.key.name)
            .then_with(|| of(one).cmp(&of(other)))
    });
}
