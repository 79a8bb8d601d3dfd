//! What may go wrong with agreements on a value.

use std::time::Duration;

use crate::label::Label;
use crate::process::ends_a_process;
use crate::store::{ReadError, TransactError};

/// The decision was not learned. If there is one, it stands, and a later call answers it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsensusError {
    /// The store did not take the proposal and will not. The value was not chosen; a
    /// retry helps as the cause says.
    #[error("the proposal in {instance} was aborted")]
    Aborted {
        /// The instance.
        instance: Label,
        /// Why.
        source: TransactError,
    },
    /// The store has not said what is decided, and no more attempt was made. A retry may
    /// help, also with the same value: it is decided once.
    #[error(
        "nothing was learned of {instance} within {waited:?}; the value {}",
        if *.pending { "may be chosen" } else { "was not proposed" }
    )]
    TimedOut {
        /// The instance.
        instance: Label,
        /// How long the proposer waited.
        waited: Duration,
        /// Whether the value may have been chosen, or may yet be. If not, it certainly
        /// was not and will not.
        pending: bool,
        /// The last answer of the store.
        source: TransactError,
    },
    /// The store did not show the decision until the time limit, or will not. No effect;
    /// a retry helps as the cause says.
    #[error("the store refused to show what is decided in {instance}")]
    Unreadable {
        /// The instance.
        instance: Label,
        /// Why.
        source: ReadError,
    },
}

impl ConsensusError {
    pub(in crate::coordination) const fn is_timeout(&self) -> bool {
        match self {
            Self::TimedOut { .. } => true,
            Self::Aborted { .. } | Self::Unreadable { .. } => false,
        }
    }
}

ends_a_process!(ConsensusError);
