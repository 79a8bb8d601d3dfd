//! The vocabulary of a trace: what core announces, and what the world did.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use steadfast::Label;
use steadfast::event::Event;
use steadfast::runtime::{FileName, Incarnation, NodeId, Port, StorageOperation};

use crate::fault::{Fault, Target};

/// How much of each node's history an event has seen: the number of its records
/// per node. Nodes that are missing count as 0. Clocks are derived from the
/// records (a delivery has seen what its sending had seen), so a run does not pay
/// for them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VectorClock(pub BTreeMap<NodeId, u64>);

/// One line of a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its place in the trace, from 0.
    pub index: u64,
    /// Simulated time since the start of the run, in nanoseconds.
    pub time: u64,
    /// The node it happened on; `None` for the world.
    pub node: Option<NodeId>,
    /// What happened.
    pub event: TraceEvent,
}

/// What happened, by domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum TraceEvent {
    /// Core announced a fact.
    Core(Event),
    /// About the run itself.
    Run(RunEvent),
    /// About a node.
    Node(NodeEvent),
    /// About a raw task.
    Task(TaskEvent),
    /// About a message.
    Net(NetEvent),
    /// About a file.
    Disk(DiskEvent),
    /// About a fault episode.
    Fault(FaultEvent),
}

/// The phases of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// Nodes start.
    Boot,
    /// Faults and workload.
    Safety,
    /// A core is healed and must converge.
    Liveness,
    /// Everything stops in an orderly way.
    Stop,
}

/// About the run itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunEvent {
    /// A phase begins.
    PhaseStarted {
        /// Which.
        phase: Phase,
    },
    /// The nodes that were healed for the liveness phase.
    CoreHealed {
        /// Which.
        core: Vec<NodeId>,
    },
    /// The workload says something; scenarios' own checkers read it.
    Note {
        /// What.
        text: Label,
    },
    /// The run is over. Always the last record.
    Finished,
}

/// About a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeEvent {
    /// An incarnation begins.
    Started {
        /// Which.
        incarnation: Incarnation,
    },
    /// It died: nothing of this incarnation may be seen after this.
    Crashed {
        /// Which.
        incarnation: Incarnation,
        /// Whether its disk was lost too.
        wiped: bool,
    },
    /// It stands still.
    Paused,
    /// It goes on.
    Resumed,
    /// It is about to be stopped in an orderly way.
    Stopping {
        /// Which.
        incarnation: Incarnation,
    },
    /// Its orderly stop is over: nothing of it may be alive.
    Stopped {
        /// Which.
        incarnation: Incarnation,
        /// Whether nothing had to be killed.
        orderly: bool,
    },
}

/// A raw task: counts the tasks of one incarnation of one node, from 1. Displayed as
/// `n1.2/7`: node, incarnation, number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TaskId {
    /// The node.
    pub node: NodeId,
    /// Its incarnation.
    pub incarnation: Incarnation,
    /// The number.
    pub ordinal: u64,
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}/{}", self.node, self.incarnation, self.ordinal)
    }
}

/// About a raw task, the thing below a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskEvent {
    /// A task was started.
    Spawned {
        /// The task.
        task: TaskId,
        /// The task that was running when it was started, if it was one of the node's.
        owner: Option<TaskId>,
        /// The name it was given: for a process, its path.
        name: Label,
        /// The source line of the spawn, as `file:line`.
        place: Label,
    },
    /// A task ended.
    Ended {
        /// The task.
        task: TaskId,
        /// `returned`, `panicked: …` or `aborted`.
        end: Label,
    },
    /// A task that was not started through the runtime was found alive on the node.
    Foreign {
        /// How many.
        count: u64,
    },
}

/// One message: the `ordinal`th from `from` to `to`, from 1, whatever became of it.
/// Displayed as `n1->n2#7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageId {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// The number on that link.
    pub ordinal: u64,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}->{}#{}", self.from, self.to, self.ordinal)
    }
}

/// Why a message was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DropCause {
    /// Lost by a drop fault.
    Lost,
    /// The link was cut when it was sent.
    Cut,
    /// The link was cut while it was under way.
    CutInFlight,
    /// The receiver was down.
    NodeDown,
    /// Nobody listened on the port.
    PortClosed,
    /// The receiver's inbox was full.
    InboxFull,
}

/// About a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NetEvent {
    /// It was handed to the network.
    Sent {
        /// The message.
        message: MessageId,
        /// The port it is for.
        port: Port,
        /// The length of its payload, in bytes.
        len: u32,
        /// A hash of its payload.
        hash: u64,
    },
    /// It arrived.
    Delivered {
        /// The message.
        message: MessageId,
        /// 0 for the original, 1 for its duplicate.
        copy: u8,
    },
    /// It was lost.
    Dropped {
        /// The message.
        message: MessageId,
        /// Why.
        cause: DropCause,
    },
    /// The sender was refused.
    Refused {
        /// The message.
        message: MessageId,
    },
}

/// About a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiskEvent {
    /// An operation was done.
    Done {
        /// What.
        operation: StorageOperation,
        /// The file, or the prefix of a list.
        file: Label,
        /// How many bytes were read or written.
        len: u64,
    },
    /// An operation failed.
    Failed {
        /// What.
        operation: StorageOperation,
        /// The file, or the prefix of a list.
        file: Label,
        /// Why.
        reason: Label,
    },
    /// A crash took data that was not synced.
    Lost {
        /// The file.
        file: FileName,
        /// How many bytes are gone.
        len: u64,
        /// Whether a part of them survived: a torn tail.
        torn: bool,
    },
}

/// About the episode with this index in the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FaultEvent {
    /// It waits for its start.
    Armed {
        /// The episode.
        episode: u32,
    },
    /// It began.
    Fired {
        /// The episode.
        episode: u32,
        /// What goes wrong from here on.
        fault: Fault,
        /// Where.
        target: Target,
    },
    /// It changed something for the first time.
    Effective {
        /// The episode.
        episode: u32,
    },
    /// It ended.
    Healed {
        /// The episode.
        episode: u32,
        /// How long it held.
        after: Duration,
    },
}
