//! What a place at a barrier is, and the facts about it.

use super::token::FencingToken;
use crate::event::BarrierEvent;
use crate::label::Label;
use crate::store::{LeaseId, Revision};

/// What part whoever has a place takes in a barrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// It holds the barrier of this name. The generation is that of the place.
    Holder(Label),
    /// It is counted at a double barrier, or inside.
    Participant {
        barrier: Label,
        generation: Revision,
        /// Whether it lets go of its place because all are leaving.
        leaves: bool,
    },
}

impl Part {
    const fn barrier(&self) -> &Label {
        match self {
            Self::Holder(barrier) | Self::Participant { barrier, .. } => barrier,
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
            Self::Participant { generation, .. } => BarrierEvent::Passed {
                barrier,
                session,
                generation: *generation,
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
        let generation = token.map(|token| match self {
            Self::Holder(_) => token.0,
            Self::Participant { generation, .. } => *generation,
        });
        BarrierEvent::Withdrawn {
            barrier: self.barrier().clone(),
            session,
            generation,
        }
    }

    /// It lets go.
    pub(super) fn released(&self, session: LeaseId, token: FencingToken) -> BarrierEvent {
        let barrier = self.barrier().clone();
        match self {
            Self::Holder(_) => BarrierEvent::Lifted {
                barrier,
                generation: token.0,
            },
            Self::Participant {
                generation,
                leaves: true,
                ..
            } => BarrierEvent::Left {
                barrier,
                session,
                generation: *generation,
            },
            Self::Participant { leaves: false, .. } => self.withdrawn(session, Some(token)),
        }
    }

    /// It is without its place, because of its session or of somebody else.
    pub(super) fn lost(&self, session: LeaseId, token: FencingToken) -> BarrierEvent {
        match self {
            Self::Holder(_) => self.released(session, token),
            Self::Participant { .. } => self.withdrawn(session, Some(token)),
        }
    }
}
