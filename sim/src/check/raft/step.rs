//! What the checks of logs read of a trace.

use steadfast::event::{Event, StoreEvent};
use steadfast::runtime::NodeId;

use crate::trace::{NodeEvent, Record, TraceEvent};

/// One step of a run, as far as logs are concerned.
pub(super) enum Step<'a> {
    /// A node announces something.
    Fact(NodeId, &'a StoreEvent),
    /// A node lost its disk.
    Wiped(NodeId),
}

impl<'a> Step<'a> {
    /// What a record says; `None` if that is about something else.
    pub(super) fn of(record: &'a Record) -> Option<Self> {
        let node = record.node?;
        match &record.event {
            TraceEvent::Core(Event::Store(event)) => Some(Self::Fact(node, event)),
            TraceEvent::Node(NodeEvent::Crashed { wiped: true, .. }) => Some(Self::Wiped(node)),
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
