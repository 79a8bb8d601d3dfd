//! What an event has seen of the other nodes, derived from the records.

use std::collections::BTreeMap;

use steadfast::runtime::NodeId;

use super::event::{MessageId, NetEvent, Record, TraceEvent, VectorClock};

impl VectorClock {
    /// Whether everything that `other` has seen was seen here too. Of two events,
    /// the one whose clock includes the other's may depend on it; if neither does,
    /// they are concurrent.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        let seen = |node| self.0.get(node).copied().unwrap_or(0);
        other.0.iter().all(|(node, count)| seen(node) >= *count)
    }

    fn merge(&mut self, other: &Self) {
        for (node, count) in &other.0 {
            let mine = self.0.entry(*node).or_default();
            *mine = (*mine).max(*count);
        }
    }
}

/// Derives the clocks of records, one by one, in order.
///
/// Each record of a node counts one up on that node. A delivery has also seen what
/// the sending of the same message had seen, and so has everything after it on the
/// receiver. The clock of a node goes on over its restarts. A record of the world
/// has an empty clock: the world acts on nodes, which no node can see.
#[derive(Debug, Default)]
pub struct Clocks {
    nodes: BTreeMap<NodeId, VectorClock>,
    // Kept to the end: a duplicate may arrive at any time.
    sent: BTreeMap<MessageId, VectorClock>,
}

impl Clocks {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The clock of the next record.
    pub fn next(&mut self, record: &Record) -> VectorClock {
        let Some(node) = record.node else {
            return VectorClock::default();
        };
        let clock = self.nodes.entry(node).or_default();
        if let TraceEvent::Net(NetEvent::Delivered { message, .. }) = &record.event
            && let Some(sent) = self.sent.get(message)
        {
            clock.merge(sent);
        }
        *clock.0.entry(node).or_default() += 1;
        if let TraceEvent::Net(NetEvent::Sent { message, .. }) = &record.event {
            self.sent.insert(*message, clock.clone());
        }
        clock.clone()
    }
}

/// The clocks of records, in order; see [`Clocks`].
pub fn clocks(records: &[Record]) -> impl Iterator<Item = VectorClock> + '_ {
    let mut clocks = Clocks::new();
    records.iter().map(move |record| clocks.next(record))
}

#[cfg(test)]
mod tests {
    use steadfast::runtime::Port;

    use super::*;
    use crate::trace::{NodeEvent, RunEvent};

    fn message(ordinal: u64) -> MessageId {
        MessageId {
            from: NodeId(1),
            to: NodeId(2),
            ordinal,
        }
    }

    fn sent(ordinal: u64) -> TraceEvent {
        TraceEvent::Net(NetEvent::Sent {
            message: message(ordinal),
            port: Port(1),
            len: 0,
            hash: 0,
        })
    }

    fn delivered(ordinal: u64, copy: u8) -> TraceEvent {
        TraceEvent::Net(NetEvent::Delivered {
            message: message(ordinal),
            copy,
        })
    }

    fn clocks_of(events: Vec<(Option<u32>, TraceEvent)>) -> Vec<Vec<(u32, u64)>> {
        let record = |(index, (node, event)): (usize, (Option<u32>, TraceEvent))| Record {
            index: index as u64,
            time: 0,
            node: node.map(NodeId),
            event,
        };
        let records: Vec<Record> = events.into_iter().enumerate().map(record).collect();
        clocks(&records)
            .map(|clock| {
                clock
                    .0
                    .iter()
                    .map(|(node, count)| (node.0, *count))
                    .collect()
            })
            .collect()
    }

    #[test]
    fn a_delivery_has_seen_what_its_sending_had_seen_and_no_more() {
        let clocks = clocks_of(vec![
            (Some(1), sent(1)),
            (Some(1), sent(2)),
            (Some(2), delivered(1, 0)),
            (Some(2), delivered(2, 0)),
            (Some(2), delivered(1, 1)),
            (Some(2), TraceEvent::Node(NodeEvent::Paused)),
        ]);
        assert_eq!(clocks[2], [(1, 1), (2, 1)]);
        assert_eq!(clocks[3], [(1, 2), (2, 2)]);
        assert_eq!(clocks[4], [(1, 2), (2, 3)]);
        assert_eq!(clocks[5], [(1, 2), (2, 4)]);
    }

    #[test]
    fn the_world_and_unknown_messages_add_nothing() {
        let clocks = clocks_of(vec![
            (None, TraceEvent::Run(RunEvent::Finished)),
            (Some(2), delivered(9, 0)),
        ]);
        assert!(clocks[0].is_empty());
        assert_eq!(clocks[1], [(2, 1)]);
    }

    #[test]
    fn clocks_tell_dependent_events_from_concurrent_ones() {
        let clock = |counts: &[(u32, u64)]| {
            VectorClock(counts.iter().map(|(n, c)| (NodeId(*n), *c)).collect())
        };
        let (left, right) = (clock(&[(1, 2)]), clock(&[(2, 1)]));
        let both = clock(&[(1, 2), (2, 1)]);
        assert!(both.includes(&left) && both.includes(&right) && both.includes(&both));
        assert!(!left.includes(&right) && !right.includes(&left) && !left.includes(&both));
    }
}
