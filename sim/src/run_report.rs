//! What a run leaves: its outcome, its digest, its figures and what it captured.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::outcome::{Outcome, Violation};
use crate::trace::{Digest, Record};

/// One run: the report, and of its trace what was captured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// How it ended, and its figures.
    pub report: RunReport,
    /// The captured records, in order; all, the last ones, or none.
    pub trace: Vec<Record>,
    /// The digests of the first 256, 512, … records.
    pub prefix_digests: Vec<Digest>,
}

/// How a run ended, and its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// How it ended.
    pub outcome: Outcome,
    /// The digest of its whole trace.
    pub digest: Digest,
    /// How many records the trace has.
    pub records: u64,
    /// How much simulated time passed.
    pub simulated: Duration,
    /// How many messages were delivered.
    pub messages: u64,
    /// How many tasks were started.
    pub tasks: u64,
    /// What became of the plan's episodes, in the plan's order.
    pub episodes: Vec<EpisodeReport>,
    /// Everything that the checkers reported, oldest first.
    pub violations: Vec<Violation>,
    /// The last captured records as text, oldest first.
    pub tail: Vec<String>,
}

impl RunReport {
    /// The report of a run of which nothing but its end is known: its process was
    /// killed or crashed.
    #[must_use]
    pub const fn lost(outcome: Outcome) -> Self {
        Self {
            outcome,
            digest: Digest(0),
            records: 0,
            simulated: Duration::ZERO,
            messages: 0,
            tasks: 0,
            episodes: Vec::new(),
            violations: Vec::new(),
            tail: Vec::new(),
        }
    }

    /// The digest, if the run came to an end of its own.
    #[must_use]
    pub fn known_digest(&self) -> Option<Digest> {
        (self.records > 0).then_some(self.digest)
    }
}

/// What became of one fault episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpisodeReport {
    /// The fault in one word.
    pub fault: String,
    /// Whether it waited for its start.
    pub armed: bool,
    /// Whether it began.
    pub fired: bool,
    /// Whether it changed something.
    pub effective: bool,
    /// Whether it ended before the run did.
    pub healed: bool,
}
