//! What a run did to each message.

use std::collections::BTreeMap;

use steadfast::failure::Severity;
use steadfast::runtime::{Clock, Identity, Network, NodeId, Port};

use super::ms;
use crate::run::Script;
use crate::run_report::Run;
use crate::trace::{DropCause, MessageId, NetEvent, TraceEvent};

/// What became of one message or copy, and how long after it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Delivered { copy: u8, after: u64 },
    Dropped(DropCause, u64),
    Refused,
}

/// Of every message when it was sent and what became of it, in the order of arrival.
pub(super) struct Observed {
    pub(super) sent: BTreeMap<MessageId, u64>,
    pub(super) fates: BTreeMap<MessageId, Vec<Fate>>,
    /// All arrivals in order.
    pub(super) arrivals: Vec<MessageId>,
}

impl Observed {
    pub(super) fn new(run: &Run) -> Self {
        let mut observed = Self {
            sent: BTreeMap::new(),
            fates: BTreeMap::new(),
            arrivals: Vec::new(),
        };
        for record in &run.trace {
            let TraceEvent::Net(event) = &record.event else {
                continue;
            };
            let after = |sent: &BTreeMap<MessageId, u64>, id| record.time - sent[id];
            let (id, fate) = match event {
                NetEvent::Sent { message, .. } => {
                    observed.sent.insert(*message, record.time);
                    observed.fates.entry(*message).or_default();
                    continue;
                }
                NetEvent::Delivered { message, copy } => {
                    observed.arrivals.push(*message);
                    let after = after(&observed.sent, message);
                    (*message, Fate::Delivered { copy: *copy, after })
                }
                NetEvent::Dropped { message, cause } => {
                    let after = after(&observed.sent, message);
                    (*message, Fate::Dropped(*cause, after))
                }
                NetEvent::Refused { message } => (*message, Fate::Refused),
            };
            observed.fates.entry(id).or_default().push(fate);
        }
        observed
    }

    /// The messages of one link, with when they were sent and their fates.
    pub(super) fn link(&self, from: u32, to: u32) -> impl Iterator<Item = (u64, &[Fate])> {
        let of_link = move |id: &MessageId| (id.from, id.to) == (NodeId(from), NodeId(to));
        let sent = self.sent.iter().filter(move |(id, _)| of_link(id));
        sent.map(|(id, at)| (*at, self.fates[id].as_slice()))
    }

    /// How long messages took that were sent on a link within a span of milliseconds.
    pub(super) fn delays(&self, from: u32, to: u32, span: std::ops::Range<u64>) -> Vec<u64> {
        let sent = self.link(from, to);
        let sent = sent.filter(|(at, _)| span.contains(&(at / super::MILLISECOND)));
        let delays = sent
            .flat_map(|(_, fates)| fates)
            .filter_map(|fate| match fate {
                Fate::Delivered { copy: 0, after } => Some(*after),
                Fate::Delivered { .. } | Fate::Dropped(..) | Fate::Refused => None,
            });
        delays.collect()
    }
}

/// Every node sends to every other one every 10 milliseconds.
pub(super) fn chatter() -> Script {
    Script::new().process(|context| async move {
        let runtime = context.runtime().clone();
        let me = runtime.node();
        let Ok(mut inbox) = runtime.bind(Port(1), 256) else {
            return;
        };
        let peers: Vec<_> = (1..=3).map(NodeId).filter(|peer| *peer != me).collect();
        let mut next = runtime.now();
        loop {
            for peer in &peers {
                if let Err(failure) = context.send(*peer, Port(1), vec![7]) {
                    failure.report(Severity::Warning);
                }
            }
            while inbox.try_receive().is_some() {}
            next = next + ms(10);
            runtime.sleep_until(next).await;
        }
    })
}
