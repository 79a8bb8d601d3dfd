//! What a supervisor tells about its children.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::child_spec::ChildKind;
use super::policy::Restart;
use crate::label::Label;
use crate::process::{ProcessId, StartInfo};

/// What a child is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ChildStatus {
    /// It has a process and has started.
    Running,
    /// It has a process, which has not acknowledged its start yet.
    Starting,
    /// It has a process, which was asked to stop.
    Stopping,
    /// It has no process and will be started again by the supervisor.
    Restarting,
    /// It has no process and stays so until someone starts it.
    Stopped,
}

impl fmt::Display for ChildStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
            Self::Restarting => "restarting",
            Self::Stopped => "stopped",
        })
    }
}

/// One child as its supervisor sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildInfo {
    /// Its id; under a dynamic supervisor the id of its spec and a number.
    pub id: Label,
    /// Its process, if it has one.
    pub process: Option<ProcessId>,
    /// What it is doing.
    pub status: ChildStatus,
    /// Whether it is itself a supervisor.
    pub kind: ChildKind,
    /// When it is restarted.
    pub restart: Restart,
    /// Starts that succeeded so far.
    pub starts: u64,
}

/// How many children there are. As in OTP, a child without a process still counts
/// as a spec and as a supervisor or worker, but is not active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChildCount {
    /// All of them.
    pub specs: usize,
    /// Those that have a process.
    pub active: usize,
    /// Those that are supervisors.
    pub supervisors: usize,
    /// Those that are workers.
    pub workers: usize,
}

/// A child that was started on request.
#[derive(Debug, Clone)]
pub struct StartedChild {
    /// Its process.
    pub process: ProcessId,
    /// What it handed over with [`ready_with`](crate::process::Context::ready_with).
    pub info: Option<StartInfo>,
}
