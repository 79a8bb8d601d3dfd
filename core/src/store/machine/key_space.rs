//! Keys, their history, and compaction.

use std::collections::BTreeMap;
use std::collections::btree_map;

use serde::{Deserialize, Serialize};

use crate::store::bytes::{Key, Value};
use crate::store::entry::{Entry, Revision};
use crate::store::lease::LeaseId;
use crate::store::limits::Limits;
use crate::store::range::KeyRange;
use crate::store::watch::{Change, Changes};

/// A key from one revision until the next change of it; without a value it is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Version {
    revision: Revision,
    live: Option<Live>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Live {
    value: Value,
    create_revision: Revision,
    version: u64,
    lease: Option<LeaseId>,
}

impl Version {
    fn entry(&self, key: &Key) -> Option<Entry> {
        self.live.as_ref().map(|live| Entry {
            key: key.clone(),
            value: live.value.clone(),
            create_revision: live.create_revision,
            mod_revision: self.revision,
            version: live.version,
            lease: live.lease,
        })
    }

    fn bytes(&self, key: &Key) -> usize {
        key.len() + self.live.as_ref().map_or(0, |live| live.value.len())
    }
}

/// All keys with their history.
///
/// A key has its versions in ascending order, one for each revision that changed it.
/// `changes` lists the keys of each revision since the last compaction, so that the
/// history can be read in order and compacted from its old end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeySpace {
    revision: Revision,
    compacted: Revision,
    versions: BTreeMap<Key, Vec<Version>>,
    changes: BTreeMap<Revision, Vec<Key>>,
    history_len: usize,
    live_bytes: usize,
    history_bytes: usize,
}

impl KeySpace {
    pub(super) const fn new() -> Self {
        Self {
            revision: Revision::FIRST,
            compacted: Revision::NONE,
            versions: BTreeMap::new(),
            changes: BTreeMap::new(),
            history_len: 0,
            live_bytes: 0,
            history_bytes: 0,
        }
    }

    pub(super) const fn revision(&self) -> Revision {
        self.revision
    }

    pub(super) const fn compacted(&self) -> Revision {
        self.compacted
    }

    /// The size of what exists, in bytes.
    pub(super) const fn live_bytes(&self) -> usize {
        self.live_bytes
    }

    /// The key at a revision that is not compacted, or in the midst of the next one.
    pub(super) fn entry_at(&self, key: &Key, revision: Revision) -> Option<Entry> {
        let versions = self.versions.get(key)?;
        at(versions, revision).and_then(|version| version.entry(key))
    }

    /// What exists in the range at a revision, by key.
    pub(super) fn entries_at<'a>(
        &'a self,
        range: &'a KeyRange,
        revision: Revision,
    ) -> impl Iterator<Item = Entry> + 'a {
        let rows = range.bounds().map(|bounds| self.versions.range(bounds));
        rows.into_iter()
            .flatten()
            .filter_map(move |(key, versions)| {
                at(versions, revision).and_then(|version| version.entry(key))
            })
    }

    /// Begins the next revision. It happens if it changes something.
    pub(super) const fn write(&mut self) -> Writing<'_> {
        let revision = self.revision.next();
        Writing {
            keys: self,
            revision,
            changed: Vec::new(),
        }
    }

    /// What the revision changed in the range; `None` if that is nothing.
    pub(super) fn changes_in(&self, range: &KeyRange, revision: Revision) -> Option<Changes> {
        let keys = self.changes.get(&revision)?;
        let inside = keys.iter().filter(|key| range.contains(key));
        let changes: Vec<Change> = inside
            .filter_map(|key| self.change(key, revision))
            .collect();
        (!changes.is_empty()).then_some(Changes { revision, changes })
    }

    /// The first revision from `from` on that changed something in the range.
    pub(super) fn next_changes(&self, range: &KeyRange, from: Revision) -> Option<Changes> {
        let mut later = self.changes.range(from..);
        later.find_map(|(revision, _)| self.changes_in(range, *revision))
    }

    /// Whether the revision changed something in the range.
    pub(super) fn touches(&self, range: &KeyRange, revision: Revision) -> bool {
        let keys = self.changes.get(&revision);
        keys.is_some_and(|keys| keys.iter().any(|key| range.contains(key)))
    }

    /// Forgets what was before `revision`.
    pub(super) fn compact(&mut self, revision: Revision) {
        self.compacted = revision;
        while let Some(oldest) = self.changes.first_entry()
            && *oldest.key() < revision
        {
            for key in oldest.remove() {
                self.history_len -= 1;
                self.trim(&key);
            }
        }
        let at_the_cut = self.changes.get(&revision).cloned().unwrap_or_default();
        // What the first kept revision replaced may be older than any dropped one.
        at_the_cut.iter().for_each(|key| self.trim(key));
    }

    /// Compacts the oldest revisions until the history keeps its bounds. The newest
    /// change always stays.
    pub(super) fn compact_to(&mut self, limits: &Limits) {
        while self.changes.len() > 1
            && (self.history_len > limits.history_len_max
                || self.history_bytes > limits.history_bytes_max)
        {
            if let Some(second) = self.changes.keys().nth(1).copied() {
                self.compact(second);
            }
        }
    }

    fn change(&self, key: &Key, revision: Revision) -> Option<Change> {
        let versions = self.versions.get(key)?;
        let index = versions
            .binary_search_by_key(&revision, |version| version.revision)
            .ok()?;
        let before = index.checked_sub(1).map(|before| &versions[before]);
        let previous = before.and_then(|before| before.entry(key));
        Some(match versions[index].entry(key) {
            Some(entry) => Change::Put { entry, previous },
            None => Change::Deleted {
                key: key.clone(),
                previous,
            },
        })
    }

    /// Drops the versions of a key that no revision since the compaction shows. A
    /// deletion at the very revision of the compaction stays, for watches.
    fn trim(&mut self, key: &Key) {
        let btree_map::Entry::Occupied(mut row) = self.versions.entry(key.clone()) else {
            return;
        };
        let versions = row.get_mut();
        let shown = versions.partition_point(|version| version.revision <= self.compacted);
        let mut gone = shown.saturating_sub(1);
        if let Some(version) = versions.get(gone)
            && version.live.is_none()
            && version.revision < self.compacted
        {
            gone += 1;
        }
        for version in versions.drain(..gone) {
            self.history_bytes -= version.bytes(key);
        }
        if versions.is_empty() {
            row.remove();
        }
    }
}

fn at(versions: &[Version], revision: Revision) -> Option<&Version> {
    let later = versions.partition_point(|version| version.revision <= revision);
    later.checked_sub(1).map(|index| &versions[index])
}

/// One revision in the making. Every key is changed once at most.
pub(super) struct Writing<'a> {
    keys: &'a mut KeySpace,
    revision: Revision,
    changed: Vec<Key>,
}

impl Writing<'_> {
    /// The key as it is in the midst of this revision.
    pub(super) fn entry(&self, key: &Key) -> Option<Entry> {
        self.keys.entry_at(key, self.revision)
    }

    /// The keys in the midst of this revision.
    pub(super) const fn keys(&self) -> &KeySpace {
        self.keys
    }

    /// The revision that a read in the midst of it is of.
    pub(super) const fn revision(&self) -> Revision {
        self.revision
    }

    /// Puts a value. Answers what was there.
    pub(super) fn put(&mut self, key: &Key, value: Value, lease: Option<LeaseId>) -> Option<Entry> {
        let previous = self.entry(key);
        let (create_revision, version) = match &previous {
            Some(entry) => (entry.create_revision, entry.version + 1),
            None => (self.revision, 1),
        };
        self.push(
            key,
            Some(Live {
                value,
                create_revision,
                version,
                lease,
            }),
        );
        previous
    }

    /// Deletes a key that exists. Answers what was there.
    pub(super) fn delete(&mut self, key: &Key) -> Option<Entry> {
        let previous = self.entry(key)?;
        self.push(key, None);
        Some(previous)
    }

    /// Makes it happen, if it changed something. Answers the revision of the store.
    pub(super) fn finish(self) -> Revision {
        if !self.changed.is_empty() {
            self.keys.revision = self.revision;
            self.keys.history_len += self.changed.len();
            self.keys.changes.insert(self.revision, self.changed);
        }
        self.keys.revision
    }

    fn push(&mut self, key: &Key, live: Option<Live>) {
        let version = Version {
            revision: self.revision,
            live,
        };
        let versions = self.keys.versions.entry(key.clone()).or_default();
        let bytes = version.bytes(key);
        if let Some(before) = versions.last().filter(|before| before.live.is_some()) {
            let bytes = before.bytes(key);
            self.keys.history_bytes += bytes;
            self.keys.live_bytes -= bytes;
        }
        // A deletion is history from the start.
        match version.live {
            Some(_) => self.keys.live_bytes += bytes,
            None => self.keys.history_bytes += bytes,
        }
        versions.push(version);
        self.changed.push(key.clone());
    }
}
