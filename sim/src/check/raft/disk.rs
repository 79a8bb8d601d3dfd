//! What a node has on its disk, of all that it announced.

use std::collections::BTreeMap;

use steadfast::event::{LogEntry, LogPosition};

/// One node's part of a log.
#[derive(Debug, Default)]
pub(super) struct Disk {
    /// The entries, those before the snapshot too as long as they are known.
    entries: BTreeMap<u64, LogEntry>,
    /// Everything up to this entry is in a snapshot.
    snapshot: Option<LogPosition>,
    /// The last entry that this run of the node has applied.
    pub(super) applied: Option<u64>,
}

impl Disk {
    pub(super) fn entry(&self, index: u64) -> Option<&LogEntry> {
        self.entries.get(&index)
    }

    /// Whether it has an entry, in the log or in a snapshot.
    pub(super) fn holds(&self, entry: &LogEntry) -> bool {
        let index = entry.at.index;
        self.entry(index) == Some(entry) || self.snapshot.is_some_and(|last| index <= last.index)
    }

    /// The entries from an index on.
    pub(super) fn since(&self, index: u64) -> impl Iterator<Item = &LogEntry> {
        self.entries.range(index..).map(|(_, entry)| entry)
    }

    pub(super) fn store(&mut self, entry: &LogEntry) {
        self.entries.insert(entry.at.index, entry.clone());
    }

    pub(super) fn truncate(&mut self, since: u64) {
        self.entries.split_off(&since);
    }

    /// A snapshot takes the place of all entries up to one.
    pub(super) fn install(&mut self, last: LogPosition) {
        self.entries = self.entries.split_off(&(last.index + 1));
        self.snapshot = self.snapshot.max(Some(last));
        self.applied = Some(last.index);
    }

    /// What was found at a start takes the place of what is known. Answers an entry that
    /// was there and is not any more.
    pub(super) fn open(
        &mut self,
        snapshot: Option<LogPosition>,
        found: &[LogEntry],
    ) -> Option<LogEntry> {
        let mut disk = Self {
            entries: found
                .iter()
                .map(|entry| (entry.at.index, entry.clone()))
                .collect(),
            snapshot,
            applied: snapshot.map(|last| last.index),
        };
        std::mem::swap(self, &mut disk);
        disk.entries.into_values().find(|entry| !self.holds(entry))
    }
}
