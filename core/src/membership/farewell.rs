//! How a node leaves.
//!
//! Pure. It tells members, a few at a time, that it departs, until enough of them have
//! answered; they pass it on. It says so in a question that must be answered, because
//! the network may lose a mere notice.

use std::time::Duration;

use foca::{Message, State};

use super::identity::Identity;
use super::packet::Packet;
use crate::runtime::{EntropyStream, NodeId, Timestamp};

/// The farewell of one node, while it goes on.
#[derive(Debug)]
pub(super) struct Farewell {
    /// Under which this node departs.
    identity: Identity,
    /// Who has not answered, the next to be told first.
    unanswered: Vec<Identity>,
    answers_missing: usize,
    rounds_left: u32,
    fanout: usize,
    period: Duration,
    next: Timestamp,
    answered: bool,
}

impl Farewell {
    /// How often members are told before the node leaves without an answer.
    pub(super) const ROUNDS: u32 = 8;

    /// A farewell to `members` that begins `now`.
    pub(super) fn new(
        own: Identity,
        mut members: Vec<Identity>,
        (period, fanout): (Duration, u8),
        chance: &mut EntropyStream,
        now: Timestamp,
    ) -> Self {
        chance.shuffle(&mut members);
        let fanout = usize::from(fanout);
        Self {
            identity: own.departing(),
            answers_missing: members.len().min(fanout),
            answered: members.is_empty(),
            unanswered: members,
            rounds_left: Self::ROUNDS,
            fanout,
            period,
            next: now,
        }
    }

    pub(super) const fn identity(&self) -> Identity {
        self.identity
    }

    /// When [`wake`](Self::wake) is to be called next; `None` if all is said.
    pub(super) fn due(&self) -> Option<Timestamp> {
        (self.answers_missing > 0).then_some(self.next)
    }

    /// Whether anyone has answered, or there was nobody to tell.
    pub(super) const fn is_answered(&self) -> bool {
        self.answered
    }

    /// Whom to tell now.
    pub(super) fn wake(&mut self, now: Timestamp) -> Vec<Identity> {
        if self.answers_missing == 0 || now < self.next {
            return Vec::new();
        }
        if self.rounds_left == 0 {
            self.answers_missing = 0;
            return Vec::new();
        }
        self.rounds_left -= 1;
        self.next = now + self.period;
        let told = self.fanout.min(self.unanswered.len());
        self.unanswered.rotate_left(told);
        self.unanswered[self.unanswered.len() - told..].to_vec()
    }

    /// A member has answered.
    pub(super) fn hear(&mut self, from: NodeId) {
        if self.strike(from) {
            self.answered = true;
            self.answers_missing = self.answers_missing.saturating_sub(1);
        }
    }

    /// A member cannot be told.
    pub(super) fn give_up(&mut self, on: NodeId) {
        if self.strike(on) {
            self.answers_missing = self.answers_missing.min(self.unanswered.len());
        }
    }

    fn strike(&mut self, node: NodeId) -> bool {
        let before = self.unanswered.len();
        self.unanswered.retain(|member| member.node != node);
        self.unanswered.len() < before
    }
}

/// Tells `to` that the node of `departing` has left.
pub(super) fn notice(departing: Identity, to: Identity) -> Packet {
    let left = foca::Member::new(departing, 0, State::Down);
    Packet::new(departing, to, Message::Ping(0)).with(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Incarnation;

    const PERIOD: Duration = Duration::from_nanos(10);

    fn farewell(members: u32) -> Farewell {
        let identity = |node| Identity::new(NodeId(node), Incarnation(1), 0);
        let members = (2..2 + members).map(identity).collect();
        let mut chance = EntropyStream::from_seed([7; 32]);
        let start = Timestamp::ZERO;
        Farewell::new(identity(1), members, (PERIOD, 3), &mut chance, start)
    }

    #[test]
    fn it_is_over_at_once_if_there_is_nobody_to_tell() {
        let farewell = farewell(0);
        assert_eq!(farewell.due(), None);
        assert!(farewell.is_answered());
    }

    #[test]
    fn it_is_over_when_enough_have_answered() {
        let mut farewell = farewell(10);
        let told = farewell.wake(Timestamp::ZERO);
        assert_eq!(told.len(), 3);
        farewell.hear(told[0].node);
        farewell.hear(told[0].node);
        farewell.hear(told[1].node);
        assert_eq!(farewell.due(), Some(Timestamp(10)));
        let again = farewell.wake(Timestamp(10));
        assert!(again.iter().all(|member| !told[..2].contains(member)));
        farewell.hear(again[0].node);
        assert_eq!(farewell.due(), None);
    }

    #[test]
    fn it_is_over_without_an_answer_after_the_last_round() {
        let mut farewell = farewell(2);
        for round in 0..Farewell::ROUNDS {
            let now = farewell.due().unwrap();
            assert_eq!(now, Timestamp(u64::from(round) * 10));
            assert_eq!(farewell.wake(now).len(), 2);
        }
        let last = farewell.due().unwrap();
        assert_eq!(farewell.wake(last), vec![]);
        assert_eq!(farewell.due(), None);
        assert!(!farewell.is_answered());
    }

    #[test]
    fn who_cannot_be_told_is_not_waited_for() {
        let mut farewell = farewell(2);
        farewell.give_up(NodeId(2));
        farewell.hear(NodeId(3));
        assert_eq!(farewell.due(), None);
        assert!(farewell.is_answered());
    }
}
