//! The log of consensus as a file: records with checksums, and what remains of them
//! after a crash.
//!
//! | bytes | meaning |
//! |---|---|
//! | 4 | marker |
//! | 4 | length of the payload |
//! | 8 | xxh3-64 of the payload |
//! | | the payload: one [`Record`] |
//!
//! Numbers are little-endian.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::consensus::{Entry, LogId, Vote};

const MARKER: [u8; 4] = [0xa5, b'r', b'l', 0x5a];
const HEADER_LEN: usize = 16;

/// One thing that happened to the log.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Record {
    Vote(Vote),
    Entry(Entry),
    /// Entries from this index on are gone.
    Truncated(u64),
    /// Entries up to this one are in a snapshot.
    Purged(LogId),
    Committed(LogId),
}

impl Record {
    /// Adds the record to bytes.
    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        let header = bytes.len();
        bytes.resize(header + HEADER_LEN, 0);
        let mut whole =
            postcard::to_extend(self, std::mem::take(bytes)).expect("every record has an encoding");
        let (before, payload) = whole.split_at_mut(header + HEADER_LEN);
        let header = &mut before[header..];
        header[..4].copy_from_slice(&MARKER);
        header[4..8].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        header[8..].copy_from_slice(&xxh3_64(payload).to_le_bytes());
        *bytes = whole;
    }
}

/// The log as the records tell it.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) vote: Option<Vote>,
    pub(super) committed: Option<LogId>,
    pub(super) purged: Option<LogId>,
    pub(super) entries: BTreeMap<u64, Entry>,
}

impl Content {
    pub(super) fn take(&mut self, record: Record) {
        match record {
            Record::Vote(vote) => self.vote = Some(vote),
            Record::Entry(entry) => {
                self.entries.insert(entry.log_id.index, entry);
            }
            Record::Truncated(since) => {
                self.entries.split_off(&since);
            }
            Record::Purged(log_id) => {
                self.entries = self.entries.split_off(&(log_id.index + 1));
                self.purged = self.purged.max(Some(log_id));
            }
            Record::Committed(log_id) => self.committed = Some(log_id),
        }
    }

    pub(super) fn last(&self) -> Option<LogId> {
        let last = self.entries.values().next_back();
        last.map(|entry| entry.log_id).or(self.purged)
    }

    /// The same content in as few records as there can be.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let purged = self.purged.map(Record::Purged);
        let vote = self.vote.map(Record::Vote);
        let committed = self.committed.map(Record::Committed);
        for record in [purged, vote, committed].into_iter().flatten() {
            record.encode(&mut bytes);
        }
        for entry in self.entries.values() {
            Record::Entry(entry.clone()).encode(&mut bytes);
        }
        bytes
    }
}

/// The file is damaged in its midst: something that had been synced is not there any
/// more. The store does not start; a retry cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log is damaged at byte {at}, and whole again from byte {again} on")]
pub(super) struct Damaged {
    at: usize,
    again: usize,
}

/// Reads the records of a file. Answers the content and how many bytes of the file it
/// is; what comes after them is the torn end of a write that was never answered.
pub(super) fn replay(bytes: &[u8]) -> Result<(Content, usize), Damaged> {
    let mut content = Content::default();
    let mut at = 0;
    while at < bytes.len() {
        match decode(&bytes[at..]) {
            Some((record, len)) => {
                content.take(record);
                at += len;
            }
            None => {
                let again = (at + 1..bytes.len()).find(|next| decode(&bytes[*next..]).is_some());
                return again.map_or(Ok((content, at)), |again| Err(Damaged { at, again }));
            }
        }
    }
    Ok((content, at))
}

fn decode(bytes: &[u8]) -> Option<(Record, usize)> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_LEN>()?;
    let [m0, m1, m2, m3, l0, l1, l2, l3, checksum @ ..] = *header;
    if [m0, m1, m2, m3] != MARKER {
        return None;
    }
    let len = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    let payload = rest.get(..len)?;
    if xxh3_64(payload) != u64::from_le_bytes(checksum) {
        return None;
    }
    let record = postcard::from_bytes(payload).ok()?;
    Some((record, HEADER_LEN + len))
}

#[cfg(test)]
mod tests {
    use openraft::{CommittedLeaderId, EntryPayload};

    use super::*;

    fn log_id(index: u64) -> LogId {
        LogId::new(CommittedLeaderId::new(1, 1), index)
    }

    fn entry(index: u64) -> Record {
        Record::Entry(Entry {
            log_id: log_id(index),
            payload: EntryPayload::Blank,
        })
    }

    fn file(records: &[Record]) -> Vec<u8> {
        let mut bytes = Vec::new();
        records.iter().for_each(|record| record.encode(&mut bytes));
        bytes
    }

    fn indexes(content: &Content) -> Vec<u64> {
        content.entries.keys().copied().collect()
    }

    #[test]
    fn records_are_replayed_in_their_order() {
        let bytes = file(&[
            Record::Vote(Vote::new(3, 2)),
            entry(1),
            entry(2),
            entry(3),
            Record::Truncated(3),
            Record::Purged(log_id(1)),
            Record::Committed(log_id(2)),
        ]);
        let (content, len) = replay(&bytes).unwrap();
        assert_eq!(len, bytes.len());
        assert_eq!(indexes(&content), [2]);
        assert_eq!(content.vote, Some(Vote::new(3, 2)));
        assert_eq!(
            (content.purged, content.committed),
            (Some(log_id(1)), Some(log_id(2)))
        );
        let (again, _) = replay(&content.encode()).unwrap();
        assert_eq!(again.encode(), content.encode());
    }

    #[test]
    fn i12_a_torn_end_is_cut_wherever_it_is_torn() {
        let whole = file(&[entry(1), entry(2)]);
        let bytes = file(&[entry(1), entry(2), entry(3)]);
        for len in whole.len()..bytes.len() {
            let (content, kept) = replay(&bytes[..len]).unwrap();
            assert_eq!(
                (indexes(&content), kept),
                (vec![1, 2], whole.len()),
                "{len}"
            );
            // Some disks leave garbage where the write was to go.
            let mut garbage = bytes[..len].to_vec();
            garbage.resize(bytes.len() + 40, 0x5a);
            let (content, kept) = replay(&garbage).unwrap();
            assert_eq!(
                (indexes(&content), kept),
                (vec![1, 2], whole.len()),
                "{len}"
            );
        }
    }

    #[test]
    fn damage_before_whole_records_is_not_taken_for_a_torn_end() {
        let first = file(&[entry(1)]);
        let bytes = file(&[entry(1), entry(2), entry(3)]);
        let second = file(&[entry(1), entry(2)]).len();
        for place in first.len()..second {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            let damage = replay(&damaged).unwrap_err();
            assert_eq!(
                damage,
                Damaged {
                    at: first.len(),
                    again: second
                },
                "{place}"
            );
        }
    }
}
