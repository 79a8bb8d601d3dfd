//! Faults with a target, a start and an end.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use steadfast::Label;
use steadfast::runtime::NodeId;

use super::kind::Fault;

/// One fault that holds for a while. A run reports of each episode whether it was
/// armed, has fired, was effective (changed something), and was healed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Episode {
    /// What goes wrong.
    pub fault: Fault,
    /// Where.
    pub target: Target,
    /// When it begins.
    pub start: Start,
    /// How long it holds; `None` is until the healing before the liveness phase.
    pub duration: Option<Duration>,
}

/// Where an episode applies. A node fault on links applies to their senders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// Every node and every link.
    All,
    /// One node; for message faults, every link from and to it (isolation).
    Node(NodeId),
    /// One link, one way.
    Link {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
    },
    /// Every link between two groups, both ways: a two-way partition.
    Between {
        /// One side.
        left: Vec<NodeId>,
        /// The other side.
        right: Vec<NodeId>,
    },
    /// Every link from one group to another: a one-way partition.
    OneWay {
        /// The senders.
        from: Vec<NodeId>,
        /// The receivers.
        to: Vec<NodeId>,
    },
}

impl Target {
    /// The nodes that are named.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        match self {
            Self::All => Vec::new(),
            Self::Node(node) => vec![*node],
            Self::Link { from, to } => vec![*from, *to],
            Self::Between { left, right } => left.iter().chain(right).copied().collect(),
            Self::OneWay { from, to } => from.iter().chain(to).copied().collect(),
        }
    }

    /// Whether a node fault applies to `node`.
    #[must_use]
    pub fn covers_node(&self, node: NodeId) -> bool {
        match self {
            Self::All => true,
            Self::Node(named) => *named == node,
            Self::Link { from, .. } => *from == node,
            Self::Between { left, right } => left.contains(&node) || right.contains(&node),
            Self::OneWay { from, .. } => from.contains(&node),
        }
    }

    /// Whether a message fault applies to messages from `sender` to `receiver`.
    #[must_use]
    pub fn covers_link(&self, sender: NodeId, receiver: NodeId) -> bool {
        match self {
            Self::All => true,
            Self::Node(node) => (*node == sender) != (*node == receiver),
            Self::Link { from, to } => *from == sender && *to == receiver,
            Self::Between { left, right } => {
                left.contains(&sender) && right.contains(&receiver)
                    || right.contains(&sender) && left.contains(&receiver)
            }
            Self::OneWay { from, to } => from.contains(&sender) && to.contains(&receiver),
        }
    }
}

/// When an episode begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// At a time since the start of the run.
    At(Duration),
    /// When something has happened for the `count`th time, from 1.
    On {
        /// What.
        event: Trigger,
        /// How many times.
        count: u32,
    },
}

/// What can begin an episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trigger {
    /// A supervisor scheduled a restart.
    Restart,
    /// The child with this id was started.
    ChildStarted(Label),
    /// A supervisor began to stop.
    SupervisorStopping,
    /// A process exited abnormally.
    AbnormalExit,
    /// A node started, its first start included.
    NodeStarted(NodeId),
    /// A message was sent on this link.
    MessageSent {
        /// The sender.
        from: NodeId,
        /// The receiver.
        to: NodeId,
    },
    /// The workload wrote a note that begins with this text.
    Note(Label),
}
