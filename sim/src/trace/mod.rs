//! What a run leaves behind: one record an event, in one canonical order.

mod clock;
mod difference;
mod digest;
mod encoding;
mod event;
pub mod file;
mod recorder;
pub mod render;
mod shiviz;
pub(crate) mod subject;

pub use clock::{Clocks, clocks};
pub use difference::{Difference, first_difference};
pub use digest::{Digest, DigestError};
pub use event::{
    DiskEvent, DropCause, FaultEvent, MessageId, NetEvent, NodeEvent, Phase, Record, RunEvent,
    TaskEvent, TaskId, TraceEvent, VectorClock,
};
pub use recorder::{Capture, Recorder, digest_of, first_differing_prefix};
pub use shiviz::{SHIVIZ_EXPRESSION, shiviz};
