//! The candidates as an observer knows them. Pure.

use std::collections::BTreeMap;

use super::leader::{Leader, Sighting};
use crate::coordination::place::Place;
use crate::coordination::token::FencingToken;
use crate::store::{Change, Changes, Key, Reading, Revision};

/// The candidates in one state of the store, and what was shown of them last.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    revision: Revision,
    terms: BTreeMap<Key, FencingToken>,
    candidates: BTreeMap<(FencingToken, Key), Place>,
    /// Whose term, and what of it, was shown last; `None` before anything was.
    shown: Option<Option<(FencingToken, Revision)>>,
}

impl View {
    /// The state that is known.
    pub(super) const fn revision(&self) -> Revision {
        self.revision
    }

    /// Everything was read anew. Answers what is to be shown.
    pub(super) fn read(&mut self, reading: &Reading) -> Option<Sighting> {
        if reading.revision < self.revision {
            return None;
        }
        self.terms.clear();
        self.candidates.clear();
        for entry in &reading.entries {
            self.insert(Place::of(entry));
        }
        self.revision = reading.revision;
        self.sighting()
    }

    /// Something changed. Answers what is to be shown.
    pub(super) fn change(&mut self, changes: &Changes) -> Option<Sighting> {
        if changes.revision <= self.revision {
            return None;
        }
        for change in &changes.changes {
            self.remove(change.key());
            match change {
                Change::Put { entry, .. } => self.insert(Place::of(entry)),
                Change::Deleted { .. } => {}
            }
        }
        self.revision = changes.revision;
        self.sighting()
    }

    fn insert(&mut self, place: Place) {
        self.terms.insert(place.key.clone(), place.token);
        self.candidates
            .insert((place.token, place.key.clone()), place);
    }

    fn remove(&mut self, key: &Key) {
        if let Some(term) = self.terms.remove(key) {
            self.candidates.remove(&(term, key.clone()));
        }
    }

    /// What is to be shown, if it is something new.
    fn sighting(&mut self) -> Option<Sighting> {
        let first = self.candidates.values().next();
        let seen = first.map(|place| (place.token, place.changed));
        if self.shown == Some(seen) {
            return None;
        }
        self.shown = Some(seen);
        Some(Sighting {
            leader: first.cloned().map(Leader::of),
            revision: self.revision,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::kind::Share;
    use crate::coordination::place::encode;
    use crate::store::{Entry, LeaseId};

    fn entry(key: &str, created: u64, changed: u64) -> Entry {
        Entry {
            key: key.into(),
            value: encode(Share::ALL_OF_ONE, key.as_bytes()),
            create_revision: Revision(created),
            mod_revision: Revision(changed),
            version: 1,
            lease: Some(LeaseId(1)),
        }
    }

    fn reading(revision: u64, entries: Vec<Entry>) -> Reading {
        Reading {
            revision: Revision(revision),
            count: entries.len(),
            entries,
            more: false,
        }
    }

    fn put(revision: u64, entry: Entry) -> Changes {
        let previous = None;
        Changes {
            revision: Revision(revision),
            changes: vec![Change::Put { entry, previous }],
        }
    }

    fn gone(revision: u64, key: &str) -> Changes {
        let (key, previous) = (key.into(), None);
        Changes {
            revision: Revision(revision),
            changes: vec![Change::Deleted { key, previous }],
        }
    }

    fn term(sighting: Option<Sighting>) -> Option<Option<u64>> {
        sighting.map(|seen| seen.leader.map(|leader| leader.term.0.0))
    }

    #[test]
    fn f07_the_leader_of_now_comes_first_and_then_every_change() {
        let mut view = View::default();
        let first = reading(9, vec![entry("b", 8, 8), entry("a", 5, 5)]);
        assert_eq!(term(view.read(&first)), Some(Some(5)));
        // Another candidate is no change of leader; what the leader says is.
        assert_eq!(term(view.change(&put(10, entry("c", 10, 10)))), None);
        assert_eq!(
            term(view.change(&put(11, entry("a", 5, 11)))),
            Some(Some(5))
        );
        assert_eq!(term(view.change(&gone(12, "a"))), Some(Some(8)));
        assert_eq!(term(view.change(&gone(13, "c"))), None);
        assert_eq!(term(view.change(&gone(14, "b"))), Some(None));
        assert_eq!(
            term(view.change(&put(15, entry("a", 15, 15)))),
            Some(Some(15))
        );
    }

    #[test]
    fn f07_nothing_older_is_shown_after_something_newer() {
        let mut view = View::default();
        assert_eq!(
            term(view.read(&reading(9, vec![entry("a", 5, 5)]))),
            Some(Some(5))
        );
        assert_eq!(term(view.change(&gone(9, "a"))), None);
        assert_eq!(term(view.read(&reading(8, Vec::new()))), None);
        assert_eq!(term(view.read(&reading(9, vec![entry("a", 5, 5)]))), None);
        assert_eq!(view.revision(), Revision(9));
    }

    #[test]
    fn that_nobody_leads_is_shown_too() {
        let mut view = View::default();
        assert_eq!(term(view.read(&reading(3, Vec::new()))), Some(None));
        assert_eq!(term(view.read(&reading(4, Vec::new()))), None);
    }
}
