//! The network of a simulated node.

use steadfast::runtime::{
    BindError, Inbox, InboxSender, Message, Network, NodeId, Offer, Port, SendError,
};
use xxhash_rust::xxh3::xxh3_64;

use super::agenda::Due;
use super::fate::decide;
use super::life::SimRuntime;
use super::links::{InFlight, Links};
use super::state::State;
use crate::fault::Fault;
use crate::trace::{DropCause, MessageId, NetEvent};

impl Network for SimRuntime {
    fn payload_len_max(&self) -> usize {
        Links::PAYLOAD_LEN_MAX
    }

    fn bind(&self, port: Port, capacity: usize) -> Result<Inbox, BindError> {
        let life = &self.0;
        let node = life.node;
        if capacity == 0 {
            return Err(BindError::NoCapacity);
        }
        let mut state = life.shared.lock();
        if !life.is_alive() {
            return Err(BindError::Closed { node });
        }
        let ports = &mut state.node_mut(node).ports;
        if ports.get(&port).is_some_and(InboxSender::is_open) {
            return Err(BindError::InUse { node, port });
        }
        let (sender, inbox) = Inbox::new(capacity);
        ports.insert(port, sender);
        Ok(inbox)
    }

    fn send(&self, to: NodeId, port: Port, payload: Vec<u8>) -> Result<(), SendError> {
        let life = &self.0;
        let now = life.shared.now();
        let mut state = life.shared.lock();
        if !life.is_alive() {
            return Err(SendError::Closed { node: life.node });
        }
        state.send(now, life.node, to, port, payload)
    }
}

impl State {
    /// Takes a message from a live node.
    fn send(
        &mut self,
        now: u64,
        from: NodeId,
        to: NodeId,
        port: Port,
        payload: Vec<u8>,
    ) -> Result<(), SendError> {
        let Some(receiver) = self.find(to) else {
            // No link leads to a node that does not exist, so there is nothing to record.
            return Err(SendError::Unreachable { peer: to });
        };
        let is_down = receiver.life.is_none();
        let copy_delay_max = self.links.copy_delay_max();
        let passage = self.links.next(from, to, &self.injector);
        let (id, is_full, mut delay) = (passage.id, passage.is_full, passage.delay);
        let fate = (!passage.faults.is_empty())
            .then(|| decide(self.seed, id, passage.faults, copy_delay_max));
        let len_max = Links::PAYLOAD_LEN_MAX;
        if payload.len() > len_max {
            self.refuse(now, id);
            let len = payload.len();
            return Err(SendError::TooLong { len, len_max });
        }
        if is_full {
            self.refuse(now, id);
            return Err(SendError::QueueFull { peer: to });
        }
        let is_cut = fate
            .as_ref()
            .is_some_and(|fate| fate.lost == Some(DropCause::Cut));
        if is_down && !is_cut {
            self.refuse(now, id);
            return Err(SendError::Unreachable { peer: to });
        }
        let event = NetEvent::Sent {
            message: id,
            port,
            len: payload.len() as u32,
            hash: xxh3_64(&payload),
        };
        self.record_message(now, from, event);
        let slow = self.node(from).clock.slow();
        if slow > 1_000 {
            delay = (u128::from(delay) * u128::from(slow) / 1_000) as u64;
            for episode in self.node(from).condition.slow.clone() {
                self.mark_effective(now, episode);
            }
        }
        let Some(fate) = fate else {
            let message = InFlight::new(id, port, payload, 0, None);
            self.dispatch(now, now.saturating_add(delay), message);
            return Ok(());
        };
        for episode in &fate.effective {
            self.mark_effective(now, *episode);
        }
        if let Some(cause) = fate.lost {
            self.lose(now, from, id, cause);
            return Ok(());
        }
        let due = now.saturating_add(delay).saturating_add(fate.extra);
        if let Some(behind) = fate.copy {
            let copy = InFlight::new(id, port, payload.clone(), 1, fate.held);
            self.dispatch(now, due.saturating_add(behind), copy);
        }
        let original = InFlight::new(id, port, payload, 0, fate.held);
        self.dispatch(now, due, original);
        Ok(())
    }

    /// The message of a due entry arrives.
    pub(crate) fn deliver(&mut self, now: u64, slot: u32, sequence: u64) {
        let Some(message) = self.links.take_arrival(slot, sequence) else {
            return;
        };
        let InFlight { id, copy, .. } = message;
        let Some(receiver) = self.find(id.to).filter(|node| node.life.is_some()) else {
            self.lose(now, id.to, id, DropCause::NodeDown);
            return;
        };
        let Some(inbox) = receiver.ports.get(&message.port) else {
            self.lose(now, id.to, id, DropCause::PortClosed);
            return;
        };
        // The receiver's waker is called under the lock; it only marks a task as ready.
        let offer = inbox.offer(Message {
            from: id.from,
            payload: message.payload,
        });
        match offer {
            Offer::Taken => {
                self.links.delivered += 1;
                let event = NetEvent::Delivered { message: id, copy };
                self.record_message(now, id.to, event);
                self.note_wanted(now, id.to);
            }
            Offer::Full => self.lose(now, id.to, id, DropCause::InboxFull),
            Offer::Closed => self.lose(now, id.to, id, DropCause::PortClosed),
        }
    }

    /// A cut begins: what is under way on its links is lost. Answers whether anything was.
    pub(crate) fn lose_in_flight(
        &mut self,
        now: u64,
        covers: impl Fn(NodeId, NodeId) -> bool,
    ) -> bool {
        let lost = self
            .links
            .select(|message| covers(message.id.from, message.id.to));
        for (id, slot) in &lost {
            drop(self.links.take(*slot));
            self.lose(now, id.to, *id, DropCause::CutInFlight);
        }
        !lost.is_empty()
    }

    /// What is held and need not be any more arrives now, in the order of sending.
    pub(crate) fn release_held(&mut self, now: u64) {
        for (id, slot) in self.links.select(|message| message.held.is_some()) {
            let faults = self.links.faults(id, &self.injector);
            let holding = faults
                .iter()
                .find(|fault| matches!(fault.fault, Fault::Hold))
                .map(|fault| fault.episode);
            match holding {
                Some(episode) => {
                    self.links.hold(slot, episode);
                    self.mark_effective(now, episode);
                }
                None => {
                    let sequence = self.agenda.push(now, now, Due::Message(slot));
                    self.links.arrives(slot, sequence);
                }
            }
        }
    }

    fn dispatch(&mut self, now: u64, due: u64, message: InFlight) {
        let is_held = message.held.is_some();
        let slot = self.links.put(message);
        if !is_held {
            let sequence = self.agenda.push(now, due, Due::Message(slot));
            self.links.arrives(slot, sequence);
        }
    }

    fn refuse(&mut self, now: u64, message: MessageId) {
        self.record_message(now, message.from, NetEvent::Refused { message });
    }

    /// Records a loss on the node that could have seen it.
    fn lose(&mut self, now: u64, node: NodeId, message: MessageId, cause: DropCause) {
        self.record_message(now, node, NetEvent::Dropped { message, cause });
    }
}
