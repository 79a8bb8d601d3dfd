//! The links between nodes and what is under way on them.

use std::time::Duration;

use steadfast::runtime::{NodeId, Port};

use super::slots::Slots;
use crate::fault::{Injector, LinkFault};
use crate::keyed::Key;
use crate::plan::Plan;
use crate::trace::MessageId;

/// One direction between two nodes.
#[derive(Debug, Clone)]
struct Link {
    /// Messages handed over so far, refused ones included.
    ordinal: u64,
    in_flight: u32,
    /// Decides healthy delays, up to the ordinal.
    delay: Key,
    /// What is wrong, as of this generation of the injector.
    faults: Vec<LinkFault>,
    generation: u64,
}

/// A message under way.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) id: MessageId,
    pub(crate) port: Port,
    pub(crate) payload: Vec<u8>,
    pub(crate) copy: u8,
    /// Which of the agenda's entries is its arrival.
    pub(crate) sequence: u64,
    /// The episode that holds it back.
    pub(crate) held: Option<u32>,
}

impl InFlight {
    pub(crate) const fn new(
        id: MessageId,
        port: Port,
        payload: Vec<u8>,
        copy: u8,
        held: Option<u32>,
    ) -> Self {
        Self {
            id,
            port,
            payload,
            copy,
            sequence: 0,
            held,
        }
    }
}

/// All links. Rows are made when a node first sends.
pub(crate) struct Links {
    rows: Vec<Vec<Link>>,
    under_way: Slots<InFlight>,
    delay_key: Key,
    delay_min: u64,
    /// The number of different healthy delays.
    delay_span: u64,
    /// Messages that arrived.
    pub(crate) delivered: u64,
}

impl Links {
    /// How many messages one direction carries at a time.
    pub(crate) const IN_FLIGHT_MAX: u32 = 4_096;

    /// The longest payload, in bytes.
    pub(crate) const PAYLOAD_LEN_MAX: usize = 1 << 20;

    pub(crate) fn new(plan: &Plan) -> Self {
        let nanoseconds = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(0);
        let (min, max) = (plan.topology.delay_min, plan.topology.delay_max);
        Self {
            rows: vec![Vec::new(); plan.topology.nodes as usize],
            under_way: Slots::new(),
            delay_key: Key::new(plan.seed, "delay"),
            delay_min: nanoseconds(min),
            delay_span: nanoseconds(max.saturating_sub(min)) + 1,
            delivered: 0,
        }
    }

    /// Counts one more message on a link. Both nodes must exist.
    pub(crate) fn next(&mut self, from: NodeId, to: NodeId) -> MessageId {
        let link = self.link(from, to);
        link.ordinal += 1;
        MessageId {
            from,
            to,
            ordinal: link.ordinal,
        }
    }

    /// Whether the link of the message can carry no more.
    pub(crate) fn is_full(&mut self, id: MessageId) -> bool {
        self.link(id.from, id.to).in_flight >= Self::IN_FLIGHT_MAX
    }

    /// How long the message takes when nothing is wrong, in nanoseconds.
    pub(crate) fn healthy_delay(&mut self, id: MessageId) -> u64 {
        let key = self.link(id.from, id.to).delay.with(id.ordinal);
        self.delay_min + key.below(self.delay_span)
    }

    /// How far a copy may be behind its original, in nanoseconds.
    pub(crate) fn copy_delay_max(&self) -> u64 {
        (self.delay_min + self.delay_span).max(1_000_000)
    }

    /// What is wrong on a link at present.
    pub(crate) fn faults(&mut self, id: MessageId, injector: &Injector) -> &[LinkFault] {
        let link = self.link(id.from, id.to);
        if link.generation != injector.generation() {
            link.generation = injector.generation();
            link.faults = injector.on_link(id.from, id.to);
        }
        &link.faults
    }

    /// Puts a message on its way. Answers its slot; the caller makes the entry in the
    /// agenda and says so with [`arrives`](Self::arrives), unless it is held.
    pub(crate) fn put(&mut self, message: InFlight) -> u32 {
        self.link(message.id.from, message.id.to).in_flight += 1;
        self.under_way.insert(message)
    }

    /// The message in this slot arrives with this entry of the agenda.
    pub(crate) fn arrives(&mut self, slot: u32, sequence: u64) {
        if let Some(message) = self.under_way.get_mut(slot) {
            message.sequence = sequence;
            message.held = None;
        }
    }

    /// The message in this slot is held by another episode from here on.
    pub(crate) fn hold(&mut self, slot: u32, episode: u32) {
        if let Some(message) = self.under_way.get_mut(slot) {
            message.held = Some(episode);
        }
    }

    /// Takes the message that arrives with this entry; `None` if it is gone.
    pub(crate) fn take_arrival(&mut self, slot: u32, sequence: u64) -> Option<InFlight> {
        if self.under_way.get(slot)?.sequence != sequence {
            return None;
        }
        self.take(slot)
    }

    /// Takes a message off its link.
    pub(crate) fn take(&mut self, slot: u32) -> Option<InFlight> {
        let message = self.under_way.remove(slot)?;
        self.link(message.id.from, message.id.to).in_flight -= 1;
        Some(message)
    }

    /// The slots of the messages that match, by link and in the order of sending.
    pub(crate) fn select(&self, matches: impl Fn(&InFlight) -> bool) -> Vec<(MessageId, u32)> {
        let matching = self
            .under_way
            .iter()
            .filter(|(_, message)| matches(message));
        let mut found: Vec<_> = matching
            .map(|(slot, message)| (message.id, message.copy, slot))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(id, _, slot)| (id, slot)).collect()
    }

    fn link(&mut self, from: NodeId, to: NodeId) -> &mut Link {
        let nodes = self.rows.len() as u32;
        let delay = self.delay_key.with(u64::from(from.0));
        let row = &mut self.rows[from.0 as usize - 1];
        if row.is_empty() {
            let links = (1..=nodes).map(|to| Link {
                ordinal: 0,
                in_flight: 0,
                delay: delay.with(u64::from(to)),
                faults: Vec::new(),
                generation: 0,
            });
            row.extend(links);
        }
        &mut row[to.0 as usize - 1]
    }
}
