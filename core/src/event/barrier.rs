//! Facts about barriers.

use serde::{Deserialize, Serialize};

use crate::label::Label;
use crate::store::{LeaseId, Revision};

/// What became of a barrier or of a participant.
///
/// In every fact `barrier` is its name. A generation is the revision of the store at
/// which it began: generations of one barrier strictly increase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BarrierEvent {
    /// A barrier is held: whoever waits at it is blocked.
    Held {
        /// The barrier.
        barrier: Label,
        /// Who holds it.
        session: LeaseId,
        /// The generation that begins.
        generation: Revision,
    },
    /// A barrier is held no more.
    Lifted {
        /// The barrier.
        barrier: Label,
        /// The generation that ends.
        generation: Revision,
    },
    /// A participant is counted.
    Arrived {
        /// The barrier.
        barrier: Label,
        /// Who.
        session: LeaseId,
        /// The generation.
        generation: Revision,
        /// How many are there, this one included.
        arrived: u64,
        /// How many are expected.
        expected: u64,
    },
    /// A participant goes on, because all are there, or because the barrier that it waited
    /// for is held no more.
    Passed {
        /// The barrier.
        barrier: Label,
        /// Who.
        session: LeaseId,
        /// The generation that was waited for; [`Revision::NONE`] if nobody held the barrier.
        generation: Revision,
    },
    /// A participant that had passed a double barrier has left it.
    Left {
        /// The barrier.
        barrier: Label,
        /// Who.
        session: LeaseId,
        /// The generation.
        generation: Revision,
    },
    /// A participant is not counted any more: its time ran out, or it gave up.
    Withdrawn {
        /// The barrier.
        barrier: Label,
        /// Who.
        session: LeaseId,
        /// The generation, if it is known that it was counted.
        generation: Option<Revision>,
    },
    /// A generation was ended before all were there; who waits is told.
    Reset {
        /// The barrier.
        barrier: Label,
        /// The generation that ends.
        generation: Revision,
    },
    /// A participant was refused.
    Refused {
        /// The barrier.
        barrier: Label,
        /// Who.
        session: LeaseId,
        /// Why.
        why: Label,
    },
}
