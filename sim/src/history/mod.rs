//! Histories: what clients asked of a system, and what they were told.
//!
//! A history is a list of events in the order of real time: an *invocation* when a
//! client asks, a *completion* when it is told. An operation ends as one of
//!
//! - **ok**: it took effect once, at some instant between the two events;
//! - **failed**: it certainly never took effect;
//! - **unknown** (Jepsen's `info`, and every operation that is still open when the
//!   history ends): it may take effect at any instant after its invocation, even long
//!   after its client gave up, or never.
//!
//! Histories come from files in one of three [formats](Format), or from the notes of
//! a run, which a [`HistoryRecorder`] writes.
//!
//! # The lines of JSON
//!
//! One object a line, in the order of real time:
//!
//! ```text
//! {"history_version":1}
//! {"process":"a","type":"invoke","op":"write","key":"x","value":3,"time":1200}
//! {"process":"a","type":"ok","time":5300}
//! {"process":"b","type":"invoke","op":"cas","key":"x","value":[3,4]}
//! {"process":"b","type":"info","error":"timed out"}
//! ```
//!
//! | field | in | what |
//! |---|---|---|
//! | `history_version` | an optional first line of its own | 1 |
//! | `process` | every event | who: a whole number or a text; one operation at a time |
//! | `type` | every event | `invoke`, `ok`, `fail` (certainly did not happen) or `info` (unknown) |
//! | `op` | invocations; in completions it may be repeated | the operation, see the models |
//! | `key` | invocations; in completions it may be repeated | which object, a whole number or a text; none is one more object |
//! | `value` | both | argument or answer: null, true, false, a whole number, a text, or a list of these |
//! | `time` | both, optional | nanoseconds since any origin; never less than on a line before |
//! | `error` | completions, optional | any text, for people |
//!
//! A value that is left out is null. Lines are compared by their place, times are only
//! shown. Empty lines are skipped; any other line that is not an event is an error.

mod edn;
mod edn_value;
mod entry;
mod error;
mod format;
mod jepsen;
mod json;
mod log;
mod operation;
mod read;
mod recorder;
#[cfg(test)]
mod tests;
mod value;
mod vocabulary;

pub(crate) use entry::{Entry, Kind};
pub use error::{EventError, HistoryError};
pub use format::Format;
pub use log::{Completion, History};
pub use operation::{Moment, Operation, Outcome};
pub(crate) use read::enter;
pub use read::{HistoryLimits, read};
pub(crate) use recorder::event_of_note;
pub use recorder::{HistoryRecorder, RecordedCall};
pub use value::Value;
pub use vocabulary::{HistoryOf, Said, Vocabulary};
