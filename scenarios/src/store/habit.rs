//! How a client takes what the store tells it.

use steadfast::store::Consistency;

/// How a client takes what the store tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// As it was said.
    Honest,
    /// Reads what its own node has, and takes that for the newest.
    ReadsLocally,
    /// Takes an unknown outcome for success.
    TakesUnknownForDone,
    /// Takes an unknown outcome for a failure without effect.
    TakesUnknownForFailed,
    /// Compares by itself, and then writes.
    ComparesItself,
    /// Asks the same again after an unknown outcome, and goes by the second answer.
    AsksAgain,
}

impl Habit {
    /// How fresh its reads are.
    pub(super) const fn consistency(self) -> Consistency {
        match self {
            Self::ReadsLocally => Consistency::Local,
            Self::Honest
            | Self::ComparesItself
            | Self::TakesUnknownForDone
            | Self::TakesUnknownForFailed
            | Self::AsksAgain => Consistency::Linearizable,
        }
    }
}
