//! Requests of the consensus engine to other nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openraft::EmptyNode;
use openraft::error::{
    InstallSnapshotError, NetworkError, PayloadTooLarge, RPCError, RaftError, RemoteError,
    Unreachable,
};
use openraft::network::{Backoff, RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse,
    VoteRequest, VoteResponse,
};

use super::consensus::Types;
use super::lead::Lead;
use super::rpc::{Ask, Told, decode, encode};
use crate::process::Node;
use crate::runtime::{NodeId, Port, RequestError, Requester, Runtime};

type Fault<E = openraft::error::Infallible> = RPCError<u32, EmptyNode, RaftError<u32, E>>;

/// Reaches all other nodes.
pub(super) struct Peers<R: Runtime> {
    pub(super) node: Node<R>,
    pub(super) requester: Requester<R>,
    pub(super) port: Port,
    pub(super) pause: Duration,
    /// Whether nothing is to be sent as a leader.
    pub(super) silent: Arc<AtomicBool>,
    pub(super) lead: Lead,
}

/// Reaches one other node.
pub(super) struct Peer<R: Runtime> {
    node: Node<R>,
    requester: Requester<R>,
    port: Port,
    target: NodeId,
    pause: Duration,
    silent: Arc<AtomicBool>,
    lead: Lead,
}

impl<R: Runtime> RaftNetworkFactory<Types> for Peers<R> {
    type Network = Peer<R>;

    async fn new_client(&mut self, target: u32, _: &EmptyNode) -> Peer<R> {
        Peer {
            node: self.node.clone(),
            requester: self.requester.clone(),
            port: self.port,
            target: NodeId(target),
            pause: self.pause,
            silent: self.silent.clone(),
            lead: self.lead.clone(),
        }
    }
}

/// An answer that does not belong to the request.
#[derive(Debug, thiserror::Error)]
#[error("{0} gave an answer that belongs to no such request")]
struct Stray(NodeId);

/// Nothing is sent, so that another one may lead.
#[derive(Debug, thiserror::Error)]
#[error("no majority answers this leader, which is silent for a while")]
struct Silent;

impl<R: Runtime> Peer<R> {
    async fn ask<E: std::error::Error>(
        &self,
        ask: &Ask,
        entries: usize,
        limit: Duration,
    ) -> Result<Told, Fault<E>> {
        let asked = encode(ask);
        let answer = self.requester.request(self.target, self.port, asked, limit);
        let answer = answer.await.map_err(|error| {
            // The engine, which asked, answers for it: it tries again.
            let error = self.node.failure(error).give_back();
            let fault: Fault<E> = if matches!(error, RequestError::NoConnection { .. }) {
                Unreachable::new(&error).into()
            } else if entries > 1 && matches!(error, RequestError::TooLong { .. }) {
                PayloadTooLarge::new_entries_hint(entries as u64 / 2).into()
            } else {
                NetworkError::new(&error).into()
            };
            fault
        })?;
        decode(&answer).ok_or_else(|| self.stray())
    }

    /// As [`ask`](Self::ask), for what only a leader asks.
    async fn lead<E: std::error::Error>(
        &self,
        ask: &Ask,
        entries: usize,
        limit: Duration,
    ) -> Result<Told, Fault<E>> {
        if self.silent.load(Ordering::Acquire) {
            return Err(Unreachable::new(&Silent).into());
        }
        self.ask(ask, entries, limit).await
    }

    fn stray<E: std::error::Error>(&self) -> Fault<E> {
        NetworkError::new(&Stray(self.target)).into()
    }
}

impl<R: Runtime> RaftNetwork<Types> for Peer<R> {
    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<u32>, Fault> {
        let entries = rpc.entries.len();
        let asked = Ask::Append(rpc);
        let Told::Append(answer) = self.lead(&asked, entries, option.hard_ttl()).await? else {
            return Err(self.stray());
        };
        Ok(answer)
    }

    async fn install_snapshot(
        &mut self,
        rpc: InstallSnapshotRequest<Types>,
        option: RPCOption,
    ) -> Result<InstallSnapshotResponse<u32>, Fault<InstallSnapshotError>> {
        let told = self.lead(&Ask::Snapshot(rpc), 0, option.hard_ttl()).await?;
        let Told::Snapshot(answer) = told else {
            return Err(self.stray());
        };
        answer.map_err(|mismatch| {
            let error = RaftError::APIError(mismatch.into());
            RemoteError::new(self.target.0, error).into()
        })
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<u32>,
        option: RPCOption,
    ) -> Result<VoteResponse<u32>, Fault> {
        let taken = self.lead.taken(self.node.runtime().now());
        let asked = Ask::Vote(rpc, taken);
        let told = self.ask(&asked, 0, option.hard_ttl()).await?;
        let Told::Vote(answer) = told else {
            return Err(self.stray());
        };
        Ok(answer)
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(self.pause))
    }
}
