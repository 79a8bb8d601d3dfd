//! The requests in flight and what has become of them. Plain bookkeeping.

use std::collections::BTreeMap;
use std::task::Waker;

use super::envelope::{Header, Kind};
use crate::runtime::{Incarnation, Message, NodeId};

/// What has become of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered(Vec<u8>),
    Declined,
    Closed,
}

struct Slot {
    peer: NodeId,
    outcome: Option<Outcome>,
    waker: Option<Waker>,
}

pub(super) struct Pending {
    incarnation: Incarnation,
    next: u64,
    slots: BTreeMap<u64, Slot>,
    closed: bool,
    pub(super) late: u64,
    pub(super) garbage: u64,
}

impl Pending {
    /// `first` must be higher than any number used on this port before.
    pub(super) const fn new(incarnation: Incarnation, first: u64) -> Self {
        Self {
            incarnation,
            next: first,
            slots: BTreeMap::new(),
            closed: false,
            late: 0,
            garbage: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Begins a request to `peer`; `None` if the inbox is closed.
    pub(super) fn begin(&mut self, peer: NodeId) -> Option<u64> {
        if self.closed {
            return None;
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let slot = Slot {
            peer,
            outcome: None,
            waker: None,
        };
        self.slots.insert(number, slot);
        Some(number)
    }

    pub(super) fn withdraw(&mut self, number: u64) {
        self.slots.remove(&number);
    }

    /// What has become of a request; remembers whom to wake if nothing yet.
    pub(super) fn outcome(&mut self, number: u64, waker: &Waker) -> Option<Outcome> {
        let slot = self.slots.get_mut(&number)?;
        if slot.outcome.is_none() {
            match &slot.waker {
                Some(known) if known.will_wake(waker) => {}
                _ => slot.waker = Some(waker.clone()),
            }
        }
        slot.outcome.take()
    }

    /// Sorts a received message in. Answers whom to wake.
    pub(super) fn take(&mut self, message: Message) -> Option<Waker> {
        let Some((header, payload)) = Header::decode(message.payload) else {
            self.garbage += 1;
            return None;
        };
        let outcome = match header.kind {
            Kind::Answer => Outcome::Answered(payload),
            Kind::Declined => Outcome::Declined,
            Kind::Request | Kind::Probe => {
                self.garbage += 1;
                return None;
            }
        };
        let own = header.correlation.incarnation == self.incarnation;
        let slot = self.slots.get_mut(&header.correlation.number);
        match slot.filter(|slot| own && slot.peer == message.from && slot.outcome.is_none()) {
            Some(slot) => {
                slot.outcome = Some(outcome);
                slot.waker.take()
            }
            // Given up, answered before, or of an earlier incarnation.
            None => {
                self.late += 1;
                None
            }
        }
    }

    /// No answer can come any more. Answers whom to wake.
    pub(super) fn close(&mut self) -> Vec<Waker> {
        self.closed = true;
        let unanswered = self
            .slots
            .values_mut()
            .filter(|slot| slot.outcome.is_none());
        let wakers = unanswered.filter_map(|slot| {
            slot.outcome = Some(Outcome::Closed);
            slot.waker.take()
        });
        wakers.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::envelope::Correlation;
    use super::*;
    use crate::runtime::Port;

    fn message(from: u32, kind: Kind, incarnation: u32, number: u64) -> Message {
        let correlation = Correlation {
            port: Port(9),
            incarnation: Incarnation(incarnation),
            number,
        };
        Message {
            from: NodeId(from),
            payload: Header { kind, correlation }.encode(b"answer"),
        }
    }

    fn outcome(pending: &mut Pending, number: u64) -> Option<Outcome> {
        pending.outcome(number, Waker::noop())
    }

    #[test]
    fn only_the_answer_of_the_asked_peer_to_this_incarnation_counts() {
        let mut pending = Pending::new(Incarnation(2), 100);
        let number = pending.begin(NodeId(1)).unwrap();
        for stray in [
            message(2, Kind::Answer, 2, number),
            message(1, Kind::Answer, 1, number),
            message(1, Kind::Answer, 2, number + 1),
        ] {
            pending.take(stray);
            assert_eq!(outcome(&mut pending, number), None);
        }
        pending.take(message(1, Kind::Answer, 2, number));
        let answer = Outcome::Answered(b"answer".to_vec());
        assert_eq!(outcome(&mut pending, number), Some(answer));
        assert_eq!((pending.late, pending.garbage), (3, 0));
    }

    #[test]
    fn the_first_answer_counts() {
        let mut pending = Pending::new(Incarnation(1), 0);
        let number = pending.begin(NodeId(1)).unwrap();
        pending.take(message(1, Kind::Declined, 1, number));
        pending.take(message(1, Kind::Answer, 1, number));
        assert_eq!(outcome(&mut pending, number), Some(Outcome::Declined));
        assert_eq!(pending.late, 1);
    }

    #[test]
    fn what_is_no_answer_is_garbage() {
        let mut pending = Pending::new(Incarnation(1), 0);
        let number = pending.begin(NodeId(1)).unwrap();
        pending.take(message(1, Kind::Request, 1, number));
        pending.take(message(1, Kind::Probe, 1, number));
        pending.take(Message {
            from: NodeId(1),
            payload: vec![0; 3],
        });
        assert_eq!(outcome(&mut pending, number), None);
        assert_eq!(pending.garbage, 3);
    }

    #[test]
    fn closing_ends_what_waits_and_refuses_the_next() {
        let mut pending = Pending::new(Incarnation(1), 0);
        let number = pending.begin(NodeId(1)).unwrap();
        assert_eq!(outcome(&mut pending, number), None);
        assert_eq!(pending.close().len(), 1);
        assert_eq!(outcome(&mut pending, number), Some(Outcome::Closed));
        assert_eq!(pending.begin(NodeId(1)), None);
    }
}
