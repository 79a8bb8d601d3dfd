//! How the view follows the watch of the store.

use std::collections::{BTreeMap, BTreeSet};

use super::naming::Place;
use super::row::{Row, decoded};
use super::view::{Known, Outcome, View};
use crate::process::ProcessId;
use crate::registry::change::{Cause, Change};
use crate::registry::key::{Key, Keys};
use crate::store;

/// Says whether a process of this node may be registered.
pub(super) type Admits<'a> = &'a dyn Fn(ProcessId) -> bool;

impl View {
    /// Takes over what one revision changed.
    pub(super) fn apply(&mut self, changes: &store::Changes, admits: Admits<'_>) -> Outcome {
        let mut out = Outcome::default();
        for change in &changes.changes {
            match change {
                store::Change::Put { entry, .. } => self.put(entry, admits, &mut out),
                store::Change::Deleted { key, .. } => self.deleted(key, &mut out),
            }
        }
        self.applied = self.applied.max(changes.revision);
        out
    }

    /// Makes the view what a reading of everything says.
    pub(super) fn resync(
        &mut self,
        entries: &BTreeMap<store::Key, store::Entry>,
        revision: store::Revision,
        admits: Admits<'_>,
    ) -> Outcome {
        let mut out = Outcome::default();
        let gone: Vec<_> = self
            .rows
            .keys()
            .filter(|place| !entries.contains_key(*place))
            .cloned()
            .collect();
        gone.iter().for_each(|place| self.deleted(place, &mut out));
        let fields: BTreeSet<_> = entries
            .keys()
            .filter_map(|place| match self.naming.read(place) {
                Some(Place::Field(field)) => Some(field),
                Some(Place::Registration(..)) | None => None,
            })
            .collect();
        self.fields.retain(|field, _| fields.contains(field));
        for entry in entries.values() {
            self.put(entry, admits, &mut out);
        }
        self.applied = self.applied.max(revision);
        out
    }

    fn put(&mut self, entry: &store::Entry, admits: Admits<'_>, out: &mut Outcome) {
        match self.naming.read(&entry.key) {
            Some(Place::Field(field)) => {
                if let Some(value) = decoded(&entry.value) {
                    self.fields.insert(field, value);
                }
            }
            Some(Place::Registration(key, keys)) => {
                if let Some(row) = decoded::<Row>(&entry.value) {
                    self.put_row(entry, (key, keys), row, admits, out);
                }
            }
            None => {}
        }
    }

    fn put_row(
        &mut self,
        entry: &store::Entry,
        (key, keys): (Key, Keys),
        row: Row,
        admits: Admits<'_>,
        out: &mut Outcome,
    ) {
        let (place, create) = (&entry.key, entry.create_revision);
        let process = row.process;
        if self
            .rows
            .get(place)
            .is_some_and(|known| known.create == create)
        {
            return self.put_again(entry, row, out);
        }
        // One that was made anew while nobody watched.
        self.deleted(place, out);
        let handle = match self.handles.remove(place) {
            Some((wanted, handle)) if wanted == process => handle,
            Some(_) | None => None,
        };
        let known = Known {
            key,
            keys,
            row,
            create,
            lease: entry.lease,
            shown: None,
            handle,
        };
        self.rows.insert(place.clone(), known);
        if process.node == self.me.0 && !self.is_own(process) {
            // Of an earlier start of this node, which took its processes along.
            if process.incarnation < self.me.1 {
                self.doomed.insert(place.clone(), create);
                return;
            }
        }
        if self.is_own(process) {
            if !admits(process) || self.session.is_none() || self.session != entry.lease {
                return self.doom(place);
            }
            self.held.entry(process).or_default().insert(place.clone());
        }
        self.show(place, out);
        // Registered while its scope was closed: nobody would ever see it.
        let hidden = self
            .rows
            .get(place)
            .is_some_and(|known| known.shown.is_none());
        if hidden && self.is_own(process) {
            self.doom(place);
        }
    }

    /// A key was put that existed: other metadata, another lease, or another handle.
    fn put_again(&mut self, entry: &store::Entry, row: Row, out: &mut Outcome) {
        let Some(known) = self.rows.get_mut(&entry.key) else {
            return;
        };
        known.lease = entry.lease;
        let other = known.row.metadata != row.metadata;
        let old = known.entry();
        known.row = row;
        let handle = self.handles.remove(&entry.key);
        let again = handle.is_some();
        if let Some((_, handle)) = handle {
            known.handle = handle;
        }
        let Some(old) = old.filter(|_| other || again) else {
            return;
        };
        if other {
            self.revision += 1;
            known.shown = Some(self.revision);
        }
        let revision = known.shown.unwrap_or(self.revision);
        let now = self.table.replace(&old, known.new_row(revision));
        if other {
            out.changes.push(Change::Updated {
                entry: now,
                before: old.metadata,
            });
        }
    }

    fn deleted(&mut self, place: &store::Key, out: &mut Outcome) {
        if let Some(Place::Field(field)) = self.naming.read(place) {
            self.fields.remove(&field);
            return;
        }
        let asked = self.leaving.remove(place);
        let Some(process) = self.rows.get(place).map(|known| known.row.process) else {
            return;
        };
        if asked || !self.is_own(process) {
            self.hide(place, Cause::Unregistered, out);
        } else if self
            .rows
            .get(place)
            .is_some_and(|known| known.shown.is_some())
        {
            self.lose(place, out);
        }
        self.let_go(process, place);
        self.doomed.remove(place);
        self.rows.remove(place);
    }
}
