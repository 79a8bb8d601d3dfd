//! Facts about boot and health.

use serde::{Deserialize, Serialize};

use crate::label::Label;
use crate::process::{ExitReason, ProcessId};

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
