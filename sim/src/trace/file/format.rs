//! What stands in a trace file.

use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::trace::{Digest, Record, VectorClock};

/// The version of the format that is written, and the only one that is read.
pub const FORMAT_VERSION: u32 = 1;

/// The longest line that is read, in bytes. The header is the longest: it carries
/// the plan.
pub const LINE_BYTES_MAX: u64 = 16 * 1_024 * 1_024;

/// The first line: what was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the format.
    pub format_version: u32,
    /// The plan of the run.
    pub plan: Plan,
    /// The build that ran it, in the words of the command that wrote the file.
    pub build: String,
}

impl Header {
    /// The header of a run of this plan by this build.
    #[must_use]
    pub fn new(plan: Plan, build: impl Into<String>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            plan,
            build: build.into(),
        }
    }
}

/// The last line: what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Footer {
    /// The digest of the whole trace.
    pub digest: Digest,
    /// How many records the whole trace has. The file holds the last of them, or all.
    pub records: u64,
    /// How the run ended.
    pub outcome: Outcome,
}

/// The content of a trace file.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceFile {
    /// What was run.
    pub header: Header,
    /// What happened, in order, without a gap.
    pub records: Vec<Record>,
    /// What came of it.
    pub footer: Footer,
}

/// One line, as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    Header(Box<Header>),
    Entry { clock: VectorClock, record: Record },
    Footer(Footer),
}

impl Line {
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Header(_) => "a header",
            Self::Entry { .. } => "an entry",
            Self::Footer(_) => "a footer",
        }
    }
}

/// One line, as it is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LineRef<'a> {
    Header(&'a Header),
    Entry {
        clock: VectorClock,
        record: &'a Record,
    },
    Footer(&'a Footer),
}
