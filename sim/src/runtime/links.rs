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

impl Link {
    #[inline]
    fn refresh(&mut self, from: NodeId, to: NodeId, injector: &Injector) {
        if self.generation != injector.generation() {
            self.generation = injector.generation();
            self.faults = injector.on_link(from, to);
        }
    }
}

/// A message that is handed over, and the link that it is handed to.
pub(crate) struct Passage<'a> {
    pub(crate) id: MessageId,
    /// The link can carry no more.
    pub(crate) is_full: bool,
    /// How long the message takes when nothing is wrong, in nanoseconds.
    pub(crate) delay: u64,
    /// What is wrong on the link.
    pub(crate) faults: &'a [LinkFault],
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

    /// Counts one more message on a link and says what the link is like. Both nodes
    /// must exist.
    pub(crate) fn next(&mut self, from: NodeId, to: NodeId, injector: &Injector) -> Passage<'_> {
        let (delay_min, delay_span) = (self.delay_min, self.delay_span);
        let link = self.link(from, to);
        link.ordinal += 1;
        let ordinal = link.ordinal;
        link.refresh(from, to, injector);
        Passage {
            id: MessageId { from, to, ordinal },
            is_full: link.in_flight >= Self::IN_FLIGHT_MAX,
            delay: delay_min + link.delay.with(ordinal).below(delay_span),
            faults: &link.faults,
        }
    }

    /// How far a copy may be behind its original, in nanoseconds.
    pub(crate) fn copy_delay_max(&self) -> u64 {
        (self.delay_min + self.delay_span).max(1_000_000)
    }

    /// What is wrong on the link of a message at present.
    pub(crate) fn faults(&mut self, id: MessageId, injector: &Injector) -> &[LinkFault] {
        let link = self.link(id.from, id.to);
        link.refresh(id.from, id.to, injector);
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

    #[inline]
    fn link(&mut self, from: NodeId, to: NodeId) -> &mut Link {
        if self.rows[from.0 as usize - 1].is_empty() {
            self.make_row(from);
        }
        &mut self.rows[from.0 as usize - 1][to.0 as usize - 1]
    }

    #[cold]
    fn make_row(&mut self, from: NodeId) {
        let nodes = self.rows.len() as u32;
        let delay = self.delay_key.with(u64::from(from.0));
        let links = (1..=nodes).map(|to| Link {
            ordinal: 0,
            in_flight: 0,
            delay: delay.with(u64::from(to)),
            faults: Vec::new(),
            generation: 0,
        });
        self.rows[from.0 as usize - 1].extend(links);
    }
}
