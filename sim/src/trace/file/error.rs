//! Why a trace file is refused.

use std::io;

use super::format::LINE_BYTES_MAX;
use crate::trace::Digest;

/// A trace file cannot be read. Nothing was changed; [`remedy`](Self::remedy) says
/// what may help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceFileError {
    /// The system could not read the file. A retry may help.
    #[error("line {line}: cannot be read")]
    Read {
        /// The line, from 1.
        line: u64,
        /// What the system said.
        source: io::Error,
    },
    /// A line is longer than any that is written. A retry cannot help.
    #[error("line {line}: longer than {LINE_BYTES_MAX} bytes")]
    LineTooLong {
        /// The line, from 1.
        line: u64,
    },
    /// A line is not what the format has. A retry cannot help.
    #[error("line {line}, column {column}: {reason}")]
    Malformed {
        /// The line, from 1.
        line: u64,
        /// The column in bytes, from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// The file has another version of the format. A retry cannot help.
    #[error("line {line}: format version {found}, but this build reads {supported}")]
    Version {
        /// The line, from 1.
        line: u64,
        /// The version of the file.
        found: u64,
        /// The version that this build reads.
        supported: u32,
    },
    /// A line stands where another kind must. A retry cannot help.
    #[error("line {line}: expected {expected}, found {found}")]
    Misplaced {
        /// The line, from 1.
        line: u64,
        /// What must stand there.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// The file ends too early. A retry helps if it is still being written.
    #[error("line {line}: the file ends where {expected} must stand")]
    Truncated {
        /// The first line that is missing, from 1.
        line: u64,
        /// What must stand there.
        expected: &'static str,
    },
    /// A record is missing, doubled or out of place. A retry cannot help.
    #[error("line {line}: record {found} stands where record {expected} must")]
    Sequence {
        /// The line, from 1.
        line: u64,
        /// The index that follows from the line before.
        expected: u64,
        /// The index that stands there.
        found: u64,
    },
    /// A record is earlier than the one before it. A retry cannot help.
    #[error("line {line}: time goes back from {before} to {found} nanoseconds")]
    TimeWentBack {
        /// The line, from 1.
        line: u64,
        /// The time of the record before.
        before: u64,
        /// The time of this record.
        found: u64,
    },
    /// A vector clock does not follow from the records. A retry cannot help.
    #[error("line {line}: the vector clock does not follow from the records before")]
    Clock {
        /// The line, from 1.
        line: u64,
    },
    /// The footer counts other records than there are. A retry cannot help.
    #[error("line {line}: the footer counts {stated} records, but the last one is number {found}")]
    Count {
        /// The line, from 1.
        line: u64,
        /// What the footer says.
        stated: u64,
        /// How many the last record says there were.
        found: u64,
    },
    /// The footer's digest is not that of the records. A retry cannot help.
    #[error("line {line}: the footer says digest {stated}, but the records come to {computed}")]
    DigestMismatch {
        /// The line, from 1.
        line: u64,
        /// What the footer says.
        stated: Digest,
        /// The digest of the records.
        computed: Digest,
    },
}

impl TraceFileError {
    /// The line that is at fault, from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        match self {
            Self::Read { line, .. }
            | Self::LineTooLong { line }
            | Self::Malformed { line, .. }
            | Self::Version { line, .. }
            | Self::Misplaced { line, .. }
            | Self::Truncated { line, .. }
            | Self::Sequence { line, .. }
            | Self::TimeWentBack { line, .. }
            | Self::Clock { line }
            | Self::Count { line, .. }
            | Self::DigestMismatch { line, .. } => *line,
        }
    }

    /// What may help, in one sentence for people.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Read { .. } => "Check that the file can be read, then try again.",
            Self::LineTooLong { .. } | Self::Malformed { .. } | Self::Misplaced { .. } => {
                "Check that this is a trace file; if it is, it was changed after it was written."
            }
            Self::Version { .. } => {
                "Read it with the build that wrote it, or write it anew by replaying the run."
            }
            Self::Truncated { .. } => {
                "Write it anew by replaying the run; writing was cut off before the end."
            }
            Self::Sequence { .. }
            | Self::TimeWentBack { .. }
            | Self::Clock { .. }
            | Self::Count { .. }
            | Self::DigestMismatch { .. } => {
                "Write it anew by replaying the run; the file was changed after it was written."
            }
        }
    }
}
