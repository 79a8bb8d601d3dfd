//! What nodes of a store ask of each other.

use std::time::Duration;

use openraft::error::SnapshotMismatch;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse,
    VoteRequest, VoteResponse,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::consensus::{Types, Vote};
use crate::store::lease::{LeaseId, LeaseInfo};
use crate::store::machine::{Proposal, Refusal, Response};

/// A request.
#[derive(Serialize, Deserialize)]
pub(super) enum Ask {
    Append(AppendEntriesRequest<Types>),
    /// For its vote; if the lead is taken from whoever led by a vote, with that.
    Vote(VoteRequest<u32>, Option<Vote>),
    Snapshot(InstallSnapshotRequest<Types>),
    /// To a voter that has everything: stand in the place of whoever leads by this vote.
    TakeLead(Vote),
    /// To the leader: make it happen.
    Propose(Proposal),
    /// To the leader: what a linearizable read that begins now must have seen.
    ReadIndex,
    /// To the leader: renew a lease.
    KeepAlive(LeaseId),
    /// To the leader: what is known of a lease.
    Lease(LeaseId),
}

/// Its answer. A request that cannot be answered is declined.
#[derive(Serialize, Deserialize)]
pub(super) enum Told {
    Append(AppendEntriesResponse<u32>),
    Vote(VoteResponse<u32>),
    Snapshot(Result<InstallSnapshotResponse<u32>, SnapshotMismatch>),
    TakesLead,
    Proposed(Result<Result<Response, Refusal>, Miss>),
    ReadIndex(Result<u64, Miss>),
    KeptAlive(Result<Option<Duration>, Miss>),
    Lease(Result<Option<LeaseInfo>, Miss>),
}

/// Why a node did not do what only a leader can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Miss {
    /// It certainly did nothing: it does not lead, as far as it knows.
    NotLeader(Option<u32>),
    /// It may have happened, or may yet.
    Unknown,
    /// It has no room for more.
    Busy,
}

/// A message as bytes.
pub(super) fn encode(message: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(message).expect("every message has an encoding")
}

/// A message from bytes; `None` if it is not one of ours.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}
