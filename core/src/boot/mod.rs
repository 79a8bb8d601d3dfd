//! The services of a node: phases, dependencies, order, health.
//!
//! A [`BootSpec`] declares the services. [`Boot::start`] puts them in order, or says
//! by name what is wrong; starts them one after the other; restarts a service that
//! fails together with all that depend on it; and stops everything in reverse. If a
//! service fails to start in the boot, those that had started are stopped again.
//!
//! | what | when |
//! |---|---|
//! | start | by phase, within a phase after all dependencies, then by declaration |
//! | stop | in reverse, each service by its own deadline |
//! | restart | the service and its dependents: stopped in reverse, started in order |
//! | failed start in the boot | everything stopped in reverse, the error names the service |
//! | failed start in a restart | tried again, until the restart limit ends the boot |
//! | own limit of a service used up | it is given up alone: it is down, its dependents run on |
//!
//! ```
//! use std::time::Duration;
//! use steadfast::boot::{Boot, BootSpec, Health, HealthCheck, ServiceSpec};
//! use steadfast::event::HealthStatus;
//! # use steadfast::process::{ExitReason, Node};
//! # use steadfast::runtime::{NodeId, tokio::TokioRuntime};
//! use steadfast::supervision::ChildSpec;
//!
//! # let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # executor.block_on(async {
//! # let node = Node::new(TokioRuntime::builder(NodeId(1)).build()?);
//! let idle = |name: &str| ChildSpec::worker(name, |_context| std::future::pending::<()>());
//! let check = HealthCheck::new(Duration::from_secs(30), |_context, _service| async {
//!     Ok::<_, ExitReason>(Health::Good)
//! });
//! let spec = BootSpec::new(["storage", "network"])
//!     .service(ServiceSpec::new("network", idle("web")).depends_on(["store"]).health(check))
//!     .service(ServiceSpec::new("storage", idle("store")));
//! let boot = Boot::start(&node, "shop", spec).await?;
//! assert_eq!(boot.plan().order(), ["store", "web"]);
//! assert_eq!(boot.status().overall(), HealthStatus::Healthy);
//! boot.restart_service("store", Duration::from_secs(60)).await?;
//! boot.stop(Duration::from_secs(60)).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Each service may have a [`HealthCheck`]. A [`BootRef`] answers at any time how the
//! services are doing; every change of a service's health is announced once as
//! [`BootEvent::HealthChanged`](crate::event::BootEvent::HealthChanged), except while
//! everything is being stopped.

mod assembly;
mod board;
#[cfg(test)]
mod board_tests;
mod checker;
mod error;
mod handle;
mod health;
mod hub;
mod plan;
#[cfg(test)]
mod plan_tests;
mod spec;
mod status;
#[cfg(test)]
mod tests;

pub use assembly::Boot;
pub use error::{
    BootError, BootSpecError, HealthCheckError, PlanError, RestartServiceError, UnknownService,
};
pub use handle::BootRef;
pub use health::{Health, HealthCheck};
pub use plan::{BootPlan, PlannedService};
pub use spec::{BootSpec, ServiceSpec};
pub use status::{BootState, BootStatus, ServiceState, ServiceStatus};
