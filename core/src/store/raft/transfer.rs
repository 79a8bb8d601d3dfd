//! Handing the lead to another node.
//!
//! The leader stops to propose, waits until the heir has everything, and asks it to
//! stand. The others would refuse their votes for as long as they hear of the leader;
//! but the request says whose lead is taken, and whoever follows just that leader lets
//! go of it. If the heir is not elected, the leader goes on.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use openraft::raft::VoteRequest;

use super::ambient::Inside;
use super::consensus::Vote;
use super::rpc::{Ask, Told, encode};
use super::running::Running;
use super::store::RaftStore;
use crate::process::ends_a_process;
use crate::runtime::{NodeId, Runtime, Timestamp, timeout};
use crate::store::error::Unavailable;

/// The lead was not handed over. Whoever leads goes on to, unless it is [`Unavailable`].
///
/// [`Unavailable`]: Self::Unavailable
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The asked node does not lead, does not run, or lost the lead meanwhile to a node
    /// that was not meant. A retry helps at the leader.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The node that is to lead is no voter: unknown, removed, or a learner. A retry
    /// helps once it is one.
    #[error("{node} is no voter")]
    NoVoter {
        /// The node.
        node: NodeId,
    },
    /// The lead is being handed over already. A retry helps later.
    #[error("the lead is being handed to {heir} already")]
    UnderWay {
        /// Whom it is being handed to.
        heir: NodeId,
    },
    /// The node that is to lead did not catch up, or was not elected, in time. It may
    /// still be elected if it had been asked to stand; a retry may help.
    #[error("{node} did not take the lead within {limit:?}")]
    TimedOut {
        /// The node.
        node: NodeId,
        /// The limit that was set.
        limit: Duration,
    },
}

ends_a_process!(TransferError);

/// How far it has come.
enum Step {
    /// The heir has everything.
    Ready,
    /// The heir leads.
    Done,
    /// Somebody else leads, or nobody.
    Lost(Option<u32>),
    Waits,
}

impl<R: Runtime> RaftStore<R> {
    /// At the leader: hands the lead to another voter. Meanwhile nothing new is
    /// proposed, which those who use the store feel as a delay. Goes on to lead if the
    /// other node does not within the limit. Succeeds at once if the node itself is
    /// meant.
    ///
    /// # Errors
    ///
    /// See [`TransferError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the attempt, unless the other node had been asked to
    /// stand for election already.
    pub async fn transfer_lead(&self, to: NodeId, limit: Duration) -> Result<(), TransferError> {
        let running = self.0.running()?;
        let deadline = running.node.runtime().now() + limit;
        let host = running.host.clone();
        let handed = async move { hand_over(&running, to, deadline, limit).await };
        Inside::new(host, handed).await
    }
}

async fn hand_over<R: Runtime>(
    running: &Running<R>,
    to: NodeId,
    deadline: Timestamp,
    limit: Duration,
) -> Result<(), TransferError> {
    let leader = running.leader();
    if leader != Some(running.me()) {
        return Err(elsewhere(running, leader));
    }
    if to.0 == running.me() {
        return Ok(());
    }
    if !running.is_voter(to.0) {
        return Err(TransferError::NoVoter { node: to });
    }
    let under_way = |heir| TransferError::UnderWay { heir: NodeId(heir) };
    let _handing = running.lead.hand_to(to.0).map_err(under_way)?;
    let late = TransferError::TimedOut { node: to, limit };
    match until(running, to.0, deadline, |step| !matches!(step, Step::Waits)).await {
        Some(Step::Ready) => {}
        Some(Step::Done) => return Ok(()),
        Some(Step::Lost(leader)) => return Err(elsewhere(running, leader)),
        Some(Step::Waits) | None => return Err(late),
    }
    let of = running.raft.server_metrics().borrow().vote;
    let rest = deadline.since(running.node.runtime().now());
    let asked = encode(&Ask::TakeLead(of));
    let answer = running.requester.request(to, running.port, asked, rest);
    // Without an answer it may stand all the same.
    if let Err(error) = answer.await {
        running.node.failure(error).give_back();
    }
    let settled = |step: &Step| matches!(step, Step::Done | Step::Lost(Some(_)));
    match until(running, to.0, deadline, settled).await {
        Some(Step::Done) => Ok(()),
        Some(Step::Lost(leader)) => Err(elsewhere(running, leader)),
        Some(Step::Ready | Step::Waits) | None => Err(late),
    }
}

fn elsewhere<R: Runtime>(running: &Running<R>, leader: Option<u32>) -> TransferError {
    let node = NodeId(running.me());
    let leader = leader.map(NodeId);
    Unavailable::NotLeader { node, leader }.into()
}

fn step<R: Runtime>(running: &Running<R>, heir: u32) -> Step {
    let metrics = running.raft.metrics();
    let metrics = metrics.borrow();
    match metrics.current_leader {
        Some(leader) if leader == running.me() => {
            let matched = metrics.replication.as_ref().and_then(|all| all.get(&heir));
            let matched = matched.copied().flatten().map(|log_id| log_id.index);
            if matched >= metrics.last_log_index {
                Step::Ready
            } else {
                Step::Waits
            }
        }
        Some(leader) if leader == heir => Step::Done,
        other => Step::Lost(other),
    }
}

/// Waits until it has come far enough; `None` if the deadline passes or consensus stops.
async fn until<R: Runtime>(
    running: &Running<R>,
    heir: u32,
    deadline: Timestamp,
    enough: impl Fn(&Step) -> bool,
) -> Option<Step> {
    let runtime = running.node.runtime();
    let mut metrics = running.raft.metrics();
    loop {
        metrics.borrow_and_update();
        let step = step(running, heir);
        if enough(&step) {
            return Some(step);
        }
        let rest = deadline.since(runtime.now());
        let mut changed = pin!(metrics.changed());
        let changed = std::future::poll_fn(|task| match changed.as_mut().poll(task) {
            Poll::Ready(changed) => Poll::Ready(changed.is_ok()),
            Poll::Pending => Poll::Pending,
        });
        if timeout(runtime, rest, changed).await != Ok(true) {
            return None;
        }
    }
}

impl<R: Runtime> Running<R> {
    fn is_voter(&self, node: u32) -> bool {
        let metrics = self.raft.server_metrics();
        let metrics = metrics.borrow();
        let mut voters = metrics.membership_config.membership().voter_ids();
        voters.any(|voter| voter == node)
    }

    /// Stands for election in the place of whoever led by this vote, if this node still
    /// follows it. `None` if consensus has stopped.
    pub(super) async fn take_lead(&self, of: Vote) -> Option<Told> {
        let followed = self.raft.server_metrics().borrow().vote;
        if followed == of && of.committed && self.is_voter(self.me()) {
            let until = self.node.runtime().now() + self.election;
            self.lead.take(of, until);
            self.raft.trigger().elect().await.ok()?;
        }
        Some(Told::TakesLead)
    }

    /// Lets go of the leader that this node follows, or of the lead, because that leader
    /// hands it to whoever asks for the vote.
    pub(super) fn let_go(&self, rpc: &VoteRequest<u32>, of: Vote) {
        let (followed, last) = {
            let metrics = self.raft.metrics();
            let metrics = metrics.borrow();
            (metrics.vote, metrics.last_log_index)
        };
        let next = of.committed && rpc.vote.leader_id.term == of.leader_id.term + 1;
        let behind = rpc.last_log_id.map(|log_id| log_id.index) < last;
        if followed != of || !next || behind {
            return;
        }
        // No vote is given for as long as a leader may be there, which is that long.
        self.lead.leap(self.election);
    }
}
