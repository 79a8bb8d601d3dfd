//! Who leads, as others see it.

use serde::{Deserialize, Serialize};

use crate::coordination::place::Place;
use crate::coordination::token::FencingToken;
use crate::store::{Key, LeaseId, Revision, Value};

/// Who leads, and what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    /// Its term: strictly higher than that of every leader of this election before it.
    pub term: FencingToken,
    /// Its session; `None` for a place that somebody put without one.
    pub session: Option<LeaseId>,
    /// What it says of itself.
    pub value: Value,
    /// When it said that.
    pub said: Revision,
}

impl Leader {
    pub(super) fn of(place: Place) -> Self {
        Self {
            term: place.token,
            session: place.session,
            value: place.payload.into(),
            said: place.changed,
        }
    }
}

/// What an observer sees: who leads, if anyone does, in one state of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Who leads.
    pub leader: Option<Leader>,
    /// The state of the store. Each sighting of an observer is of a later one.
    pub revision: Revision,
}

/// What a leader saves so that it can go on leading after a restart, if that comes
/// before the store ends its session. See
/// [`Election::resume`](super::Election::resume).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderRecord {
    pub(super) key: Key,
    pub(super) term: FencingToken,
}

impl LeaderRecord {
    /// The term.
    #[must_use]
    pub const fn term(&self) -> FencingToken {
        self.term
    }
}
