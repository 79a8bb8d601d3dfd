//! Facts about coordination: sessions, and what is done under them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::barrier::BarrierEvent;
use super::consensus::ConsensusEvent;
use super::counter::CounterEvent;
use super::election::ElectionEvent;
use super::lock::LockEvent;
use crate::coordination::SessionEnd;
use crate::label::Label;
use crate::process::ProcessId;
use crate::store::LeaseId;

/// What a node does in coordination with others, by recipe.
///
/// Whoever takes part does so under a session, which every fact names by its lease:
/// it is unique in the store. A token is the revision of the store at which a place
/// was entered: of two places of one name the later one has the higher token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CoordinationEvent {
    /// About the session of a participant.
    Session(SessionEvent),
    /// About a lock of any kind.
    Lock(LockEvent),
    /// About an election.
    Election(ElectionEvent),
    /// About a barrier, single or double.
    Barrier(BarrierEvent),
    /// About a counter.
    Counter(CounterEvent),
    /// About an agreement on a value.
    Consensus(ConsensusEvent),
}

/// The life of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionEvent {
    /// A session begins.
    Opened {
        /// Its lease.
        session: LeaseId,
        /// Whoever renews the lease.
        process: ProcessId,
        /// The coordinator.
        coordinator: Label,
        /// For how long its holder may rely on it after a renewal.
        ttl: Duration,
    },
    /// A session cannot be relied on any more. What was held under it is lost, which
    /// was announced before.
    Ended {
        /// Its lease.
        session: LeaseId,
        /// Why.
        end: SessionEnd,
    },
    /// The store has confirmed that the session is gone, with everything under it.
    Removed {
        /// Its lease.
        session: LeaseId,
    },
}
