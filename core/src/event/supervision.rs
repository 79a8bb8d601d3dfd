//! Facts about supervisors and their children.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::label::Label;
use crate::process::{ExitReason, ProcessId};
use crate::supervision::{AutoShutdown, Restart, ShutdownPolicy, Strategy};

/// What supervisors do. `supervisor` is always the supervising process and
/// `child` the id within it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SupervisionEvent {
    /// A supervisor begins, with these limits.
    SupervisorStarted {
        /// The supervisor.
        supervisor: ProcessId,
        /// Which siblings a failure takes along.
        strategy: Strategy,
        /// Restarts allowed within `period`.
        intensity: u32,
        /// The sliding window of `intensity`.
        period: Duration,
        /// When the end of significant children ends the supervisor.
        auto_shutdown: AutoShutdown,
        /// Whether children are added in no order (a dynamic supervisor).
        dynamic: bool,
    },
    /// A live supervisor took over new limits.
    SupervisorReconfigured {
        /// The supervisor.
        supervisor: ProcessId,
        /// As in `SupervisorStarted`.
        strategy: Strategy,
        /// As in `SupervisorStarted`.
        intensity: u32,
        /// As in `SupervisorStarted`.
        period: Duration,
        /// As in `SupervisorStarted`.
        auto_shutdown: AutoShutdown,
    },
    /// A child is in the supervisor's list from here on, at position `index`
    /// (0 starts first). Specs of one supervisor keep their relative order.
    /// Announced again, at the same position, when an upgrade changes the spec.
    ChildAdded {
        /// The supervisor.
        supervisor: ProcessId,
        /// The child.
        child: Label,
        /// Its position at this moment.
        index: u32,
        /// When it is restarted.
        restart: Restart,
        /// How it is stopped.
        shutdown: ShutdownPolicy,
        /// Whether its end counts for auto-shutdown.
        significant: bool,
    },
    /// A child left the supervisor's list.
    ChildRemoved {
        /// The supervisor.
        supervisor: ProcessId,
        /// The child.
        child: Label,
    },
    /// A child has started (and acknowledged, where its spec asks for that).
    ChildStarted {
        /// The supervisor.
        supervisor: ProcessId,
        /// The child.
        child: Label,
        /// Its process.
        process: ProcessId,
        /// Starts of this child so far, this one included.
        starts: u64,
    },
    /// A start did not succeed.
    ChildStartFailed {
        /// The supervisor.
        supervisor: ProcessId,
        /// The child.
        child: Label,
        /// Why.
        reason: ExitReason,
    },
    /// A child's start answered that it does not want to run.
    ChildIgnored {
        /// The supervisor.
        supervisor: ProcessId,
        /// The child.
        child: Label,
    },
    /// The supervisor has seen the end of a child's process. Exactly once per process.
    ChildExited {
        /// The supervisor.
        supervisor: ProcessId,
        /// The child.
        child: Label,
        /// Its process.
        process: ProcessId,
        /// Why.
        reason: ExitReason,
        /// Whether the supervisor itself had asked for it.
        expected: bool,
    },
    /// A restart was decided; it counts against the limits from here on.
    RestartScheduled {
        /// The supervisor.
        supervisor: ProcessId,
        /// The child whose failure caused it.
        child: Label,
        /// How long the supervisor waits first.
        delay: Duration,
        /// Restarts in the supervisor's window, this one included.
        in_window: u32,
    },
    /// A restart that was scheduled will not come: the child was stopped on request
    /// before it was up. Siblings that wait to be started with it start without it.
    RestartCancelled {
        /// The supervisor.
        supervisor: ProcessId,
        /// The child.
        child: Label,
    },
    /// The supervisor asks a child to stop.
    ChildStopping {
        /// The supervisor.
        supervisor: ProcessId,
        /// The child.
        child: Label,
        /// Its process.
        process: ProcessId,
        /// How it is stopped.
        shutdown: ShutdownPolicy,
    },
    /// A child did not stop in time and is killed.
    ChildKilled {
        /// The supervisor.
        supervisor: ProcessId,
        /// The child.
        child: Label,
        /// Its process.
        process: ProcessId,
    },
    /// A child used up its own limit and is given up, alone.
    ChildLimitExceeded {
        /// The supervisor.
        supervisor: ProcessId,
        /// The child.
        child: Label,
        /// Restarts in the child's window, the refused one included.
        in_window: u32,
    },
    /// The supervisor's limit is used up: it stops its children and ends.
    IntensityExceeded {
        /// The supervisor.
        supervisor: ProcessId,
        /// The child whose failure was one too many.
        child: Label,
        /// Restarts in the window, the refused one included.
        in_window: u32,
    },
    /// Significant children have ended: the supervisor stops the rest and ends.
    AutoShutdown {
        /// The supervisor.
        supervisor: ProcessId,
        /// The child whose end decided it.
        child: Label,
    },
    /// The supervisor begins to stop its children, in reverse order.
    SupervisorStopping {
        /// The supervisor.
        supervisor: ProcessId,
        /// Why.
        reason: ExitReason,
    },
    /// All children are gone; the supervisor ends next.
    SupervisorStopped {
        /// The supervisor.
        supervisor: ProcessId,
    },
}
