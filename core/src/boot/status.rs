//! How a boot and its services are doing.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::HealthStatus;
use crate::label::Label;
use crate::process::ProcessId;

/// How far a boot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BootState {
    /// It was not started yet.
    Waiting,
    /// Its services are being started.
    Starting,
    /// All services are up, or have been.
    Running,
    /// Its services are being stopped: on request, or because one failed to start
    /// or they were restarted too often.
    Stopping,
    /// It has ended.
    Stopped,
}

/// What a service is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ServiceState {
    /// Its turn to start has not come yet.
    Waiting,
    /// It runs.
    Running,
    /// It does not run: it is being restarted, was given up, or was stopped.
    Down,
    /// It has done its work: transient, and ended normally.
    Finished,
    /// Its start answered that it does not want to run.
    Ignored,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Its name.
    pub name: Label,
    /// The phase in which it starts.
    pub phase: Label,
    /// What it is doing.
    pub state: ServiceState,
    /// Its process, while it runs.
    pub process: Option<ProcessId>,
    /// Unhealthy while it waits or is down; healthy when it has finished or does not
    /// want to run; otherwise what its check says, healthy if it has none.
    pub health: HealthStatus,
    /// Why it is as healthy as it is.
    pub detail: Label,
    /// Starts that succeeded in this boot.
    pub starts: u64,
    /// How long its process has been running.
    pub running_for: Option<Duration>,
}

/// A boot and all its services.
///
/// Displayed with one line for the boot and one for each service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootStatus {
    /// How far the boot is.
    pub state: BootState,
    /// The services, in start order.
    pub services: Vec<ServiceStatus>,
}

impl BootStatus {
    /// The worst health of all services; unhealthy while the boot is not running.
    #[must_use]
    pub fn overall(&self) -> HealthStatus {
        match self.state {
            BootState::Running => {
                let services = self.services.iter();
                let worst = services.map(|service| service.health).max();
                worst.unwrap_or(HealthStatus::Healthy)
            }
            BootState::Waiting | BootState::Starting | BootState::Stopping | BootState::Stopped => {
                HealthStatus::Unhealthy
            }
        }
    }
}

impl fmt::Display for BootState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        })
    }
}

impl fmt::Display for ServiceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Down => "down",
            Self::Finished => "finished",
            Self::Ignored => "ignored",
        })
    }
}

impl fmt::Display for BootStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "boot {}, {}", self.state, word(self.overall()))?;
        for service in &self.services {
            write!(
                f,
                "\n{}/{} {}, {}: {}",
                service.phase,
                service.name,
                service.state,
                word(service.health),
                service.detail
            )?;
        }
        Ok(())
    }
}

const fn word(health: HealthStatus) -> &'static str {
    match health {
        HealthStatus::Healthy => "healthy",
        HealthStatus::Degraded => "degraded",
        HealthStatus::Unhealthy => "unhealthy",
    }
}
