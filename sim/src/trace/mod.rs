//! What a run leaves behind: one record an event, in one canonical order.

mod difference;
mod digest;
mod event;
mod recorder;
pub mod render;

pub use difference::{Difference, first_difference};
pub use digest::{Digest, DigestError};
pub use event::{
    DiskEvent, DropCause, FaultEvent, MessageId, NetEvent, NodeEvent, Phase, Record, RunEvent,
    TaskEvent, TaskId, TraceEvent, VectorClock,
};
pub use recorder::{Capture, Recorder, first_differing_prefix};
