//! Messages between nodes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::identity::NodeId;
use super::inbox::Inbox;

/// Which inbox of a node a message is for. Displayed as `:7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Port(pub u16);

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ":{}", self.0)
    }
}

/// One received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The node that sent it.
    pub from: NodeId,
    /// What it says.
    pub payload: Vec<u8>,
}

/// Sends and receives messages.
///
/// A message may be lost, delayed, reordered or duplicated, but never altered and
/// never attributed to another sender. A node may send to itself. Delivery is
/// bounded: an inbox that is full loses the message, and the adapter counts it.
pub trait Network {
    /// The longest payload, in bytes, that [`send`](Self::send) takes.
    fn payload_len_max(&self) -> usize;

    /// Opens the inbox for `port`, holding up to `capacity` messages that were not
    /// yet received. Dropping the inbox closes the port.
    ///
    /// # Errors
    ///
    /// See [`BindError`].
    fn bind(&self, port: Port, capacity: usize) -> Result<Inbox, BindError>;

    /// Hands a message to the network without waiting.
    ///
    /// `Ok` promises nothing about delivery.
    ///
    /// # Errors
    ///
    /// See [`SendError`]; after an error the message is certainly not delivered.
    fn send(&self, to: NodeId, port: Port, payload: Vec<u8>) -> Result<(), SendError>;
}

/// An inbox could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another inbox of this node holds the port. No effect; a retry helps once
    /// that inbox has been dropped.
    #[error("port {port} is already bound on {node}")]
    InUse {
        /// The node.
        node: NodeId,
        /// The port asked for.
        port: Port,
    },
    /// A capacity of zero was asked for. No effect; a retry cannot help.
    #[error("an inbox needs a capacity of at least one message")]
    NoCapacity,
    /// The runtime is shutting down. No effect; a retry cannot help.
    #[error("the runtime of {node} is shutting down")]
    Closed {
        /// The node.
        node: NodeId,
    },
}

/// A message was refused by the local side of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The peer is known to be down, or no address is known for it. The message
    /// was dropped; a retry helps once the peer is back.
    #[error("{peer} is unreachable")]
    Unreachable {
        /// The peer.
        peer: NodeId,
    },
    /// The queue towards the peer is full. The message was dropped; a later retry
    /// may help.
    #[error("the send queue towards {peer} is full")]
    QueueFull {
        /// The peer.
        peer: NodeId,
    },
    /// The payload is too long. The message was dropped; a retry cannot help.
    #[error("a payload of {len} bytes is over the limit of {len_max}")]
    TooLong {
        /// The length of the payload, in bytes.
        len: usize,
        /// The limit, in bytes.
        len_max: usize,
    },
    /// The runtime is shutting down. The message was dropped; a retry cannot help.
    #[error("the runtime of {node} is shutting down")]
    Closed {
        /// The node that wanted to send.
        node: NodeId,
    },
}
