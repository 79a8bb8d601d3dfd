//! Starting a replicated store, and changing who takes part in it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use openraft::EmptyNode;
use openraft::error::{ClientWriteError, RaftError};
use openraft::raft::ClientWriteResponse;

use super::ambient::Inside;
use super::consensus::Types;
use super::driver;
use super::engine::RaftEngine;
use super::options::RaftOptions;
use crate::label::Label;
use crate::process::{Context, Node, ProcessSpec, SpawnError};
use crate::runtime::{Elapsed, NodeId, Runtime, timeout};
use crate::store::error::{Unavailable, Unknown};
use crate::store::handle::Store;
use crate::supervision::{Backoff, ChildSpec};

/// What consensus says of a change of members.
type Changed = Result<ClientWriteResponse<Types>, RaftError<u32, ClientWriteError<u32, EmptyNode>>>;

/// A store that is replicated over several nodes by Raft.
pub struct RaftStore<R: Runtime>(pub(super) Arc<RaftEngine<R>>);

impl<R: Runtime> Clone for RaftStore<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// What a node knows of its store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RaftStatus {
    /// Who leads, as far as it knows.
    pub leader: Option<NodeId>,
    /// The term: of two leaders the one of the higher term is the later one, and of the
    /// same term the one with the higher number.
    pub term: u64,
    /// Who decides, as far as it knows.
    pub voters: BTreeSet<NodeId>,
    /// Who follows without deciding.
    pub learners: BTreeSet<NodeId>,
    /// The last entry of its log.
    pub last_index: Option<u64>,
    /// The last entry that is applied.
    pub applied_index: Option<u64>,
    /// The last entry that is in a snapshot.
    pub snapshot_index: Option<u64>,
    /// The last entry that is not in the log any more.
    pub purged_index: Option<u64>,
}

/// A change of who takes part did not happen, unless it is [`Unknown`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeMembersError {
    /// The asked node does not lead, or does not run. No effect.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// It may have happened, or may yet.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// It breaks a rule: another change is going on, nobody would be left, or a voter
    /// is to be made of a node that is no learner. No effect.
    #[error("the members cannot be changed so: {reason}")]
    Refused {
        /// Which rule.
        reason: String,
    },
}

impl<R: Runtime> RaftStore<R> {
    /// How long the start of a child may take.
    const START_LIMIT: Duration = Duration::from_secs(10);

    /// How long a child waits before it is started again: a disk that is full or fails
    /// stays so for a while.
    const BACKOFF: Backoff = Backoff {
        base: Duration::from_millis(20),
        factor: 2.0,
        cap: Duration::from_secs(1),
        jitter: 0.5,
        reset_after: Duration::from_secs(5),
    };

    /// Starts this node's part without a supervisor above it.
    ///
    /// # Errors
    ///
    /// See [`SpawnError`].
    pub fn start(
        node: &Node<R>,
        name: impl Into<Label>,
        options: RaftOptions,
    ) -> Result<Self, SpawnError> {
        let engine = Arc::new(RaftEngine::new(node.runtime().clone(), options));
        let served = engine.clone();
        node.start(ProcessSpec::new(name).trap_exit(true), |context| {
            driver::run(context, driver::Closing(served))
        })?;
        Ok(Self(engine))
    }

    /// A child of a supervisor, and this node's part of the store that it serves, from
    /// the moment that the child has started. The handle stays good over restarts of
    /// the child, each of which comes after a growing pause of at most one second.
    pub fn child_spec(
        runtime: &R,
        id: impl Into<Label>,
        options: RaftOptions,
    ) -> (ChildSpec<R>, Self) {
        let engine = Arc::new(RaftEngine::new(runtime.clone(), options));
        let served = engine.clone();
        let body = move |context: Context<R>| driver::run(context, driver::Closing(served.clone()));
        let spec = ChildSpec::worker(id, body)
            .trap_exit(true)
            .backoff(Self::BACKOFF)
            .acknowledged(Self::START_LIMIT);
        (spec, Self(engine))
    }

    /// The store, asked at this node.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::new(self.0.clone())
    }

    /// What this node knows of it; `None` while it does not run.
    #[must_use]
    pub fn status(&self) -> Option<RaftStatus> {
        let running = self.0.running().ok()?;
        let metrics = running.raft.metrics();
        let metrics = metrics.borrow();
        let members = metrics.membership_config.membership();
        Some(RaftStatus {
            leader: metrics.current_leader.map(NodeId),
            term: metrics.current_term,
            voters: members.voter_ids().map(NodeId).collect(),
            learners: members.learner_ids().map(NodeId).collect(),
            last_index: metrics.last_log_index,
            applied_index: metrics.last_applied.map(|log_id| log_id.index),
            snapshot_index: metrics.snapshot.map(|log_id| log_id.index),
            purged_index: metrics.purged.map(|log_id| log_id.index),
        })
    }

    /// At the leader: lets a node follow, without deciding.
    ///
    /// # Errors
    ///
    /// See [`ChangeMembersError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves open whether it happens.
    pub async fn add_learner(
        &self,
        node: NodeId,
        limit: Duration,
    ) -> Result<(), ChangeMembersError> {
        let running = self.0.running()?;
        let change = running.raft.add_learner(node.0, EmptyNode::new(), false);
        let change = Inside::new(running.host.clone(), change);
        let changed = timeout(&self.0.runtime, limit, change).await;
        self.changed(changed, limit)
    }

    /// At the leader: lets exactly these nodes decide from here on, all of which follow
    /// already. While it changes, both the old and the new majority must agree.
    ///
    /// # Errors
    ///
    /// See [`ChangeMembersError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves open whether it happens.
    pub async fn change_voters(
        &self,
        voters: impl IntoIterator<Item = NodeId>,
        limit: Duration,
    ) -> Result<(), ChangeMembersError> {
        let running = self.0.running()?;
        let voters: BTreeSet<u32> = voters.into_iter().map(|node| node.0).collect();
        let change = running.raft.change_membership(voters, false);
        let change = Inside::new(running.host.clone(), change);
        let changed = timeout(&self.0.runtime, limit, change).await;
        self.changed(changed, limit)
    }

    fn changed(
        &self,
        changed: Result<Changed, Elapsed>,
        limit: Duration,
    ) -> Result<(), ChangeMembersError> {
        match changed {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(RaftError::APIError(ClientWriteError::ForwardToLeader(forward)))) => {
                Err(Unavailable::NotLeader {
                    node: self.0.runtime.node(),
                    leader: forward.leader_id.map(NodeId),
                }
                .into())
            }
            Ok(Err(RaftError::APIError(ClientWriteError::ChangeMembershipError(error)))) => {
                let reason = error.to_string();
                Err(ChangeMembersError::Refused { reason })
            }
            Ok(Err(RaftError::Fatal(_))) => Err(Unknown::Stopped.into()),
            Err(_) => Err(Unknown::TimedOut { limit }.into()),
        }
    }
}

impl<R: Runtime> fmt::Debug for RaftStore<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaftStore")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
