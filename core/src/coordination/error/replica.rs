//! What may go wrong with values of which each participant has a copy.

use crate::label::Label;
use crate::process::ends_a_process;

/// A vector clock cannot count an event. It is as before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VectorClockError {
    /// The participant's count is at its maximum of 2⁶⁴ - 1. No effect; a retry answers
    /// the same, and another participant may go on.
    #[error("{participant} has had as many events as a vector clock counts")]
    Overflow {
        /// The participant.
        participant: Label,
    },
}

/// A PN-counter cannot be changed. It is as before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PnCounterError {
    /// The participant's increments or its decrements would exceed 2⁶⁴ - 1 together. No
    /// effect; a retry answers the same, and another participant may go on.
    #[error("{participant} cannot add {by}: its total would exceed 64 bits")]
    Overflow {
        /// The participant.
        participant: Label,
        /// What was to be added.
        by: i64,
    },
}

ends_a_process!(VectorClockError, PnCounterError);
