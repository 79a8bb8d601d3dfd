//! What checks of coordination read of a trace.

use steadfast::event::{CoordinationEvent, Event};
use steadfast::runtime::NodeId;

use crate::trace::{NodeEvent, Record, TraceEvent};

/// One step of a run, as far as coordination is concerned.
pub(super) enum Step<'a> {
    /// A node announces something.
    Fact(NodeId, &'a CoordinationEvent),
    /// Whatever a node held or saw is over: it crashed, or starts anew.
    Over(NodeId),
}

impl<'a> Step<'a> {
    /// What a record says; `None` if that is about something else.
    pub(super) fn of(record: &'a Record) -> Option<Self> {
        let node = record.node?;
        match &record.event {
            TraceEvent::Core(Event::Coordination(event)) => Some(Self::Fact(node, event)),
            TraceEvent::Node(NodeEvent::Crashed { .. } | NodeEvent::Started { .. }) => {
                Some(Self::Over(node))
            }
            TraceEvent::Core(_)
            | TraceEvent::Run(_)
            | TraceEvent::Node(_)
            | TraceEvent::Task(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_)
            | TraceEvent::Fault(_) => None,
        }
    }
}
