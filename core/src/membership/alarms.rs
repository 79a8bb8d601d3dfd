//! What is to happen later, and when.
//!
//! Pure. The protocol asks for its timers one by one and never takes one back; of most
//! kinds only one can still matter, so the queue keeps one of each and stays small.

use std::collections::BTreeMap;
use std::time::Duration;

use foca::Timer;

use super::identity::Identity;
use crate::runtime::{NodeId, Timestamp};

/// Something to be done at its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Alarm {
    /// The protocol goes on.
    Protocol(Timer<Identity>),
    /// Those whom this node has accused are asked whether they live.
    Challenge,
    /// Those who should be members are looked for.
    Seek,
}

/// What two alarms have in common if only one of them can matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Probe,
    IndirectProbe,
    /// The verdict on one suspicion.
    Verdict(Identity, u16),
    Announce,
    AnnounceDown,
    Gossip,
    Forget(NodeId),
    Challenge,
    Seek,
}

impl Slot {
    fn of(alarm: &Alarm) -> Self {
        match alarm {
            Alarm::Protocol(Timer::ProbeRandomMember(_)) => Self::Probe,
            Alarm::Protocol(Timer::SendIndirectProbe { .. }) => Self::IndirectProbe,
            Alarm::Protocol(Timer::ChangeSuspectToDown {
                member_id,
                incarnation,
                ..
            }) => Self::Verdict(*member_id, *incarnation),
            Alarm::Protocol(Timer::PeriodicAnnounce(_)) => Self::Announce,
            Alarm::Protocol(Timer::PeriodicAnnounceDown(_)) => Self::AnnounceDown,
            Alarm::Protocol(Timer::PeriodicGossip(_)) => Self::Gossip,
            Alarm::Protocol(Timer::RemoveDown(identity)) => Self::Forget(identity.node),
            Alarm::Challenge => Self::Challenge,
            Alarm::Seek => Self::Seek,
        }
    }
}

/// The alarms that are set. Among those of one time, the one set first goes first.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    due: BTreeMap<(Timestamp, u64), Alarm>,
    slots: BTreeMap<Slot, (Timestamp, u64)>,
    set: u64,
}

impl Alarms {
    /// Sets an alarm. It takes the place of the one in its slot, which belongs to a
    /// state of the protocol that has passed; except that the first verdict on a
    /// suspicion stands, or each new accusation would put it off.
    pub(super) fn set(&mut self, at: Timestamp, alarm: Alarm) {
        let slot = Slot::of(&alarm);
        if let Some(present) = self.slots.get(&slot).copied() {
            let is_current = match (&alarm, self.due.get(&present)) {
                (
                    Alarm::Protocol(Timer::ChangeSuspectToDown { token, .. }),
                    Some(Alarm::Protocol(Timer::ChangeSuspectToDown { token: known, .. })),
                ) => token == known,
                _ => false,
            };
            if is_current {
                return;
            }
            self.due.remove(&present);
        }
        self.set += 1;
        let key = (at, self.set);
        self.due.insert(key, alarm);
        self.slots.insert(slot, key);
    }

    /// Takes back what the protocol has set.
    pub(super) fn clear_protocol(&mut self) {
        self.due
            .retain(|_, alarm| !matches!(alarm, Alarm::Protocol(_)));
        let due = self.due.iter();
        self.slots = due.map(|(key, alarm)| (Slot::of(alarm), *key)).collect();
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next one that is due.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<Alarm> {
        self.next().filter(|at| *at <= now)?;
        let (_, alarm) = self.due.pop_first()?;
        self.slots.remove(&Slot::of(&alarm));
        Some(alarm)
    }

    /// The suspicions that this node will give a verdict on: whom, and after how many
    /// refutations.
    pub(super) fn verdicts(&self) -> impl Iterator<Item = (Identity, u16)> + '_ {
        self.slots.keys().filter_map(|slot| match slot {
            Slot::Verdict(identity, refutations) => Some((*identity, *refutations)),
            Slot::Probe
            | Slot::IndirectProbe
            | Slot::Announce
            | Slot::AnnounceDown
            | Slot::Gossip
            | Slot::Forget(_)
            | Slot::Challenge
            | Slot::Seek => None,
        })
    }

    /// Puts everything off by how late the next one is, if that is more than
    /// `tolerance`. Answers whether it was.
    ///
    /// A node that did not run while its timers passed has not listened either: time
    /// in which it could not hear an answer proves nothing about its peers.
    pub(super) fn forgive(&mut self, now: Timestamp, tolerance: Duration) -> bool {
        let Some(late) = self.next().map(|at| now.since(at)) else {
            return false;
        };
        if late <= tolerance {
            return false;
        }
        let late_alarms = std::mem::take(&mut self.due);
        for ((at, order), alarm) in late_alarms {
            let key = (at + late, order);
            self.slots.insert(Slot::of(&alarm), key);
            self.due.insert(key, alarm);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Incarnation;

    const SECOND: u64 = 1_000_000_000;

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * SECOND)
    }

    fn peer(node: u32) -> Identity {
        Identity::new(NodeId(node), Incarnation(1), 0)
    }

    fn verdict(node: u32, incarnation: u16, token: u8) -> Alarm {
        Alarm::Protocol(Timer::ChangeSuspectToDown {
            member_id: peer(node),
            incarnation,
            token,
        })
    }

    fn drain(alarms: &mut Alarms) -> Vec<(Timestamp, Alarm)> {
        std::iter::from_fn(|| {
            let due = alarms.next()?;
            alarms.take(Timestamp::MAX).map(|alarm| (due, alarm))
        })
        .collect()
    }

    #[test]
    fn alarms_come_in_order_and_not_before_their_time() {
        let mut alarms = Alarms::default();
        alarms.set(at(2), Alarm::Seek);
        alarms.set(at(1), Alarm::Challenge);
        assert_eq!(alarms.take(Timestamp(SECOND - 1)), None);
        assert_eq!(alarms.take(at(1)), Some(Alarm::Challenge));
        assert_eq!(alarms.take(at(1)), None);
        assert_eq!(alarms.next(), Some(at(2)));
    }

    #[test]
    fn one_of_each_kind_is_kept_the_latest() {
        let mut alarms = Alarms::default();
        for token in 0..50 {
            let probe = Alarm::Protocol(Timer::ProbeRandomMember(token));
            alarms.set(at(1 + u64::from(token)), probe);
            let forget = Alarm::Protocol(Timer::RemoveDown(peer(u32::from(token % 2))));
            alarms.set(at(100 + u64::from(token)), forget);
        }
        assert_eq!(
            drain(&mut alarms),
            vec![
                (at(50), Alarm::Protocol(Timer::ProbeRandomMember(49))),
                (at(148), Alarm::Protocol(Timer::RemoveDown(peer(0)))),
                (at(149), Alarm::Protocol(Timer::RemoveDown(peer(1)))),
            ]
        );
    }

    #[test]
    fn another_accusation_does_not_put_a_verdict_off() {
        let mut alarms = Alarms::default();
        alarms.set(at(4), verdict(2, 0, 7));
        alarms.set(at(6), verdict(2, 0, 7));
        alarms.set(at(5), verdict(2, 1, 7));
        assert_eq!(
            alarms.verdicts().collect::<Vec<_>>(),
            vec![(peer(2), 0), (peer(2), 1)]
        );
        let expected = vec![(at(4), verdict(2, 0, 7)), (at(5), verdict(2, 1, 7))];
        assert_eq!(drain(&mut alarms), expected);
    }

    #[test]
    fn a_verdict_of_a_state_that_has_passed_gives_way() {
        let mut alarms = Alarms::default();
        alarms.set(at(4), verdict(2, 0, 7));
        alarms.set(at(6), verdict(2, 0, 8));
        assert_eq!(drain(&mut alarms), vec![(at(6), verdict(2, 0, 8))]);
    }

    #[test]
    fn time_in_which_the_node_did_not_run_does_not_count() {
        let mut alarms = Alarms::default();
        alarms.set(at(1), Alarm::Seek);
        alarms.set(at(4), verdict(2, 0, 7));
        assert!(!alarms.forgive(at(2), Duration::from_secs(1)));
        assert!(alarms.forgive(at(11), Duration::from_secs(1)));
        let expected = vec![(at(11), Alarm::Seek), (at(14), verdict(2, 0, 7))];
        assert_eq!(drain(&mut alarms), expected);
    }
}
