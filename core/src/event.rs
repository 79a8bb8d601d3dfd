//! The closed vocabulary of facts that core announces.
//!
//! Every fact is announced twice: to the runtime's
//! [`Observer`](crate::runtime::Observer) and through `tracing`. Checkers and
//! traces read only this; nothing looks into private state. The vocabulary is
//! closed on purpose: a new fact must break every place that should think about it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::{FailureId, Settlement, Severity};
use crate::label::Label;
use crate::membership::Member;
use crate::process::{ExitReason, ProcessId};
use crate::runtime::NodeId;
use crate::supervision::{AutoShutdown, Restart, ShutdownPolicy, Strategy};

/// A fact, by domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// About one process.
    Process(ProcessEvent),
    /// About a supervisor and its children.
    Supervision(SupervisionEvent),
    /// About the boot of a node's services.
    Boot(BootEvent),
    /// About a failure and how it was settled.
    Failure(FailureEvent),
    /// About who is in the cluster, as one node sees it.
    Membership(MembershipEvent),
}

/// Life and death of processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProcessEvent {
    /// A process exists from here on.
    Spawned {
        /// The process.
        process: ProcessId,
        /// Its parent; `None` for the root of a node.
        parent: Option<ProcessId>,
        /// Names from the root down, joined by `/`.
        path: Label,
    },
    /// A process, and everything below it, has ended. Announced once per process,
    /// after its destructors ran and before any link, monitor or supervisor is told.
    Exited {
        /// The process.
        process: ProcessId,
        /// Why.
        reason: ExitReason,
    },
    /// A bounded mailbox dropped a message by its stated policy.
    MessageDiscarded {
        /// The process that owns the mailbox.
        process: ProcessId,
        /// How many messages this mailbox has discarded so far.
        discarded: u64,
    },
}

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

/// How healthy a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HealthStatus {
    /// It answers and is well.
    Healthy,
    /// It answers and says that it works with limits.
    Degraded,
    /// It does not answer in time, fails its check, or is not running.
    Unhealthy,
}

/// Boot and health of the services of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BootEvent {
    /// The order of all services was decided; `order` is the start order.
    Planned {
        /// Service names.
        order: Vec<Label>,
    },
    /// A phase begins.
    PhaseStarted {
        /// The phase.
        phase: Label,
    },
    /// A service runs.
    ServiceStarted {
        /// The service.
        service: Label,
        /// Its process.
        process: ProcessId,
    },
    /// A service has stopped.
    ServiceStopped {
        /// The service.
        service: Label,
    },
    /// A service is restarted because one that it depends on was.
    DependentRestarted {
        /// The service.
        service: Label,
        /// The one it depends on.
        dependency: Label,
    },
    /// A health check changed its verdict.
    HealthChanged {
        /// The service.
        service: Label,
        /// The verdict before.
        from: HealthStatus,
        /// The verdict now.
        to: HealthStatus,
        /// What the check said.
        detail: Label,
    },
    /// All phases are up.
    Completed,
    /// The boot was given up; everything started is stopped again.
    Failed {
        /// The service that failed.
        service: Label,
        /// Why.
        reason: ExitReason,
    },
}

/// The books of failures: what was delivered must be settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureEvent {
    /// The runtime handed a failure to core code.
    Delivered {
        /// The failure.
        failure: FailureId,
        /// The process it was handed to, if it was a process.
        process: Option<ProcessId>,
        /// What failed, with its causes.
        what: Label,
    },
    /// The failure was dealt with.
    Settled {
        /// The failure.
        failure: FailureId,
        /// How.
        how: Settlement,
    },
    /// The failure was dropped without being dealt with: a swallowed error.
    Dropped {
        /// The failure.
        failure: FailureId,
        /// What failed, with its causes.
        what: Label,
    },
    /// An incident: a failure that was reported, or a fact worth an operator's eye.
    Incident {
        /// How bad it is.
        severity: Severity,
        /// The failure behind it, if there is one.
        failure: Option<FailureId>,
        /// What happened.
        what: Label,
    },
}

/// Who is in the cluster, as the announcing node sees it. Views of different nodes
/// differ for a while, and a member that is alive may be taken for dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MembershipEvent {
    /// Another node is a member from here on. For each node, this alternates with
    /// `MemberDown` and `MemberLeft`, and never names an incarnation older than one
    /// that was named before.
    MemberUp {
        /// The member.
        member: Member,
    },
    /// A member that is up does not answer, or others say so. It stays a member
    /// while it may still refute that.
    MemberSuspected {
        /// The member.
        member: Member,
    },
    /// A suspected member has shown that it lives.
    MemberRefuted {
        /// The member.
        member: Member,
    },
    /// A member that was up is taken for dead, or a newer incarnation of its node has
    /// taken its place.
    MemberDown {
        /// The member.
        member: Member,
    },
    /// A member that was up has left of its own accord.
    MemberLeft {
        /// The member.
        member: Member,
    },
    /// This node was taken for dead, or its membership was started again, and goes on
    /// under a renewed identity. Its incarnation stays.
    IdentityRenewed {
        /// This node.
        member: Member,
        /// Counts the renewals within the incarnation, from 1.
        generation: u32,
    },
    /// This node has left. It knows of no other member until it joins again.
    Departed {
        /// This node.
        member: Member,
    },
    /// A message of another cluster was refused. Announced once for each peer.
    ForeignCluster {
        /// Who sent it.
        peer: NodeId,
    },
}
