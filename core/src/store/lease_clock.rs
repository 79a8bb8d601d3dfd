//! When leases end, by the clock of whoever counts them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::lease::LeaseId;
use super::machine::{LeaseChange, Machine};
use crate::runtime::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Term {
    ttl: Duration,
    deadline: Timestamp,
}

/// The deadlines of all leases. Not part of the replicated state: a node that begins
/// to count gives every lease its full time again.
///
/// A lease whose deadline has passed is *due*: it is not renewed any more, so that its
/// end, which is on its way, never meets a holder who was told that it lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LeaseClock {
    terms: BTreeMap<LeaseId, Term>,
    deadlines: BTreeSet<(Timestamp, LeaseId)>,
}

impl LeaseClock {
    /// Every lease of the machine, for its full time from now on.
    pub(super) fn restarted(machine: &Machine, now: Timestamp) -> Self {
        let mut clock = Self::default();
        for (lease, ttl) in machine.leases() {
            clock.set(lease, ttl, now);
        }
        clock
    }

    /// Takes over what became of leases.
    pub(super) fn follow(&mut self, changes: &[LeaseChange], now: Timestamp) {
        for change in changes {
            match *change {
                LeaseChange::Granted(lease, ttl) => self.set(lease, ttl, now),
                LeaseChange::Ended(lease) => self.forget(lease),
            }
        }
    }

    /// Gives a lease its full time again from `now`, unless it is due or gone. Answers
    /// its time to live.
    pub(super) fn renew(&mut self, lease: LeaseId, now: Timestamp) -> Option<Duration> {
        let term = self.terms.get(&lease)?;
        if term.deadline <= now {
            return None;
        }
        let ttl = term.ttl;
        self.set(lease, ttl, now);
        Some(ttl)
    }

    /// What is left of a lease.
    pub(super) fn remaining(&self, lease: LeaseId, now: Timestamp) -> Option<Duration> {
        let term = self.terms.get(&lease)?;
        Some(term.deadline.since(now))
    }

    /// When the next lease is due.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// The leases that are due, at most `limit`, the longest overdue first.
    pub(super) fn due(&self, now: Timestamp, limit: usize) -> Vec<LeaseId> {
        let due = self.deadlines.iter();
        let due = due.take_while(|(deadline, _)| *deadline <= now);
        due.take(limit).map(|(_, lease)| *lease).collect()
    }

    fn set(&mut self, lease: LeaseId, ttl: Duration, now: Timestamp) {
        self.forget(lease);
        let deadline = now + ttl;
        self.terms.insert(lease, Term { ttl, deadline });
        self.deadlines.insert((deadline, lease));
    }

    fn forget(&mut self, lease: LeaseId) {
        if let Some(term) = self.terms.remove(&lease) {
            self.deadlines.remove(&(term.deadline, lease));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::limits::Limits;
    use crate::store::machine::Command;

    const TTL: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::ZERO + Duration::from_secs(seconds)
    }

    fn clock(leases: &[u64]) -> LeaseClock {
        let mut clock = LeaseClock::default();
        for lease in leases {
            clock.follow(&[LeaseChange::Granted(LeaseId(*lease), TTL)], at(0));
        }
        clock
    }

    #[test]
    fn a_lease_is_due_at_its_deadline_and_not_before() {
        let clock = clock(&[1]);
        let before = Timestamp(at(10).0 - 1);
        assert_eq!(clock.due(before, 9), []);
        assert_eq!(clock.due(at(10), 9), [LeaseId(1)]);
        assert_eq!(clock.next_deadline(), Some(at(10)));
    }

    #[test]
    fn a_renewal_counts_from_its_own_instant() {
        let mut clock = clock(&[1, 2]);
        assert_eq!(clock.renew(LeaseId(1), at(4)), Some(TTL));
        assert_eq!(clock.due(at(13), 9), [LeaseId(2)]);
        assert_eq!(clock.due(at(14), 9), [LeaseId(2), LeaseId(1)]);
        assert_eq!(
            clock.remaining(LeaseId(1), at(5)),
            Some(at(14).since(at(5)))
        );
    }

    #[test]
    fn e26_a_lease_that_is_due_is_not_renewed() {
        let mut clock = clock(&[1]);
        assert_eq!(clock.renew(LeaseId(1), at(10)), None);
        assert_eq!(clock.due(at(10), 9), [LeaseId(1)]);
        clock.follow(&[LeaseChange::Ended(LeaseId(1))], at(10));
        assert_eq!(clock.renew(LeaseId(1), at(11)), None);
        assert_eq!(clock.next_deadline(), None);
    }

    #[test]
    fn e24_whoever_begins_to_count_gives_the_full_time() {
        let mut machine = Machine::new(Limits::default());
        let lease = Some(LeaseId(7));
        machine.apply(Command::Grant { lease, ttl: TTL }.into());
        let clock = LeaseClock::restarted(&machine, at(100));
        assert_eq!(clock.next_deadline(), Some(at(110)));
    }

    #[test]
    fn so_many_are_due_at_once_and_the_longest_overdue_go_first() {
        let mut clock = clock(&[1, 2, 3]);
        clock.renew(LeaseId(1), at(1));
        assert_eq!(clock.due(at(60), 2), [LeaseId(2), LeaseId(3)]);
    }
}
