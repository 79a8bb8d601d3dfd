//! The registrations of one partition: pure, without locks and rules.
//!
//! Everything that is stored twice (the map that readers see, names in order, rows by
//! holder, indexes, counts) is changed here, together, and nowhere else. Whether a
//! process lives, and who may change what, is not known here; processes of other
//! nodes are as welcome as those of this one.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use super::hash::KeyHash;
use super::holdings::{Held, Holdings};
use super::index::Posting;
use super::key_map::Probe;
use super::members::Members;
use super::names::{Names, Seen, Slot};
use super::row::{NewRow, Row};
use super::scope::Scope;
use super::size::Size;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::{Entry, Key, Keys};

/// The registrations of one partition.
pub(crate) struct Table {
    pub(super) names: Names,
    pub(super) scopes: BTreeMap<Label, Scope>,
    pub(super) holdings: Holdings,
    pub(super) size: Size,
    indexed: Arc<[Label]>,
}

impl Table {
    /// An empty one, with indexes over these fields.
    pub(crate) fn new(hash: Arc<KeyHash>, indexed: Arc<[Label]>) -> Self {
        Self {
            names: Names::new(hash),
            scopes: BTreeMap::new(),
            holdings: Holdings::new(),
            size: Size::default(),
            indexed,
        }
    }

    /// What readers see, also without the lock of the table.
    pub(crate) const fn names(&self) -> &Names {
        &self.names
    }

    /// A key to look for.
    pub(crate) fn probe<'a>(&self, key: &'a Key) -> Probe<'a> {
        self.names.map().probe(&key.scope, &key.name)
    }

    /// Opens a scope, unless it exists.
    pub(crate) fn open_scope(&mut self, label: &Label, keys: Keys) {
        let indexed = &self.indexed;
        self.scopes
            .entry(label.clone())
            .or_insert_with_key(|label| Scope::new(label.clone(), keys, indexed));
    }

    /// Closes a scope. Answers what was registered in it, in order.
    pub(crate) fn close_scope(&mut self, label: &str) -> Vec<Entry> {
        let gone = self.entries_of(label);
        for entry in &gone {
            self.remove(&entry.key, entry.process, entry.revision);
        }
        self.scopes.remove(label);
        gone
    }

    /// Lets go of everything, scopes too. Answers what kept handles alive.
    pub(crate) fn clear(&mut self) -> Holdings {
        self.names.map().clear();
        self.scopes.clear();
        self.size = Size::default();
        mem::replace(&mut self.holdings, Holdings::new())
    }

    /// A scope.
    pub(crate) fn scope(&self, label: &str) -> Option<&Scope> {
        self.scopes.get(label)
    }

    /// All scopes, in the order of their names.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = (Label, Keys)> {
        let scopes = self.scopes.values();
        scopes.map(|scope| (scope.label.clone(), scope.keys))
    }

    /// How many names a scope has, and how many registrations.
    pub(crate) fn scope_counts(&self, label: &str) -> (usize, usize) {
        let scope = self.scopes.get(label);
        scope.map_or((0, 0), |scope| (scope.names.len(), scope.entries))
    }

    /// Who holds a unique name.
    pub(crate) fn holder(&self, probe: Probe<'_>) -> Option<ProcessId> {
        match self.names.holder(probe) {
            Seen::One(process) => Some(process),
            Seen::Group | Seen::Nothing => None,
        }
    }

    /// The registration of a unique name.
    pub(crate) fn entry(&self, probe: Probe<'_>) -> Option<Entry> {
        match self.names.entry(probe) {
            Seen::One(entry) => Some(entry),
            Seen::Group | Seen::Nothing => None,
        }
    }

    /// The rank in conflicts of a registration.
    pub(crate) fn priority(&self, entry: &Entry) -> i32 {
        let seen = self
            .names
            .map()
            .read(self.probe(&entry.key), |_, slot| match slot {
                Slot::One(row) => Some(row.priority),
                Slot::Group(members) => {
                    let member = members.get((entry.process, entry.revision));
                    member.map(|row| row.priority)
                }
            });
        seen.flatten().unwrap_or_default()
    }

    /// The oldest membership of a process in a group.
    pub(crate) fn membership(&self, probe: Probe<'_>, process: ProcessId) -> Option<Entry> {
        let seen = self.names.map().read(probe, |key, slot| match slot {
            Slot::One(_) => None,
            Slot::Group(members) => members.first_of(process)?.entry(key),
        });
        seen.flatten()
    }

    /// Adds a registration: of a unique name that is free, or to a group.
    ///
    /// # Panics
    ///
    /// If the scope does not exist or the unique name is not free.
    pub(crate) fn add(&mut self, key: &Key, new: NewRow) -> Entry {
        let scope = self.scopes.get_mut(&key.scope);
        let scope = scope.expect("whoever adds has looked the scope up");
        let key = Key {
            scope: scope.label.clone(),
            name: key.name.clone(),
        };
        let probe = self.names.map().probe(&key.scope, &key.name);
        let row = Row::of(&new);
        let (slot, first) = match scope.keys {
            Keys::Unique => {
                let held = self.names.map().read(probe, |_, _| ()).is_some();
                assert!(!held, "{key} was added while it was held");
                (Slot::One(row), true)
            }
            Keys::Duplicate => {
                let before = members(&self.names, probe);
                let first = before.is_empty();
                (Slot::Group(before.with(row)), first)
            }
        };
        let (held, posting) = references(scope.keys, &key, new.process, new.revision);
        let entry = entry(&key, &new);
        if first {
            scope.names.insert(key.name.clone());
            self.size.add_name(&key);
        }
        scope.entries += 1;
        scope.index.add(&posting, &new.metadata);
        self.size.add_row(scope.keys, &new.metadata);
        self.names.put(probe.hash, key.clone(), slot);
        self.holdings.put(held, new.handle);
        entry
    }

    /// Replaces what is stored of a unique name; the holder stays.
    ///
    /// # Panics
    ///
    /// If the process does not hold the name.
    pub(crate) fn replace(&mut self, before: &Entry, new: NewRow) -> Entry {
        let key = &before.key;
        let scope = self.scopes.get_mut(&key.scope);
        let scope = scope.expect("a registration lies in a scope");
        let probe = self.names.map().probe(&key.scope, &key.name);
        assert_eq!(before.process, new.process, "the holder of {key} stays");
        let (held, posting) = references(scope.keys, key, new.process, new.revision);
        scope.index.remove(&posting, &before.metadata);
        scope.index.add(&posting, &new.metadata);
        self.size.remove_row(scope.keys, &before.metadata);
        self.size.add_row(scope.keys, &new.metadata);
        let entry = entry(key, &new);
        let slot = Slot::One(Row::of(&new));
        self.names.put(probe.hash, key.clone(), slot);
        self.holdings.put(held, new.handle);
        entry
    }

    /// Removes a registration. Answers it as it was; `None` if there is none such.
    pub(crate) fn remove(&mut self, key: &Key, process: ProcessId, revision: u64) -> Option<Entry> {
        let scope = self.scopes.get_mut(&key.scope)?;
        let probe = self.names.map().probe(&key.scope, &key.name);
        let seen = self.names.map().read(probe, |key, slot| match slot {
            Slot::One(row) => {
                let is_it = (row.process, row.revision) == (process, revision);
                is_it.then(|| (row.entry(key), Members::default()))
            }
            Slot::Group(members) => {
                let row = members.get((process, revision))?;
                Some((row.entry(key), members.without((process, revision))))
            }
        });
        let (entry, rest) = seen.flatten()?;
        let entry = entry.expect("the handle of a registration is kept while it is there");
        let (held, posting) = references(scope.keys, &entry.key, process, revision);
        if rest.is_empty() {
            self.names.map().remove(probe);
            scope.names.remove(&key.name);
            self.size.remove_name(key);
        } else {
            let rest = Slot::Group(rest);
            self.names.put(probe.hash, entry.key.clone(), rest);
        }
        scope.entries -= 1;
        scope.index.remove(&posting, &entry.metadata);
        self.size.remove_row(scope.keys, &entry.metadata);
        self.holdings.remove(&held);
        Some(entry)
    }

    /// Removes all registrations of a process. Answers them in the order of keys.
    pub(crate) fn remove_process(&mut self, process: ProcessId) -> Vec<Entry> {
        let held: Vec<Held> = self.holdings.of(process).cloned().collect();
        let gone = held.iter().filter_map(|held| {
            let revision = self.revision(held)?;
            self.remove(&held.key, process, revision)
        });
        gone.collect()
    }

    /// The registrations of a scope, in the order of name, process and revision.
    pub(crate) fn entries_of(&self, scope: &str) -> Vec<Entry> {
        let names = self.scopes.get(scope).into_iter().flat_map(|s| &s.names);
        let probes = names.map(|name| self.names.map().probe(scope, name));
        probes.flat_map(|probe| self.names.entries(probe)).collect()
    }

    /// How many registrations there are, and how many processes hold them.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.holdings.len(), self.holdings.processes())
    }

    /// What a process holds, in order; a group as often as it was joined.
    pub(crate) fn held_by(&self, process: ProcessId) -> impl Iterator<Item = &Key> {
        self.holdings.of(process).map(|held| &held.key)
    }

    /// What it takes up, in bytes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let scopes = self.scopes.values();
        let values = scopes.clone().map(|scope| scope.index.values()).sum();
        let postings = scopes.map(|scope| scope.index.postings()).sum();
        self.size.bytes(values, postings)
    }

    /// The revision of a registration that a process holds.
    pub(super) fn revision(&self, held: &Held) -> Option<u64> {
        if held.join != 0 {
            return Some(held.join);
        }
        let seen = self
            .names
            .map()
            .read(self.probe(&held.key), |_, slot| match slot {
                Slot::One(row) => Some(row.revision),
                Slot::Group(_) => None,
            });
        seen.flatten()
    }
}

fn members(names: &Names, probe: Probe<'_>) -> Members {
    let seen = names.map().read(probe, |_, slot| match slot {
        Slot::One(_) => Members::default(),
        Slot::Group(members) => members.clone(),
    });
    seen.unwrap_or_default()
}

fn entry(key: &Key, new: &NewRow) -> Entry {
    Entry {
        key: key.clone(),
        process: new.process,
        metadata: new.metadata.clone(),
        revision: new.revision,
        handle: new.handle.clone(),
    }
}

/// How a registration is known by holder and by index.
fn references(keys: Keys, key: &Key, process: ProcessId, revision: u64) -> (Held, Posting) {
    let join = match keys {
        Keys::Unique => 0,
        Keys::Duplicate => revision,
    };
    let held = Held {
        process,
        key: key.clone(),
        join,
    };
    let posting = Posting {
        name: key.name.clone(),
        process,
        join,
    };
    (held, posting)
}
