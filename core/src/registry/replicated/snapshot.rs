//! Snapshots on their way: cut into parts by who sends them, put together by who asked.

use super::origin::Origin;
use super::row::Record;
use crate::runtime::{NodeId, Timestamp};

/// How many parts a snapshot may have.
const PARTS_MAX: u32 = 1 << 16;

/// A snapshot that arrives in parts, in any order and any number of times. It counts
/// for nothing until it is complete.
#[derive(Debug)]
pub(super) struct Assembly {
    pub(super) sender: NodeId,
    pub(super) sequence: u64,
    parts: Vec<Option<Vec<Record>>>,
    missing: usize,
    /// How many of the parts that were asked for last have not arrived.
    awaited: usize,
    /// How often missing parts were asked for again since one arrived.
    retries: u32,
}

impl Assembly {
    /// How often missing parts are asked for again before the whole is.
    const RETRIES_MAX: u32 = 3;

    /// A snapshot of which nothing has arrived and `awaited` parts are under way;
    /// `None` if it has no or too many parts.
    pub(super) fn new(sender: NodeId, sequence: u64, parts: u32, awaited: usize) -> Option<Self> {
        let sensible = (1..=PARTS_MAX).contains(&parts);
        sensible.then(|| Self {
            sender,
            sequence,
            parts: vec![None; parts as usize],
            missing: parts as usize,
            awaited: awaited.min(parts as usize),
            retries: 0,
        })
    }

    /// Takes a part. Answers whether it was missing.
    pub(super) fn take(&mut self, part: u32, records: Vec<Record>) -> bool {
        match self.parts.get_mut(part as usize) {
            Some(place @ None) => {
                *place = Some(records);
                self.missing -= 1;
                self.awaited = self.awaited.saturating_sub(1);
                self.retries = 0;
                true
            }
            Some(Some(_)) | None => false,
        }
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.missing == 0
    }

    /// Whether all parts that were asked for have arrived.
    pub(super) const fn is_waiting_for_nothing(&self) -> bool {
        self.awaited == 0
    }

    /// The first parts that are missing, at most so many, which are asked for now.
    pub(super) fn ask(&mut self, most: usize) -> Vec<u32> {
        let parts = (0..).zip(&self.parts);
        let missing = parts.filter_map(|(part, records)| records.is_none().then_some(part));
        let wanted: Vec<_> = missing.take(most).collect();
        self.awaited = wanted.len();
        wanted
    }

    /// Whether it is worth asking for the missing parts once more.
    pub(super) fn retry(&mut self) -> bool {
        self.retries += 1;
        self.retries <= Self::RETRIES_MAX
    }

    /// Everything, in order. Meant for a complete one.
    pub(super) fn records(self) -> impl Iterator<Item = Record> {
        self.parts.into_iter().flatten().flatten()
    }
}

/// A snapshot, cut into parts that fit into messages.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) origin: Origin,
    pub(super) sequence: u64,
    parts: Vec<Vec<Record>>,
    made: Timestamp,
    used: Timestamp,
}

impl Cut {
    pub(super) fn part(&self, part: u32) -> Option<&[Record]> {
        self.parts.get(part as usize).map(Vec::as_slice)
    }

    /// How many parts there are: at least one.
    pub(super) fn parts(&self) -> u32 {
        u32::try_from(self.parts.len()).unwrap_or(u32::MAX)
    }

    pub(super) const fn made(&self) -> Timestamp {
        self.made
    }
}

/// The snapshots that somebody is fetching: a few, each kept while it is asked for.
#[derive(Debug, Default)]
pub(super) struct Cuts(Vec<Cut>);

impl Cuts {
    /// How many are kept; the one that was not asked for the longest goes first.
    const CUTS_MAX: usize = 8;

    /// The newest one of an origin for which `is_good`.
    pub(super) fn newest(
        &mut self,
        origin: Origin,
        now: Timestamp,
        is_good: impl Fn(&Cut) -> bool,
    ) -> Option<&Cut> {
        let cuts = self.0.iter_mut();
        let cuts = cuts.filter(|cut| cut.origin == origin && is_good(cut));
        let cut = cuts.max_by_key(|cut| cut.sequence)?;
        cut.used = now;
        Some(cut)
    }

    /// Cuts records into parts of at most `len_max` bytes by `len`; a longer record
    /// has a part of its own.
    pub(super) fn cut(
        &mut self,
        origin: Origin,
        sequence: u64,
        records: impl Iterator<Item = Record>,
        len: impl Fn(&Record) -> usize,
        len_max: usize,
        now: Timestamp,
    ) -> &Cut {
        let mut parts = vec![Vec::new()];
        let mut room = len_max;
        for record in records {
            let len = len(&record);
            if len > room && parts.last().is_some_and(|part| !part.is_empty()) {
                parts.push(Vec::new());
                room = len_max;
            }
            room = room.saturating_sub(len);
            parts
                .last_mut()
                .into_iter()
                .for_each(|part| part.push(record.clone()));
        }
        if self.0.len() >= Self::CUTS_MAX {
            let oldest = (0..self.0.len()).min_by_key(|place| self.0[*place].used);
            oldest
                .into_iter()
                .for_each(|place| drop(self.0.remove(place)));
        }
        self.0.push(Cut {
            origin,
            sequence,
            parts,
            made: now,
            used: now,
        });
        &self.0[self.0.len() - 1]
    }

    /// Forgets those that were last asked for before `limit`.
    pub(super) fn forget_before(&mut self, limit: Timestamp) {
        self.0.retain(|cut| cut.used >= limit);
    }
}

#[cfg(test)]
mod tests {
    use super::super::origin::Stamp;
    use super::super::row::ScopeClaim;
    use super::*;
    use crate::registry::key::Keys;
    use crate::runtime::Incarnation;

    fn record(name: &str) -> Record {
        let stamp = Stamp::default();
        let keys = Keys::Unique;
        Record::Scope {
            scope: name.into(),
            claim: ScopeClaim { keys, stamp },
        }
    }

    fn name(record: &Record) -> String {
        match record {
            Record::Scope { scope, .. } => scope.to_string(),
            Record::Row(row) => panic!("{row:?}"),
        }
    }

    fn origin() -> Origin {
        let (node, incarnation) = (NodeId(1), Incarnation(1));
        let life = 0;
        Origin {
            node,
            incarnation,
            life,
        }
    }

    fn cut(cuts: &mut Cuts, sequence: u64, now: u64) -> Vec<Vec<String>> {
        let names = ["a", "bb", "ccccc", "dddddddd", "e"];
        let records = names.into_iter().map(record);
        let len = |record: &Record| name(record).len();
        let cut = cuts.cut(origin(), sequence, records, len, 6, Timestamp(now));
        let parts = (0..cut.parts()).filter_map(|part| cut.part(part));
        parts.map(|part| part.iter().map(name).collect()).collect()
    }

    #[test]
    fn parts_are_as_full_as_they_may_be() {
        let parts = cut(&mut Cuts::default(), 1, 1);
        assert_eq!(
            parts,
            [vec!["a", "bb"], vec!["ccccc"], vec!["dddddddd"], vec!["e"]]
        );
    }

    #[test]
    fn nothing_is_a_snapshot_of_one_empty_part() {
        let mut cuts = Cuts::default();
        let cut = cuts.cut(origin(), 0, std::iter::empty(), |_| 1, 6, Timestamp(0));
        assert_eq!((cut.parts(), cut.part(0).map(<[_]>::len)), (1, Some(0)));
    }

    #[test]
    fn the_one_that_nobody_asks_for_goes_first() {
        let mut cuts = Cuts::default();
        for sequence in 0..Cuts::CUTS_MAX as u64 {
            cut(&mut cuts, sequence, sequence);
        }
        let oldest = cuts.newest(origin(), Timestamp(100), |cut| cut.sequence == 0);
        assert!(oldest.is_some());
        cut(&mut cuts, 50, 101);
        let mut has = |wanted| {
            let found = cuts.newest(origin(), Timestamp(102), |cut| cut.sequence == wanted);
            found.is_some()
        };
        assert_eq!([has(0), has(1), has(2), has(50)], [true, false, true, true]);
        cuts.forget_before(Timestamp(103));
        assert!(cuts.newest(origin(), Timestamp(104), |_| true).is_none());
    }

    #[test]
    fn parts_come_together_in_any_order_and_any_number_of_times() {
        let mut assembly = Assembly::new(NodeId(1), 9, 3, 8).expect("three parts are sensible");
        assert!(assembly.take(2, vec![record("c")]));
        assert!(!assembly.take(2, vec![record("x")]));
        assert!(!assembly.take(3, vec![record("x")]));
        assert_eq!(
            (assembly.is_complete(), assembly.ask(8)),
            (false, vec![0, 1])
        );
        assert_eq!(assembly.ask(1), [0]);
        assert!(assembly.take(0, vec![record("a")]));
        assert!(assembly.take(1, Vec::new()));
        assert!(assembly.is_complete());
        let names: Vec<_> = assembly.records().map(|record| name(&record)).collect();
        assert_eq!(names, ["a", "c"]);
    }

    #[test]
    fn a_snapshot_of_no_or_of_countless_parts_is_none() {
        assert!(Assembly::new(NodeId(1), 1, 0, 8).is_none());
        assert!(Assembly::new(NodeId(1), 1, u32::MAX, 8).is_none());
    }
}
