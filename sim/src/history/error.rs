//! Why a history cannot be read.

use std::io;

use steadfast::Label;

/// A history that cannot be read. Nothing of it is used; correct the file, or say
/// which format it has.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The file cannot be read. Reading again may help.
    #[error("line {line}: {error}")]
    Io {
        /// The line that was to be read.
        line: u64,
        /// Why.
        error: io::Error,
    },
    /// A line is not what it must be.
    #[error("line {line}: {reason}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// Why.
        reason: EventError,
    },
    /// There are no operations in it, so that there is nothing to check.
    #[error("no operations in {lines} lines")]
    Empty {
        /// How many lines there are.
        lines: u64,
    },
}

/// An event that cannot belong to a history. The history is as it was before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The line is too long.
    #[error("longer than {max} bytes")]
    TooLong {
        /// The most bytes of a line.
        max: usize,
    },
    /// The file is too large.
    #[error("the file is larger than {max} bytes")]
    TooLarge {
        /// The most bytes of a file.
        max: u64,
    },
    /// The line is not UTF-8.
    #[error("not UTF-8 text")]
    NotText,
    /// The line is not of its format.
    #[error("{0}")]
    Syntax(String),
    /// It is a line of the format, and means nothing to the model.
    #[error("{0}")]
    Meaning(String),
    /// A process asks twice at a time.
    #[error("process {process} asks again, but its operation of {since} is still open")]
    StillOpen {
        /// Which process.
        process: Label,
        /// Where the open operation was invoked.
        since: u64,
    },
    /// A process is told something that it did not ask for.
    #[error("process {process} has no open operation that could end here")]
    NothingOpen {
        /// Which process.
        process: Label,
    },
    /// The event does not come after the one before.
    #[error("events must be added in the order of real time")]
    Backwards,
    /// The time is before that of an earlier event.
    #[error("time {time} is before {before}, the time of an earlier line")]
    TimeBackwards {
        /// The time.
        time: u64,
        /// The last time before.
        before: u64,
    },
    /// There are more operations than are taken.
    #[error("more than {max} operations")]
    TooMany {
        /// The most operations.
        max: usize,
    },
}
