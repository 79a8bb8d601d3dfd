//! What a check answers.

use std::fmt;

use steadfast::Label;

use super::witness::Witness;

/// Whether a history is linearizable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// There is an order that explains everything.
    Linearizable,
    /// There is none, and this is why.
    Illegal(Box<Witness>),
    /// It could not be decided. This is never a reason to believe that the history is
    /// good.
    Unknown(UnknownReason),
}

impl Verdict {
    /// What it is called.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Linearizable => "linearizable",
            Self::Illegal(_) => "not linearizable",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// A bound that a search came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// What was to be remembered needs more memory than this.
    Memory {
        /// The bound, in bytes.
        bytes: usize,
    },
    /// More placements would have to be tried.
    Steps {
        /// The bound.
        steps: u64,
    },
}

/// Why a history could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownReason {
    /// The first key that could not be judged.
    pub key: Label,
    /// How many keys could not.
    pub keys: usize,
    /// The bound that the search for that key came to.
    pub bound: Bound,
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bound {
            Bound::Memory { bytes } => write!(f, "the bound of {} KiB of memory", bytes >> 10)?,
            Bound::Steps { steps } => write!(f, "the bound of {steps} steps")?,
        }
        f.write_str(" was hit")?;
        if !self.key.is_empty() {
            write!(f, " with key {:?}", self.key.as_str())?;
        }
        match self.keys {
            0 | 1 => Ok(()),
            keys => write!(f, ", the first of {keys}"),
        }
    }
}

/// A verdict with what it is about and what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// How many keys there are.
    pub keys: usize,
    /// How many operations there are.
    pub operations: usize,
    /// How many of them certainly did not happen.
    pub failed: usize,
    /// How many of them have an unknown outcome.
    pub unknown: usize,
    /// How many placements were tried, for all keys.
    pub steps: u64,
    /// The most bytes that were remembered for one key.
    pub memory_bytes: usize,
}
