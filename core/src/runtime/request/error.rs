//! Why a request has no answer.

use std::time::Duration;

use super::envelope::HEADER_LEN;
use crate::process::ExitReason;
use crate::runtime::{NodeId, SendError};

/// A request got no answer. Except where stated otherwise, the peer may or may not
/// have handled it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No answer came within the limit. A retry may help.
    #[error("no answer from {peer} within {limit:?}")]
    TimedOut {
        /// The peer.
        peer: NodeId,
        /// The limit that was set.
        limit: Duration,
    },
    /// The network says that the peer is down or unknown. A retry helps once it is back.
    #[error("no connection to {peer}")]
    NoConnection {
        /// The peer.
        peer: NodeId,
    },
    /// The peer received the request and declined to answer it. Whether a retry
    /// helps is for the peer's protocol to say.
    #[error("{peer} declined to answer")]
    Declined {
        /// The peer.
        peer: NodeId,
    },
    /// So many requests wait for answers that this one was not sent. A retry helps
    /// once one of them has ended.
    #[error("{limit} requests are in flight already")]
    TooManyInFlight {
        /// The limit.
        limit: usize,
    },
    /// The send queue towards the peer is full; the request was not sent. A later
    /// retry may help.
    #[error("the send queue towards {peer} is full")]
    QueueFull {
        /// The peer.
        peer: NodeId,
    },
    /// The payload is too long; the request was not sent. A retry cannot help.
    #[error("a request of {len} bytes is over the limit of {len_max}")]
    TooLong {
        /// The length of the payload, in bytes.
        len: usize,
        /// The limit, in bytes.
        len_max: usize,
    },
    /// The runtime of the asking node is shutting down. A retry cannot help.
    #[error("the runtime of {node} is shutting down")]
    Closed {
        /// The asking node.
        node: NodeId,
    },
}

impl From<SendError> for RequestError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Unreachable { peer } => Self::NoConnection { peer },
            SendError::QueueFull { peer } => Self::QueueFull { peer },
            // The header is not the caller's.
            SendError::TooLong { len, len_max } => Self::TooLong {
                len: len.saturating_sub(HEADER_LEN),
                len_max: len_max.saturating_sub(HEADER_LEN),
            },
            SendError::Closed { node } => Self::Closed { node },
        }
    }
}

impl From<RequestError> for ExitReason {
    fn from(error: RequestError) -> Self {
        Self::error(&error)
    }
}
