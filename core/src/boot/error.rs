//! What can go wrong with the boot of a node's services.

use std::time::Duration;

use crate::label::Label;
use crate::process::{ExitReason, SpawnError, ends_a_process};
use crate::supervision::SpecError;

/// A set of services cannot be put in order. Nothing was started; a retry with the
/// same declaration cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Two phases have the same name.
    #[error("phase `{phase}` is declared twice")]
    DuplicatePhase {
        /// The phase.
        phase: Label,
    },
    /// Two services have the same name.
    #[error("service `{service}` is declared twice")]
    DuplicateService {
        /// The service.
        service: Label,
    },
    /// A service is in a phase that was not declared.
    #[error("service `{service}` is in the unknown phase `{phase}`")]
    UnknownPhase {
        /// The service.
        service: Label,
        /// The phase.
        phase: Label,
    },
    /// A service needs one that was not declared.
    #[error("service `{service}` depends on the unknown service `{dependency}`")]
    UnknownDependency {
        /// The service.
        service: Label,
        /// The service that it needs.
        dependency: Label,
    },
    /// Services need each other in a circle.
    #[error("dependency cycle: {}", .path.join(" -> "))]
    Cycle {
        /// The whole circle: each service needs the next, and the last is the first
        /// again.
        path: Vec<Label>,
    },
    /// A service needs one that starts in a later phase.
    #[error(
        "service `{service}` of phase `{phase}` depends on `{dependency}` of the later phase \
         `{dependency_phase}`"
    )]
    LaterPhase {
        /// The service.
        service: Label,
        /// Its phase.
        phase: Label,
        /// The service that it needs.
        dependency: Label,
        /// The phase of that one.
        dependency_phase: Label,
    },
}

/// A health check contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HealthCheckError {
    /// It would run without a pause. A retry cannot help.
    #[error("an interval of zero")]
    ZeroInterval,
    /// It would always be late. A retry cannot help.
    #[error("a limit of zero")]
    ZeroLimit,
    /// It would change its verdict without a reason. A retry cannot help.
    #[error("a threshold of zero")]
    ZeroThreshold,
}

/// A declaration of services is wrong. Nothing was started; a retry with the same
/// declaration cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BootSpecError {
    /// The services cannot be put in order.
    #[error("the services cannot be put in order")]
    Plan(#[from] PlanError),
    /// A service is temporary: it would never come back. Such work is a task of a
    /// service.
    #[error("service `{service}` is temporary")]
    TemporaryService {
        /// The service.
        service: Label,
    },
    /// The check of a service makes no sense.
    #[error("the health check of service `{service}` has {source}")]
    HealthCheck {
        /// The service.
        service: Label,
        /// What is wrong with it.
        source: HealthCheckError,
    },
    /// The child spec of a service, or the restart limits, are wrong.
    #[error("the services cannot be supervised")]
    Supervision(#[from] SpecError),
}

/// The services could not be started. Nothing is left running.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BootError {
    /// The declaration is wrong. A retry cannot help.
    #[error("the declaration of the services is wrong")]
    Invalid(#[from] BootSpecError),
    /// A service did not start; those that had were stopped in reverse order. A
    /// retry may help if its trouble is passing.
    #[error("service `{service}` failed to start: {reason}")]
    ServiceFailed {
        /// The service.
        service: Label,
        /// Why.
        reason: ExitReason,
    },
    /// The boot was ended before all services had started.
    #[error("the boot ended before it was complete: {0}")]
    Ended(ExitReason),
    /// The node refused the process.
    #[error("the process of the boot was refused")]
    Spawn(#[from] SpawnError),
}

/// There is no such service. No effect; a retry cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no service is called `{service}`")]
pub struct UnknownService {
    /// The name that was asked for.
    pub service: Label,
}

/// A service could not be restarted on request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestartServiceError {
    /// There is no such service. No effect; a retry cannot help.
    #[error(transparent)]
    Unknown(#[from] UnknownService),
    /// The boot is not complete, is stopping or has ended. No effect; a retry helps
    /// once it is complete.
    #[error("the services are not all up")]
    NotRunning,
    /// Too many restarts wait their turn. No effect; a retry may help.
    #[error("{limit} restarts are waiting already")]
    Overloaded {
        /// How many may wait.
        limit: usize,
    },
    /// The service, or a dependent of it, was stopped and did not start again at
    /// once. It goes on being tried, within the restart limits, as after any failed
    /// restart; a retry is not needed.
    #[error("service `{service}` failed to start again: {reason}")]
    Failed {
        /// The one that failed.
        service: Label,
        /// Why.
        reason: ExitReason,
    },
    /// No answer within the limit. A restart that had begun goes on; one that had
    /// not is withdrawn.
    #[error("no answer within {limit:?}")]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// The boot ended during the restart.
    #[error("the boot ended during the restart")]
    Interrupted,
}

ends_a_process!(
    BootError,
    BootSpecError,
    PlanError,
    RestartServiceError,
    UnknownService
);
