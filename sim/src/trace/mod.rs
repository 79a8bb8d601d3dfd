//! What a run leaves behind: one record an event, in one canonical order.

mod event;

pub use event::{
    DiskEvent, DropCause, FaultEvent, MessageId, NetEvent, NodeEvent, Phase, Record, RunEvent,
    TaskEvent, TaskId, TraceEvent, VectorClock,
};
