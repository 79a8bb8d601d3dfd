//! What is asked of a member, and its answers.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use steadfast::store::etcd::{WireError, WireEvent};
use steadfast::store::{
    Granted, KeyRange, LeaseId, LeaseInfo, Read, Reading, Revision, Transacted, Transaction,
};

/// Names a connection. Never used again, by no run of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct ConnectionId(pub(super) u64);

/// One message to a member.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// Opens a connection.
    Connect,
    /// Asks on a connection.
    Call {
        connection: ConnectionId,
        /// Makes it happen at most once.
        serial: u64,
        ask: Ask,
    },
}

/// The answer to a message.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Connected(ConnectionId),
    /// There is no such connection; nothing was done.
    NotConnected,
    Done(Result<Told, WireError>),
}

/// A request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ask {
    Range(Read),
    Transact(Transaction),
    Grant(Option<LeaseId>, Duration),
    KeepAlive(LeaseId),
    Revoke(LeaseId),
    TimeToLive(LeaseId),
    Leases,
    Watch(KeyRange, Revision),
    /// What a watch tells next. A member answers it after a while though nothing
    /// happened.
    Next(WatchId),
    Compact(Revision),
}

/// Names a watch of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct WatchId(pub(super) u64);

/// What came of a request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Told {
    Range(Reading),
    Transacted(Transacted),
    Granted(Granted),
    KeptAlive(Duration),
    Revoked(Revision),
    TimeToLive(LeaseInfo),
    Leases(Vec<LeaseId>),
    Watching(WatchId),
    Next(WireEvent),
    Compacted,
}

/// A message as bytes.
pub(super) fn encode(message: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(message).expect("every message has an encoding")
}

/// A message from bytes; `None` if it is not one of ours.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}
