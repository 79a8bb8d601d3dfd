//! What is known of one other node.

use std::collections::BTreeMap;

use super::holdings::Holdings;
use super::origin::Origin;
use super::row::Step;
use super::snapshot::Assembly;
use crate::membership::Member;
use crate::runtime::{NodeId, Timestamp};

/// How an origin compares with what is known of its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acquaintance {
    /// It has been replaced, or it has ended: nothing of it counts any more.
    Past,
    /// It is the one that is known.
    Known,
    /// It replaces the one that is known.
    New,
}

/// What is known of one other node.
#[derive(Debug)]
pub(super) struct Peer {
    /// The newest incarnation that was heard of.
    pub(super) member: Member,
    /// Whether it is a member of the cluster. Only then are its rows seen.
    pub(super) up: bool,
    /// The newest life of that incarnation that was heard of.
    pub(super) life: Option<u64>,
    /// Whether that life has said that it ended.
    pub(super) ended: bool,
    /// What it holds, once a whole snapshot has arrived.
    pub(super) holdings: Option<Holdings>,
    /// The highest step of that life that was ever applied. Kept while the node is down:
    /// nothing older is taken when it comes back.
    pub(super) mark: u64,
    /// Steps that are there before those that come first.
    pub(super) pending: BTreeMap<u64, Step>,
    /// Whether steps were dropped because `pending` was full, until it has caught up.
    pub(super) overflowed: bool,
    pub(super) assembly: Option<Assembly>,
    /// When it was last asked for, or last came closer, if that is under way.
    pub(super) pull: Option<Timestamp>,
    /// The highest step that it is known to have made.
    pub(super) head: u64,
    /// Since when this node is known to lack some of them.
    pub(super) behind_since: Option<Timestamp>,
    /// Who else has more of it than this node.
    pub(super) relay: Option<NodeId>,
    /// How many questions the owner has not answered since it last said anything.
    pub(super) silence: u32,
    /// How many snapshots of it were taken over.
    pub(super) snapshots: u64,
}

impl Peer {
    pub(super) const fn new(member: Member) -> Self {
        Self {
            member,
            up: false,
            life: None,
            ended: false,
            holdings: None,
            mark: 0,
            pending: BTreeMap::new(),
            overflowed: false,
            assembly: None,
            pull: None,
            head: 0,
            behind_since: None,
            relay: None,
            silence: 0,
            snapshots: 0,
        }
    }

    /// The origin, once something was heard of it.
    pub(super) fn origin(&self) -> Option<Origin> {
        let Member { node, incarnation } = self.member;
        self.life.map(|life| Origin {
            node,
            incarnation,
            life,
        })
    }

    /// How many steps of it have been applied.
    pub(super) fn applied(&self) -> Option<u64> {
        self.holdings.as_ref().map(|holdings| holdings.sequence)
    }

    pub(super) fn compare(&self, origin: Origin) -> Acquaintance {
        let known = (self.member.incarnation, self.life);
        match (origin.incarnation, Some(origin.life)).cmp(&known) {
            std::cmp::Ordering::Less => Acquaintance::Past,
            std::cmp::Ordering::Equal if self.ended => Acquaintance::Past,
            std::cmp::Ordering::Equal => Acquaintance::Known,
            std::cmp::Ordering::Greater => Acquaintance::New,
        }
    }

    /// Forgets the origin for the sake of a newer one of the same node. Whoever calls
    /// has taken the holdings before.
    pub(super) fn succeed(&mut self, origin: Origin) {
        *self = Self {
            up: self.up && self.member == origin.member(),
            life: Some(origin.life),
            snapshots: self.snapshots,
            ..Self::new(origin.member())
        };
    }

    /// Keeps steps until those before them have been applied; at most `most` of them.
    pub(super) fn keep(&mut self, after: u64, steps: Vec<Step>, most: usize) {
        let applied = self.applied().unwrap_or(0);
        for (sequence, step) in (after + 1..).zip(steps) {
            self.head = self.head.max(sequence);
            if sequence <= applied {
                continue;
            }
            if self.pending.len() >= most && !self.pending.contains_key(&sequence) {
                // What comes first is worth more than what comes later.
                let last = self.pending.last_entry();
                match last.filter(|last| *last.key() > sequence) {
                    Some(last) => drop(last.remove()),
                    None => {
                        self.overflowed = true;
                        continue;
                    }
                }
                self.overflowed = true;
            }
            self.pending.insert(sequence, step);
        }
    }

    /// The next step, if it is there and a snapshot was before it.
    pub(super) fn next_step(&mut self) -> Option<Step> {
        let next = self.applied()? + 1;
        self.pending.remove(&next)
    }

    /// Whether the next step is there.
    pub(super) fn has_next_step(&self) -> bool {
        let next = self.applied().map(|applied| applied + 1);
        next.is_some_and(|next| self.pending.contains_key(&next))
    }

    /// Drops what has been applied meanwhile, and says whether anything is missing.
    pub(super) fn tidy(&mut self) -> bool {
        let Some(applied) = self.applied() else {
            return true;
        };
        self.pending = self.pending.split_off(&(applied + 1));
        if self
            .assembly
            .as_ref()
            .is_some_and(|it| it.sequence <= applied)
        {
            self.assembly = None;
        }
        self.mark = self.mark.max(applied);
        self.head = self.head.max(applied);
        self.head > applied
    }

    /// Forgets everything but what protects from taking old news for new.
    pub(super) fn drop_state(&mut self) -> Option<Holdings> {
        self.pending.clear();
        self.assembly = None;
        self.pull = None;
        self.behind_since = None;
        self.overflowed = false;
        self.relay = None;
        self.silence = 0;
        self.holdings.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::change::Cause;
    use crate::runtime::Incarnation;

    fn origin(incarnation: u32, life: u64) -> Origin {
        Origin {
            node: NodeId(2),
            incarnation: Incarnation(incarnation),
            life,
        }
    }

    fn steps(count: u64) -> Vec<Step> {
        let cause = Cause::Exited;
        let step = |row| Step::Removed {
            row,
            cause: cause.clone(),
        };
        (0..count).map(step).collect()
    }

    fn peer(applied: u64) -> Peer {
        let mut peer = Peer::new(origin(1, 0).member());
        peer.life = Some(5);
        peer.holdings = Some(Holdings {
            sequence: applied,
            ..Holdings::default()
        });
        peer
    }

    #[test]
    fn an_origin_is_past_known_or_new() {
        let mut peer = Peer::new(origin(2, 0).member());
        assert_eq!(peer.compare(origin(2, 0)), Acquaintance::New);
        peer.succeed(origin(2, 5));
        assert_eq!(peer.compare(origin(2, 5)), Acquaintance::Known);
        assert_eq!(peer.compare(origin(2, 4)), Acquaintance::Past);
        assert_eq!(peer.compare(origin(1, 9)), Acquaintance::Past);
        assert_eq!(peer.compare(origin(2, 6)), Acquaintance::New);
        assert_eq!(peer.compare(origin(3, 0)), Acquaintance::New);
        peer.ended = true;
        assert_eq!(peer.compare(origin(2, 5)), Acquaintance::Past);
    }

    #[test]
    fn a_newer_start_is_no_member_until_the_cluster_says_so() {
        let mut peer = peer(3);
        peer.up = true;
        peer.succeed(origin(1, 6));
        assert!(peer.up, "another life of the same start");
        peer.succeed(origin(2, 1));
        assert!(!peer.up && peer.holdings.is_none() && peer.mark == 0);
    }

    #[test]
    fn steps_wait_for_those_before_them() {
        let mut peer = peer(3);
        peer.keep(5, steps(2), 10);
        assert!(peer.next_step().is_none());
        peer.keep(2, steps(3), 10);
        let mut applied = 3;
        while peer.next_step().is_some() {
            applied += 1;
            peer.holdings = Some(Holdings {
                sequence: applied,
                ..Holdings::default()
            });
        }
        assert_eq!((applied, peer.head), (7, 7));
        assert!(!peer.tidy(), "nothing is missing");
    }

    #[test]
    fn too_many_waiting_steps_cost_the_last_ones() {
        let mut peer = peer(0);
        peer.keep(3, steps(4), 3);
        assert!(peer.overflowed);
        peer.keep(0, steps(2), 3);
        let waiting: Vec<_> = peer.pending.keys().copied().collect();
        assert_eq!((waiting, peer.head), (vec![1, 2, 4], 7));
        assert!(peer.tidy(), "the rest is missing");
    }

    #[test]
    fn a_peer_that_goes_leaves_its_mark() {
        let mut peer = peer(7);
        assert!(!peer.tidy());
        assert!(peer.drop_state().is_some());
        assert_eq!((peer.mark, peer.applied()), (7, None));
    }
}
