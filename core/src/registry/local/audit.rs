//! Compares what a table stores twice.

use std::collections::{BTreeMap, BTreeSet};

use super::holdings::Held;
use super::index::{Posting, terms};
use super::names::Slot;
use super::scope::Scope;
use super::size::Size;
use super::table::Table;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::{Entry, Keys};

impl Table {
    /// Whether the counts agree, which costs next to nothing; says which do not.
    pub(crate) fn counts_agree(&self) -> Result<(), Label> {
        let scopes = self.scopes.values();
        let names: usize = scopes.clone().map(|scope| scope.names.len()).sum();
        let entries: usize = scopes.map(|scope| scope.entries).sum();
        let (map, held) = (self.names.map().len(), self.holdings.len());
        let size = (self.size.names, self.size.rows);
        if (map, held, size) == (names, entries, (names, entries)) {
            return Ok(());
        }
        Err(format!(
            "{names} names in order and {map} in the map, {entries} registrations in scopes and \
             {held} by holder, sizes of {} and {}",
            size.0, size.1
        )
        .into())
    }

    /// Everything that does not agree, in words. `lives` says whether a process may
    /// hold something.
    pub(crate) fn audit(&self, lives: &dyn Fn(ProcessId) -> bool) -> Vec<Label> {
        let mut complaints: Vec<Label> = self.counts_agree().err().into_iter().collect();
        let mut forward = BTreeSet::new();
        let mut size = Size::default();
        for scope in self.scopes.values() {
            let entries = self.entries_of(&scope.label);
            self.audit_scope(scope, &entries, &mut complaints);
            for entry in &entries {
                size.add_row(scope.keys, &entry.metadata);
                forward.insert(held(scope.keys, entry));
            }
            for name in &scope.names {
                size.add_name(&crate::registry::Key::new(&scope.label, name));
            }
        }
        if size != self.size {
            complaints.push(format!("sizes {:?} where {size:?} is stored", self.size).into());
        }
        let reverse: BTreeSet<Held> = self.holdings.iter().cloned().collect();
        for held in forward.symmetric_difference(&reverse) {
            complaints.push(format!("{held:?} is stored on one side only").into());
        }
        let processes: BTreeSet<ProcessId> = reverse.iter().map(|held| held.process).collect();
        if processes.len() != self.holdings.processes() {
            let counted = self.holdings.processes();
            complaints.push(format!("{counted} processes, not {}", processes.len()).into());
        }
        for process in processes.into_iter().filter(|process| !lives(*process)) {
            complaints.push(format!("{process} has ended and holds a name").into());
        }
        complaints
    }

    fn audit_scope(&self, scope: &Scope, entries: &[Entry], complaints: &mut Vec<Label>) {
        let label = &scope.label;
        if entries.len() != scope.entries {
            let (is, says) = (entries.len(), scope.entries);
            complaints.push(format!("scope {label:?} has {is} registrations, not {says}").into());
        }
        for name in &scope.names {
            let probe = self.names.map().probe(label, name);
            let slot = self.names.map().read(probe, |_, slot| match slot {
                Slot::One(_) => Some(Keys::Unique),
                Slot::Group(members) => (!members.is_empty()).then_some(Keys::Duplicate),
            });
            if slot != Some(Some(scope.keys)) {
                complaints.push(format!("{label}:{name} is in order and not in the map").into());
            }
            let stored = self.names.map().read(probe, |_, slot| slot.holder());
            if self.names.map().first(probe) != stored {
                let what = "who looks it up finds another holder than is stored";
                complaints.push(format!("{label}:{name}: {what}").into());
            }
        }
        let mut scan: BTreeMap<(&Label, &crate::registry::Value), BTreeSet<Posting>> =
            BTreeMap::new();
        for entry in entries {
            for field in scope.index.fields() {
                for term in terms(entry.metadata.get(field)) {
                    let found = scan.entry((field, term)).or_default();
                    found.insert(posting(scope.keys, entry));
                }
            }
        }
        let scanned = scan.iter().flat_map(|((field, value), postings)| {
            postings
                .iter()
                .map(move |posting| (*field, *value, posting))
        });
        let scanned: BTreeSet<_> = scanned.collect();
        let indexed: BTreeSet<_> = scope.index.iter().collect();
        for (field, value, posting) in scanned.symmetric_difference(&indexed) {
            let what = format!("{label:?}: {field}={value} of {posting:?}: index and scan differ");
            complaints.push(what.into());
        }
        if indexed.len() != scope.index.postings() {
            let (is, says) = (indexed.len(), scope.index.postings());
            complaints.push(format!("index of {label:?} has {is} pairs, not {says}").into());
        }
    }
}

const fn join(keys: Keys, entry: &Entry) -> u64 {
    match keys {
        Keys::Unique => 0,
        Keys::Duplicate => entry.revision,
    }
}

fn held(keys: Keys, entry: &Entry) -> Held {
    Held {
        process: entry.process,
        key: entry.key.clone(),
        join: join(keys, entry),
    }
}

fn posting(keys: Keys, entry: &Entry) -> Posting {
    Posting {
        name: entry.key.name.clone(),
        process: entry.process,
        join: join(keys, entry),
    }
}
