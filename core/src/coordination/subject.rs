//! What a place is a place of, and the facts about it.

use std::time::Duration;

use super::kind::LockKind;
use super::loss::LossCause;
use super::subject_barrier::Part;
use super::token::FencingToken;
use crate::event::{BarrierEvent, CoordinationEvent, ElectionEvent, LockEvent};
use crate::label::Label;
use crate::store::LeaseId;

/// What a request is about: locks, one or several at once, an election, or a
/// barrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// Locks of one kind.
    Locks(Vec<Label>, LockKind),
    /// An election.
    Election(Label),
    /// A barrier.
    Barrier(Part),
}

/// The facts of one step, one for each name.
pub(super) type Facts = Vec<CoordinationEvent>;

impl Subject {
    /// One fact for each lock, or one for the election or the barrier.
    fn each(
        &self,
        lock: impl Fn(Label, LockKind) -> LockEvent,
        election: impl FnOnce(Label) -> Option<ElectionEvent>,
        barrier: impl FnOnce(&Part) -> Option<BarrierEvent>,
    ) -> Facts {
        match self {
            Self::Locks(names, kind) => {
                let facts = names.iter().map(|name| lock(name.clone(), *kind));
                facts.map(CoordinationEvent::Lock).collect()
            }
            Self::Election(name) => {
                let fact = election(name.clone());
                fact.map(CoordinationEvent::Election).into_iter().collect()
            }
            Self::Barrier(part) => {
                let fact = barrier(part);
                fact.map(CoordinationEvent::Barrier).into_iter().collect()
            }
        }
    }

    /// A session asks. A candidate is one once it has a place.
    pub(super) fn requested(&self, session: LeaseId) -> Facts {
        self.each(
            |lock, kind| LockEvent::Requested {
                lock,
                kind,
                session,
            },
            |_| None,
            |_| None,
        )
    }

    /// It has a place, behind so many.
    pub(super) fn queued(&self, session: LeaseId, token: FencingToken, ahead: u64) -> Facts {
        self.each(
            |lock, kind| LockEvent::Queued {
                lock,
                kind,
                session,
                token,
                ahead,
            },
            |election| {
                Some(ElectionEvent::Campaigned {
                    election,
                    session,
                    term: token,
                    ahead,
                })
            },
            |_| None,
        )
    }

    /// It has what it asked for.
    pub(super) fn granted(
        &self,
        session: LeaseId,
        token: FencingToken,
        waited: Duration,
        queue: u64,
    ) -> Facts {
        self.each(
            |lock, kind| LockEvent::Granted {
                lock,
                kind,
                session,
                token,
                waited,
                queue,
            },
            |election| {
                Some(ElectionEvent::Elected {
                    election,
                    session,
                    term: token,
                    waited,
                })
            },
            |part| Some(part.granted(session, token)),
        )
    }

    /// It does not get what it asked for.
    pub(super) fn refused(&self, session: LeaseId, why: &Label) -> Facts {
        self.each(
            |lock, kind| LockEvent::Refused {
                lock,
                kind,
                session,
                why: why.clone(),
            },
            |election| {
                Some(ElectionEvent::Refused {
                    election,
                    session,
                    why: why.clone(),
                })
            },
            |part| Some(part.refused(session, why)),
        )
    }

    /// Its place, if it has one, goes in the background.
    pub(super) fn withdrawn(&self, session: LeaseId, token: Option<FencingToken>) -> Facts {
        self.each(
            |lock, kind| LockEvent::Withdrawn {
                lock,
                kind,
                session,
                token,
            },
            |election| {
                Some(ElectionEvent::Withdrawn {
                    election,
                    session,
                    term: token,
                })
            },
            |part| Some(part.withdrawn(session, token)),
        )
    }

    /// The holder of locks keeps less of them.
    pub(super) fn downgraded(&self, session: LeaseId, token: FencingToken) -> Facts {
        self.each(
            |lock, kind| LockEvent::Downgraded {
                lock,
                kind,
                session,
                token,
            },
            |_| None,
            |_| None,
        )
    }

    /// The holder learned that somebody wants what it holds.
    pub(super) fn wanted_back(&self, session: LeaseId, token: FencingToken) -> Facts {
        self.each(
            |lock, kind| LockEvent::RevocationRequested {
                lock,
                kind,
                session,
                token,
            },
            |_| None,
            |_| None,
        )
    }

    /// The holder lets go.
    pub(super) fn released(&self, session: LeaseId, token: FencingToken, held: Duration) -> Facts {
        self.each(
            |lock, kind| LockEvent::Released {
                lock,
                kind,
                session,
                token,
                held,
            },
            |election| {
                Some(ElectionEvent::Resigned {
                    election,
                    session,
                    term: token,
                    led: held,
                })
            },
            |part| Some(part.released(session, token)),
        )
    }

    /// The holder cannot rely on it any more.
    pub(super) fn lost(
        &self,
        session: LeaseId,
        token: FencingToken,
        held: Duration,
        cause: LossCause,
    ) -> Facts {
        self.each(
            |lock, kind| LockEvent::Lost {
                lock,
                kind,
                session,
                token,
                held,
                cause,
            },
            |election| {
                Some(ElectionEvent::Lost {
                    election,
                    session,
                    term: token,
                    led: held,
                    cause,
                })
            },
            |part| Some(part.lost(session, token)),
        )
    }

    /// The place is gone from the store.
    pub(super) fn removed(&self, session: LeaseId, token: Option<FencingToken>) -> Facts {
        self.each(
            |lock, _| LockEvent::Removed {
                lock,
                session,
                token,
            },
            |election| {
                Some(ElectionEvent::Removed {
                    election,
                    session,
                    term: token,
                })
            },
            |_| None,
        )
    }
}
