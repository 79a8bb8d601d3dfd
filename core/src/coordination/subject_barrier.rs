//! What a place at a barrier is, and the facts about it.

use super::token::FencingToken;
use crate::event::BarrierEvent;
use crate::label::Label;
use crate::store::LeaseId;

/// What part whoever has a place takes in a barrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// It holds the barrier of this name. The generation is that of the place.
    Holder(Label),
}

impl Part {
    const fn barrier(&self) -> &Label {
        match self {
            Self::Holder(barrier) => barrier,
        }
    }

    /// It has what it asked for.
    pub(super) fn granted(&self, session: LeaseId, token: FencingToken) -> BarrierEvent {
        let barrier = self.barrier().clone();
        match self {
            Self::Holder(_) => BarrierEvent::Held {
                barrier,
                session,
                generation: token.0,
            },
        }
    }

    /// It does not get what it asked for.
    pub(super) fn refused(&self, session: LeaseId, why: &Label) -> BarrierEvent {
        BarrierEvent::Refused {
            barrier: self.barrier().clone(),
            session,
            why: why.clone(),
        }
    }

    /// Its place, if it has one, goes in the background.
    pub(super) fn withdrawn(&self, session: LeaseId, token: Option<FencingToken>) -> BarrierEvent {
        let generation = match self {
            Self::Holder(_) => token.map(|token| token.0),
        };
        BarrierEvent::Withdrawn {
            barrier: self.barrier().clone(),
            session,
            generation,
        }
    }

    /// It lets go.
    pub(super) fn released(&self, token: FencingToken) -> BarrierEvent {
        let barrier = self.barrier().clone();
        match self {
            Self::Holder(_) => BarrierEvent::Lifted {
                barrier,
                generation: token.0,
            },
        }
    }

    /// It is without its place, because of its session or of somebody else.
    pub(super) fn lost(&self, token: FencingToken) -> BarrierEvent {
        match self {
            Self::Holder(_) => self.released(token),
        }
    }
}
