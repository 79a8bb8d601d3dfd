//! What local callers ask of a replica. Answered at once, from what this node knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::conflict::Claim;
use super::effect::Effect;
use super::meta::Written;
use super::replica::Replica;
use super::row::{Row, ScopeClaim, Step};
use super::view::Contender;
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::change::Cause;
use crate::registry::entry::Entry;
use crate::registry::error::RegistryError;
use crate::registry::key::{Key, Keys};
use crate::registry::local::{may_change, revised};
use crate::registry::metadata::Value;
use crate::registry::operation::{Registered, Registration, Removal, Update, Updated};
use crate::registry::query::Query;

/// Says whether a process of this node may be registered.
pub(super) type Admits<'a> = &'a dyn Fn(ProcessId) -> bool;

type Answer<T> = Result<T, RegistryError>;

impl Replica {
    /// Opens a scope here.
    pub(super) fn open_scope(&mut self, scope: &Label, keys: Keys) -> Answer<()> {
        self.serves()?;
        let known = self.view.keys(scope);
        if let Some(known) = known.filter(|known| *known != keys) {
            let (scope, keys) = (scope.clone(), known);
            return Err(RegistryError::ScopeExists { scope, keys });
        }
        if !self.own.scopes.contains_key(scope) {
            self.claim_scope(scope, keys)?;
        }
        self.resolve();
        Ok(())
    }

    fn claim_scope(&mut self, scope: &Label, keys: Keys) -> Answer<()> {
        let limit = self.config.scopes_max;
        if self.own.scopes.len() >= limit {
            let what = "scopes".into();
            return Err(RegistryError::LimitReached { what, limit });
        }
        self.closed.retain(|closed| closed != scope);
        let stamp = self.stamp();
        let claim = ScopeClaim { keys, stamp };
        let scope = scope.clone();
        self.commit(Step::ScopeOpened { scope, claim });
        Ok(())
    }

    /// Closes a scope here: own rows in it go everywhere, others are no longer seen.
    pub(super) fn close_scope(&mut self, scope: &Label) -> Answer<usize> {
        self.serves()?;
        self.keys(scope)?;
        let closed = self.view.close(scope, &mut self.out);
        self.remember_closed(scope);
        if self.own.scopes.contains_key(scope) {
            let scope = scope.clone();
            self.commit(Step::ScopeClosed { scope });
        }
        Ok(closed)
    }

    pub(super) fn register(
        &mut self,
        wanted: Registration,
        admits: Admits<'_>,
    ) -> Answer<Registered> {
        let checked = self.check(&wanted, &BTreeMap::new(), admits);
        if let Err(RegistryError::AlreadyRegistered { key, holder }) = &checked {
            self.refused(key, wanted.process, *holder);
        }
        checked?;
        Ok(self.enter(wanted))
    }

    /// All, or none and the first that could not.
    pub(super) fn register_all(
        &mut self,
        wanted: Vec<Registration>,
        admits: Admits<'_>,
    ) -> Result<Vec<Registered>, (usize, RegistryError)> {
        let mut taken = BTreeMap::new();
        for (index, registration) in wanted.iter().enumerate() {
            if let Err(error) = self.check(registration, &taken, admits) {
                // A row that another row of the batch excludes has found no holder.
                if let RegistryError::AlreadyRegistered { key, holder } = &error
                    && !taken.contains_key(key)
                {
                    self.refused(key, registration.process, *holder);
                }
                return Err((index, error));
            }
            taken.insert(registration.key.clone(), registration.process);
        }
        Ok(wanted
            .into_iter()
            .map(|wanted| self.enter(wanted))
            .collect())
    }

    fn refused(&mut self, key: &Key, process: ProcessId, holder: ProcessId) {
        self.counts.refused += 1;
        self.out.push(Effect::Fact(RegistryEvent::NameRefused {
            registry: self.registry.clone(),
            key: key.clone(),
            process,
            holder,
        }));
    }

    /// Whether a registration is possible after those of `taken`, which come before it.
    fn check(
        &self,
        wanted: &Registration,
        taken: &BTreeMap<Key, ProcessId>,
        admits: Admits<'_>,
    ) -> Answer<()> {
        self.serves()?;
        let (key, process) = (&wanted.key, wanted.process);
        let keys = self.keys(&key.scope)?;
        if process.node != self.me.node {
            return Err(RegistryError::NotLocal { process });
        }
        self.may(key, process, wanted.by)?;
        // A process of an earlier incarnation has ended with it.
        if process.incarnation != self.me.incarnation || !admits(process) {
            return Err(RegistryError::NoProcess { process });
        }
        if keys == Keys::Unique {
            let seen = self.view.contenders(key).first();
            let holder = taken.get(key).copied();
            let holder = holder.or_else(|| seen.map(|seen| seen.row.claim.process));
            match holder {
                Some(holder) if holder != process => {
                    let key = key.clone();
                    return Err(RegistryError::AlreadyRegistered { key, holder });
                }
                // Registered again: nothing is added.
                Some(_) => return Ok(()),
                None => {}
            }
        }
        let limit = self.config.entries_max;
        if self.own.rows.len() + taken.len() >= limit {
            let what = "registrations of this node".into();
            return Err(RegistryError::LimitReached { what, limit });
        }
        let scopes = self.config.scopes_max;
        if !self.own.scopes.contains_key(&key.scope) && self.own.scopes.len() >= scopes {
            let (what, limit) = ("scopes".into(), scopes);
            return Err(RegistryError::LimitReached { what, limit });
        }
        Ok(())
    }

    /// Carries out a registration that was checked.
    fn enter(&mut self, wanted: Registration) -> Registered {
        let key = wanted.key;
        let keys = self.view.keys(&key.scope).unwrap_or(Keys::Unique);
        if !self.own.scopes.contains_key(&key.scope) {
            // Known from others so far; rows need a scope of their owner.
            let (scope, stamp) = (key.scope.clone(), self.stamp());
            let claim = ScopeClaim { keys, stamp };
            self.commit(Step::ScopeOpened { scope, claim });
        }
        let known = self.view.contenders(&key).first();
        if let Some(known) = known.filter(|_| keys == Keys::Unique) {
            let number = known.row.number;
            self.refresh(number, wanted.handle.clone());
            let same = self.own.rows.get(&number).map(|row| &row.metadata);
            if same != Some(&wanted.metadata) {
                let metadata = wanted.metadata;
                self.commit(Step::Updated {
                    row: number,
                    metadata,
                });
            }
            let entry = self.own_entry(&key, number);
            return Registered {
                entry,
                fresh: false,
            };
        }
        let stamp = self.stamp();
        let number = self.own.sequence + 1;
        let claim = Claim::new(key.clone(), wanted.process, wanted.priority, stamp);
        self.commit(Step::Registered(Arc::new(Row {
            number,
            claim,
            metadata: wanted.metadata,
            handle: wanted.handle,
        })));
        let entry = self.own_entry(&key, number);
        Registered { entry, fresh: true }
    }

    /// Gives local callers another handle.
    fn refresh(&mut self, number: u64, handle: Option<crate::registry::entry::Handle>) {
        let Some(row) = self.own.rows.get_mut(&number) else {
            return;
        };
        Arc::make_mut(row).handle = handle;
        let row = row.clone();
        self.view.replace(self.me.node, row, false, &mut self.out);
    }

    /// An own row as readers see it; one that is in the view, as every own row of a
    /// caller is.
    fn own_entry(&self, key: &Key, number: u64) -> Entry {
        let own = self.view.contenders(key).iter();
        let own = own.filter(|it| it.owner == self.me.node && it.row.number == number);
        own.filter_map(Contender::entry)
            .next()
            .expect("readers see what was just registered")
    }

    pub(super) fn unregister(&mut self, removal: &Removal) -> Answer<Entry> {
        self.serves()?;
        let keys = self.keys(&removal.key.scope)?;
        let held = match keys {
            Keys::Unique => self.owned(&removal.key, removal.process, removal.by)?,
            Keys::Duplicate => self.joined(removal)?,
        };
        let number = held.row.number;
        let entry = self.own_entry(&removal.key, number);
        let cause = Cause::Unregistered;
        self.commit(Step::Removed { row: number, cause });
        Ok(entry)
    }

    /// The own registration of a unique name, if whoever asks may change it and it is
    /// held by whom they think.
    fn owned(
        &self,
        key: &Key,
        expected: Option<ProcessId>,
        by: Option<ProcessId>,
    ) -> Answer<&Contender> {
        let held = self.view.contenders(key).first();
        let held = held.ok_or_else(|| RegistryError::NotRegistered { key: key.clone() })?;
        let holder = held.row.claim.process;
        self.may(key, holder, by)?;
        if expected.is_some_and(|expected| expected != holder) {
            let (key, actual) = (key.clone(), held.row.metadata.clone());
            return Err(RegistryError::Changed { key, actual });
        }
        self.is_own(held)?;
        Ok(held)
    }

    fn is_own(&self, held: &Contender) -> Answer<()> {
        let process = held.row.claim.process;
        match held.owner == self.me.node {
            true => Ok(()),
            false => Err(RegistryError::NotLocal { process }),
        }
    }

    fn joined(&self, removal: &Removal) -> Answer<&Contender> {
        let key = removal.key.clone();
        let Some(process) = removal.process else {
            let why = "a group is left by a process, and none was named";
            return Err(unsupported("unregister", why));
        };
        let joins = self.view.contenders(&key).iter();
        let joins = joins.filter(|it| it.row.claim.process == process);
        let oldest = joins.min_by_key(|it| it.row.number);
        let oldest = oldest.ok_or(RegistryError::NotJoined { key, process })?;
        self.may(&removal.key, process, removal.by)?;
        self.is_own(oldest)?;
        Ok(oldest)
    }

    /// Takes away what `owner` holds and the query means. Answers what went.
    pub(super) fn unregister_matching(
        &mut self,
        scope: &Label,
        query: &Query,
        owner: ProcessId,
    ) -> Answer<Vec<Entry>> {
        self.serves()?;
        self.keys(scope)?;
        let rows = self.held.get(&owner).into_iter().flatten();
        let rows = rows.filter_map(|number| self.own.rows.get(number));
        let inside = rows.filter(|row| row.claim.key.scope == *scope);
        let entries = inside.map(|row| (row.number, self.own_entry(&row.claim.key, row.number)));
        let mut entries: Vec<_> = entries.filter(|(_, entry)| query.matches(entry)).collect();
        entries.sort_by(|(_, one), (_, other)| {
            (&one.key, one.revision).cmp(&(&other.key, other.revision))
        });
        entries.truncate(query.most().unwrap_or(usize::MAX));
        for (row, _) in &entries {
            let (row, cause) = (*row, Cause::Unregistered);
            self.commit(Step::Removed { row, cause });
        }
        Ok(entries.into_iter().map(|(_, entry)| entry).collect())
    }

    pub(super) fn update(&mut self, update: Update) -> Answer<Updated> {
        self.serves()?;
        let key = update.key;
        if self.keys(&key.scope)? == Keys::Duplicate {
            let why = "the metadata of a group's member stay as they were joined with";
            return Err(unsupported("update", why));
        }
        let held = self.owned(&key, update.process, update.by)?;
        let (number, before) = (held.row.number, held.row.metadata.clone());
        let metadata = revised(&key, update.revision, &before)?;
        if metadata != before {
            let row = number;
            self.commit(Step::Updated { row, metadata });
        }
        let entry = self.own_entry(&key, number);
        Ok(Updated { entry, before })
    }

    pub(super) fn process_exited(&mut self, process: ProcessId) {
        if self.ended {
            return;
        }
        let rows = self.held.get(&process).cloned().unwrap_or_default();
        for row in rows {
            let cause = Cause::Exited;
            self.commit(Step::Removed { row, cause });
        }
    }

    /// Lets go of every own name, so that others can have it at once, and takes none any
    /// more. Answers how many there were.
    pub(super) fn hand_over(&mut self) -> usize {
        self.handed_over = true;
        let rows: Vec<_> = self.own.rows.keys().copied().collect();
        for row in &rows {
            let (row, cause) = (*row, Cause::NodeGone);
            self.commit(Step::Removed { row, cause });
        }
        rows.len()
    }

    pub(super) fn write_meta(
        &mut self,
        field: Label,
        value: Option<Value>,
    ) -> Answer<Option<Value>> {
        self.serves()?;
        let limit = self.config.meta_max;
        let before = self.meta.get(&field).cloned();
        if !self.meta.knows(&field) {
            if value.is_none() {
                return Ok(None);
            }
            if self.meta.len() >= limit {
                let what = "fields of the registry".into();
                return Err(RegistryError::LimitReached { what, limit });
            }
        }
        self.clock = self.clock.max(self.meta.clock());
        self.write_field(field, value);
        Ok(before)
    }

    /// Writes a field of the registry as of now, or forgets it, and lets the others know.
    pub(super) fn write_field(&mut self, field: Label, value: Option<Value>) {
        let written = Written {
            stamp: self.stamp(),
            origin: self.me,
            value,
        };
        self.meta_unsent.insert(field.clone());
        self.meta.merge(field, written);
    }

    fn serves(&self) -> Answer<()> {
        let why = match (self.ended, self.handed_over) {
            (false, false) => return Ok(()),
            (true, _) => "the replica has ended",
            (false, true) => "this node has handed its names over",
        };
        Err(RegistryError::Unavailable { why: why.into() })
    }

    fn keys(&self, scope: &Label) -> Answer<Keys> {
        let scope = scope.clone();
        let keys = self.view.keys(&scope);
        keys.ok_or(RegistryError::UnknownScope { scope })
    }

    /// In owner-only mode, only the holder may ask.
    fn may(&self, key: &Key, holder: ProcessId, by: Option<ProcessId>) -> Answer<()> {
        may_change(self.config.owner_only, key, holder, by)
    }
}

fn unsupported(operation: &str, why: &str) -> RegistryError {
    RegistryError::Unsupported {
        operation: operation.into(),
        why: why.into(),
    }
}
