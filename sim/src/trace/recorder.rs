//! Takes the records of a run: numbers them, hashes them, keeps what is wanted.

use std::collections::VecDeque;

use steadfast::runtime::NodeId;
use xxhash_rust::xxh3::Xxh3;

use super::digest::Digest;
use super::encoding::{encode, encode_message};
use super::event::{NetEvent, Record, TraceEvent};

/// How much of a trace is kept in memory. The digest covers all of it in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capture {
    /// No record.
    Nothing,
    /// The last ones, this many at most.
    Tail(usize),
    /// All of them; the recorder's own bound is the limit.
    All,
}

/// Numbers, hashes and keeps the records of one run.
///
/// The digest is a hash over the records in order, each encoded with its length,
/// index, time and node, so that no two different traces are hashed as the same bytes.
/// Recording allocates nothing unless records are kept.
pub struct Recorder {
    hasher: Xxh3,
    // Encoded records that are not hashed yet: hashing in larger portions is faster.
    pending: Vec<u8>,
    prefixes: Vec<Digest>,
    kept: VecDeque<Record>,
    kept_max: usize,
    capture: Capture,
    records: u64,
    records_max: u64,
}

impl Recorder {
    /// A prefix digest is kept after every so many records.
    pub const PREFIX_RECORDS: u64 = 256;

    /// The version of what is hashed. Traces of different versions have different
    /// digests.
    pub const FORMAT_VERSION: u32 = 2;

    const PENDING_MAX: usize = 4_096;

    /// A recorder that has taken nothing yet and is full after `records_max` records.
    #[must_use]
    pub fn new(capture: Capture, records_max: u64) -> Self {
        let kept_max = match capture {
            Capture::Nothing => 1,
            Capture::Tail(records) => records.max(1),
            Capture::All => usize::try_from(records_max).unwrap_or(usize::MAX).max(1),
        };
        Self {
            hasher: fresh_hasher(),
            pending: Vec::with_capacity(2 * Self::PENDING_MAX),
            prefixes: Vec::new(),
            kept: VecDeque::new(),
            kept_max,
            capture,
            records: 0,
            records_max,
        }
    }

    /// Takes one event, `time` nanoseconds after the start of the run, and answers
    /// its record, so that checkers can read it without a copy.
    ///
    /// A recorder that [is full](Self::is_full) goes on: whoever drives the run ends
    /// it. It then keeps the last records and lets the oldest go.
    ///
    /// # Panics
    ///
    /// Does not: every event can be encoded.
    pub fn record(&mut self, time: u64, node: Option<NodeId>, event: TraceEvent) -> &Record {
        let record = Record {
            index: self.records,
            time,
            node,
            event,
        };
        encode(&record, &mut self.pending);
        self.count();
        if self.kept_max == 1 && self.kept.len() == 1 {
            self.kept[0] = record;
        } else {
            if self.kept.len() >= self.kept_max {
                self.kept.pop_front();
            }
            self.kept.push_back(record);
        }
        &self.kept[self.kept.len() - 1]
    }

    /// Whether no record is kept beyond the call that takes its event.
    pub(crate) const fn keeps_nothing(&self) -> bool {
        matches!(self.capture, Capture::Nothing)
    }

    /// Takes one event about a message as [`record`](Self::record) does, for when its
    /// record is not looked at: messages are most of what a run records, and making
    /// a record takes longer than hashing it. For a recorder that
    /// [keeps nothing](Self::keeps_nothing).
    #[inline]
    pub(crate) fn hash_message(&mut self, time: u64, node: Option<NodeId>, event: &NetEvent) {
        encode_message(self.records, time, node, event, &mut self.pending);
        self.count();
    }

    /// The digest of everything recorded so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = self.hasher.clone();
        hasher.update(&self.pending);
        Digest(hasher.digest128())
    }

    /// How many records were taken.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Whether the bound on records is reached: the run must end.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.records >= self.records_max
    }

    /// The digests of the first 256, 512, … records. Two runs agree up to the first
    /// prefix that differs, so the first difference is found without keeping either
    /// trace; see [`first_differing_prefix`].
    #[must_use]
    pub fn prefix_digests(&self) -> &[Digest] {
        &self.prefixes
    }

    /// The records that are kept, oldest first. Empty with [`Capture::Nothing`].
    #[must_use]
    pub fn into_trace(self) -> Vec<Record> {
        match self.capture {
            Capture::Nothing | Capture::Tail(0) => Vec::new(),
            Capture::Tail(_) | Capture::All => self.kept.into(),
        }
    }

    /// Counts a record that has been encoded.
    fn count(&mut self) {
        self.records += 1;
        if self.records.is_multiple_of(Self::PREFIX_RECORDS) {
            self.flush();
            self.prefixes.push(Digest(self.hasher.digest128()));
        } else if self.pending.len() >= Self::PENDING_MAX {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.hasher.update(&self.pending);
        self.pending.clear();
    }
}

/// The index of the first record that lies in the first portion where two runs
/// differ; `None` if one is a prefix of the other. Records before it are the same.
#[must_use]
pub fn first_differing_prefix(left: &[Digest], right: &[Digest]) -> Option<u64> {
    let portion = left.iter().zip(right).position(|(l, r)| l != r)?;
    Some(portion as u64 * Recorder::PREFIX_RECORDS)
}

/// The digest of records that were kept. It is that of the run if they are all of its
/// records.
#[must_use]
pub fn digest_of(records: &[Record]) -> Digest {
    let mut hasher = fresh_hasher();
    let mut bytes = Vec::new();
    for record in records {
        bytes.clear();
        encode(record, &mut bytes);
        hasher.update(&bytes);
    }
    Digest(hasher.digest128())
}

fn fresh_hasher() -> Xxh3 {
    let mut hasher = Xxh3::new();
    hasher.update(&Recorder::FORMAT_VERSION.to_le_bytes());
    hasher
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{MessageId, NetEvent, RunEvent};

    fn note(text: &str) -> TraceEvent {
        TraceEvent::Run(RunEvent::Note { text: text.into() })
    }

    fn delivered(ordinal: u64) -> TraceEvent {
        TraceEvent::Net(NetEvent::Delivered {
            message: MessageId {
                from: NodeId(1),
                to: NodeId(2),
                ordinal,
            },
            copy: 0,
        })
    }

    fn recorded(records: &[(u64, Option<NodeId>, TraceEvent)]) -> Digest {
        let mut recorder = Recorder::new(Capture::Nothing, 1_000);
        for (time, node, event) in records.iter().cloned() {
            recorder.record(time, node, event);
        }
        recorder.digest()
    }

    #[test]
    fn the_digest_covers_time_node_event_and_order() {
        let first = (1, Some(NodeId(1)), note("a"));
        let second = (1, Some(NodeId(1)), note("b"));
        let base = recorded(&[first.clone(), second.clone()]);
        assert_eq!(base, recorded(&[first.clone(), second.clone()]));
        let others = [
            recorded(&[(2, Some(NodeId(1)), note("a")), second.clone()]),
            recorded(&[(1, None, note("a")), second.clone()]),
            recorded(&[(1, Some(NodeId(1)), note("ab")), second.clone()]),
            recorded(&[second, first.clone()]),
            recorded(&[first]),
            recorded(&[]),
        ];
        for other in others {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn the_digest_does_not_depend_on_what_is_kept_or_when_it_is_asked() {
        let captures = [Capture::Nothing, Capture::Tail(3), Capture::All];
        let digests = captures.map(|capture| {
            let mut recorder = Recorder::new(capture, 10_000);
            for ordinal in 0..1_000 {
                recorder.record(ordinal, Some(NodeId(2)), delivered(ordinal));
                if capture == Capture::All {
                    assert_ne!(recorder.digest(), Digest(0));
                }
            }
            (recorder.digest(), recorder.prefix_digests().to_vec())
        });
        assert_eq!(digests[0], digests[1]);
        assert_eq!(digests[1], digests[2]);
        assert_eq!(digests[0].1.len(), 3);
    }

    #[test]
    fn a_message_is_hashed_as_its_record_is() {
        let mut made = Recorder::new(Capture::Nothing, 1_000);
        let mut hashed = Recorder::new(Capture::Nothing, 1_000);
        assert!(hashed.keeps_nothing());
        for ordinal in 0..600 {
            let event = delivered(ordinal);
            made.record(ordinal, Some(NodeId(2)), event.clone());
            if let TraceEvent::Net(event) = &event
                && ordinal % 7 > 0
            {
                hashed.hash_message(ordinal, Some(NodeId(2)), event);
            } else {
                let record = hashed.record(ordinal, Some(NodeId(2)), event);
                assert_eq!(record.time, ordinal);
            }
        }
        assert_eq!(hashed.records(), made.records());
        assert_eq!(hashed.digest(), made.digest());
        assert_eq!(hashed.prefix_digests(), made.prefix_digests());
    }

    #[test]
    fn the_digest_of_all_kept_records_is_that_of_the_recorder() {
        let mut recorder = Recorder::new(Capture::All, 1_000);
        for ordinal in 0..300 {
            recorder.record(ordinal, Some(NodeId(2)), delivered(ordinal));
        }
        let digest = recorder.digest();
        assert_eq!(digest_of(&recorder.into_trace()), digest);
    }

    #[test]
    fn captures_keep_nothing_the_last_or_all() {
        let kept = |capture, records_max| {
            let mut recorder = Recorder::new(capture, records_max);
            for ordinal in 0..5 {
                let record = recorder.record(ordinal, None, delivered(ordinal));
                assert_eq!(record.index, ordinal);
            }
            let trace = recorder.into_trace();
            trace.iter().map(|record| record.index).collect::<Vec<_>>()
        };
        assert!(kept(Capture::Nothing, 10).is_empty());
        assert!(kept(Capture::Tail(0), 10).is_empty());
        assert_eq!(kept(Capture::Tail(2), 10), [3, 4]);
        assert_eq!(kept(Capture::All, 10), [0, 1, 2, 3, 4]);
        assert_eq!(kept(Capture::All, 4), [1, 2, 3, 4]);
    }

    #[test]
    fn a_recorder_is_full_at_its_bound_and_not_before() {
        let mut recorder = Recorder::new(Capture::Nothing, 2);
        recorder.record(0, None, note("a"));
        assert!(!recorder.is_full());
        recorder.record(0, None, note("b"));
        assert!(recorder.is_full());
    }

    #[test]
    fn prefixes_tell_which_portion_differs() {
        let prefixes = |changed: u64| {
            let mut recorder = Recorder::new(Capture::Nothing, 10_000);
            for ordinal in 0..1_024 {
                let ordinal = if ordinal == changed { 0 } else { ordinal };
                recorder.record(ordinal, None, delivered(ordinal));
            }
            recorder.prefix_digests().to_vec()
        };
        let base = prefixes(0);
        assert_eq!(first_differing_prefix(&base, &prefixes(0)), None);
        assert_eq!(first_differing_prefix(&base, &prefixes(255)), Some(0));
        assert_eq!(first_differing_prefix(&base, &prefixes(256)), Some(256));
        assert_eq!(first_differing_prefix(&base, &prefixes(700)), Some(512));
    }
}
