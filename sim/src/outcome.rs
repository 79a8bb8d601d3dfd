//! How a run ended.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a run ended. Every run ends as exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Every check held.
    Passed,
    /// A safety check failed.
    Violated(Violation),
    /// The run did not get to its end: nothing could run any more, the healed core
    /// did not converge, or a bound of time was hit.
    Stalled {
        /// Which bound was hit, or that nothing can run.
        bound: String,
        /// The live tasks, one line each, at most [`Outcome::TASKS_MAX`].
        live: Vec<String>,
    },
    /// The same plan gave two different traces.
    Diverged {
        /// The first event that differed, counted from 0.
        index: u64,
        /// What was expected there.
        expected: String,
        /// What came instead.
        found: String,
    },
    /// Code under test panicked outside of any process, or the simulator did.
    Panicked {
        /// The text of the panic.
        text: String,
        /// Where, as `file:line:column`, if known.
        place: Option<String>,
    },
}

impl Outcome {
    /// How many live tasks a stalled outcome lists.
    pub const TASKS_MAX: usize = 20;

    /// One word for tables.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Violated(_) => "violated",
            Self::Stalled { .. } => "stalled",
            Self::Diverged { .. } => "diverged",
            Self::Panicked { .. } => "panicked",
        }
    }

    /// Two failures with the same key are the same failure: what shrinking keeps.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Violated(violation) => {
                format!("violated/{}/{}", violation.checker, violation.invariant)
            }
            Self::Panicked {
                place: Some(place), ..
            } => format!("panicked/{place}"),
            Self::Passed
            | Self::Stalled { .. }
            | Self::Diverged { .. }
            | Self::Panicked { place: None, .. } => self.word().to_owned(),
        }
    }
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The checker.
    pub checker: String,
    /// Which of its invariants.
    pub invariant: String,
    /// What was seen, in logical names.
    pub detail: String,
    /// The trace record that showed it, counted from 0.
    pub index: u64,
    /// When, in nanoseconds of simulated time.
    pub time: u64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.checker, self.invariant, self.detail)
    }
}
