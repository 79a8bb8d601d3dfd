//! One run of the store on its node, and what it does for whoever asks.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use openraft::error::{CheckIsLeaderError, RaftError};

use super::ambient::{Host, Inside};
use super::consensus::{Consensus, LogId};
use super::lead::Lead;
use super::proposals::{Answer, Proposals};
use super::rpc::{Ask, Miss, Told};
use super::state::Shared;
use crate::process::Node;
use crate::runtime::{Port, Requester, Runtime};
use crate::store::lease::{LeaseId, LeaseInfo};
use crate::store::machine::Proposal;

/// Everything that lives from a start of the store to its end.
pub(super) struct Running<R: Runtime> {
    pub(super) node: Node<R>,
    pub(super) raft: Consensus,
    pub(super) host: Arc<dyn Host>,
    pub(super) requester: Requester<R>,
    pub(super) shared: Shared,
    pub(super) proposals: Proposals,
    /// The last entry of the log when this run began.
    pub(super) inherited: Option<LogId>,
    /// Whether it is to send nothing as a leader.
    pub(super) silent: Arc<AtomicBool>,
    pub(super) lead: Lead,
    /// Where all nodes are asked.
    pub(super) port: Port,
    /// For how long at least nobody is heard of before another one wants to lead.
    pub(super) election: Duration,
}

impl<R: Runtime> Clone for Running<R> {
    fn clone(&self) -> Self {
        Self {
            node: self.node.clone(),
            raft: self.raft.clone(),
            host: self.host.clone(),
            requester: self.requester.clone(),
            shared: self.shared.clone(),
            proposals: self.proposals.clone(),
            inherited: self.inherited,
            silent: self.silent.clone(),
            lead: self.lead.clone(),
            port: self.port,
            election: self.election,
        }
    }
}

impl<R: Runtime> Running<R> {
    /// This node, as consensus names it.
    pub(super) fn me(&self) -> u32 {
        self.node.runtime().node().0
    }

    /// Who leads, as far as this node knows.
    pub(super) fn leader(&self) -> Option<u32> {
        self.raft.server_metrics().borrow().current_leader
    }

    /// Does what was asked; `None` if that cannot be answered.
    pub(super) async fn serve(&self, ask: Ask) -> Option<Told> {
        let raft = &self.raft;
        Some(match ask {
            Ask::Append(rpc) => Told::Append(raft.append_entries(rpc).await.ok()?),
            Ask::Vote(rpc, taken) => {
                if let Some(of) = taken {
                    self.let_go(&rpc, of);
                }
                Told::Vote(raft.vote(rpc).await.ok()?)
            }
            Ask::TakeLead(of) => self.take_lead(of).await?,
            Ask::Snapshot(rpc) => Told::Snapshot(match raft.install_snapshot(rpc).await {
                Ok(answer) => Ok(answer),
                Err(RaftError::APIError(error)) => Err(error.try_into().ok()?),
                Err(RaftError::Fatal(_)) => return None,
            }),
            Ask::Propose(proposal) => Told::Proposed(self.propose(proposal).await),
            Ask::ReadIndex => Told::ReadIndex(self.read_index().await),
            Ask::KeepAlive(lease) => Told::KeptAlive(
                self.counted(|state| {
                    let now = self.node.runtime().now();
                    state.renew(lease, now)
                })
                .await,
            ),
            Ask::Lease(lease) => Told::Lease(self.lease(lease).await),
        })
    }

    async fn propose(&self, proposal: Proposal) -> Answer {
        let leader = self.leader();
        if leader != Some(self.me()) {
            return Err(Miss::NotLeader(leader));
        }
        if self.lead.heir().is_some() {
            return Err(Miss::Busy);
        }
        self.proposals.propose(proposal).await
    }

    /// The entry that a read which begins now must have seen.
    pub(super) async fn read_index(&self) -> Result<u64, Miss> {
        let index = Inside::new(self.host.clone(), self.raft.get_read_log_id()).await;
        match index {
            Ok((read, _)) => Ok(seen(read, self.inherited)),
            Err(RaftError::APIError(CheckIsLeaderError::ForwardToLeader(forward))) => {
                Err(Miss::NotLeader(forward.leader_id))
            }
            Err(_) => Err(Miss::NotLeader(None)),
        }
    }

    /// Looks at the clock of leases, at the node that counts them and certainly leads.
    async fn counted<T>(
        &self,
        look: impl FnOnce(&mut crate::store::lease_clock::LeaseClock) -> T + Send,
    ) -> Result<T, Miss> {
        let index = self.read_index().await?;
        if !self.shared.applied(index).await {
            return Err(Miss::NotLeader(None));
        }
        let mut state = self.shared.lock();
        let clock = state.clock.as_mut();
        clock.map(look).ok_or(Miss::NotLeader(None))
    }

    async fn lease(&self, lease: LeaseId) -> Result<Option<LeaseInfo>, Miss> {
        let now = self.node.runtime().now();
        let remaining = self.counted(|clock| clock.remaining(lease, now)).await?;
        let state = self.shared.lock();
        Ok(state.machine.lease_ttl(lease).map(|ttl| LeaseInfo {
            lease,
            ttl,
            remaining: remaining.unwrap_or_default(),
            keys: state.machine.lease_keys(lease).cloned().collect(),
        }))
    }
}

/// The entry that a read must have seen, of what consensus says and of the last entry
/// that this run found in its log.
///
/// A leader that restarts within its term goes on leading, and consensus then takes what
/// it remembers to be committed for all that is. The rest of its log may have been
/// acknowledged before the restart, so that a read waits for it.
fn seen(read: Option<LogId>, inherited: Option<LogId>) -> u64 {
    let Some(read) = read else {
        return 0;
    };
    match inherited {
        Some(last) if last.leader_id == read.leader_id => read.index.max(last.index),
        Some(_) | None => read.index,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(term: u64, leader: u32, index: u64) -> Option<LogId> {
        let leader = openraft::CommittedLeaderId::new(term, leader);
        Some(LogId::new(leader, index))
    }

    #[test]
    fn a_leader_that_goes_on_reads_what_it_may_have_acknowledged() {
        assert_eq!(seen(entry(3, 1, 10), entry(3, 1, 14)), 14);
        assert_eq!(seen(entry(3, 1, 20), entry(3, 1, 14)), 20);
    }

    #[test]
    fn what_another_lead_left_is_not_waited_for() {
        assert_eq!(seen(entry(4, 1, 10), entry(3, 1, 14)), 10);
        assert_eq!(seen(entry(4, 1, 10), None), 10);
        assert_eq!(seen(None, entry(3, 1, 14)), 0);
    }
}
