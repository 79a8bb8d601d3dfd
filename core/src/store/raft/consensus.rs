//! The types that consensus is about.

use std::io::Cursor;

use openraft::{EmptyNode, RaftTypeConfig};
use serde::{Deserialize, Serialize};

use super::async_runtime::Ambient;
use crate::store::machine::{Proposal, Refusal, Response};

/// Fixes the types of the consensus engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Types;

impl RaftTypeConfig for Types {
    type D = Batch;
    type R = Reply;
    type NodeId = u32;
    type Node = EmptyNode;
    type Entry = openraft::Entry<Self>;
    type SnapshotData = Cursor<Vec<u8>>;
    type AsyncRuntime = Ambient;
    type Responder = openraft::impls::OneshotResponder<Self>;
}

/// Proposals that share one entry of the log, in their order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Batch(pub(super) Vec<Proposal>);

/// What applying one entry came to: an answer to each of its proposals.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reply(pub(super) Vec<Result<Response, Refusal>>);

pub(super) type Consensus = openraft::Raft<Types>;
pub(super) type Entry = openraft::Entry<Types>;
pub(super) type LogId = openraft::LogId<u32>;
pub(super) type Vote = openraft::Vote<u32>;
pub(super) type Membership = openraft::StoredMembership<u32, EmptyNode>;
pub(super) type Meta = openraft::SnapshotMeta<u32, EmptyNode>;
pub(super) type StoreFault = openraft::StorageError<u32>;
