//! Starting the services of a node.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::board::{Board, ServiceRules};
use super::checker;
use super::error::{BootError, BootSpecError};
use super::handle::BootRef;
use super::health::{HealthCheck, Thresholds};
use super::hub::{Hub, ServicesFollower, TopFollower};
use super::spec::{BootSpec, ServiceSpec};
use crate::label::Label;
use crate::process::Node;
use crate::runtime::Runtime;
use crate::supervision::tasks::{TaskSupervisor, TaskSupervisorOptions};
use crate::supervision::{ChildSpec, Restart, StartError, Strategy, Supervisor, SupervisorSpec};

/// Starts the services of a node in order, keeps them running, and stops them in
/// reverse.
///
/// The process tree of a boot:
///
/// ```text
/// boot
/// ├─ services   the services, in start order, restarted along their dependencies
/// ├─ checks     the runs of health checks, as tasks
/// └─ health     one process for each service that has a check
/// ```
#[derive(Debug)]
pub enum Boot {}

impl Boot {
    /// Starts all services at the top of a node, one after the other, and returns
    /// once the last one has started.
    ///
    /// # Errors
    ///
    /// See [`BootError`]; nothing is left running.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops what was started, in reverse.
    pub async fn start<R: Runtime>(
        node: &Node<R>,
        name: impl Into<Label>,
        spec: BootSpec<R>,
    ) -> Result<BootRef<R>, BootError> {
        let (spec, hub) = assemble(spec)?;
        let started = Supervisor::start(node, name, spec).await;
        let failed = hub.with_board(|board| board.failed().cloned());
        match (started, failed) {
            (Ok(_), _) => Ok(BootRef::new(hub)),
            (Err(StartError::Invalid(error)), _) => Err(BootSpecError::from(error).into()),
            (Err(StartError::Spawn(refused)), _) => Err(refused.into()),
            (Err(StartError::ChildFailed { .. } | StartError::Exited(_)), Some(failed)) => {
                let (service, reason) = failed;
                Err(BootError::ServiceFailed { service, reason })
            }
            (Err(StartError::ChildFailed { reason, .. } | StartError::Exited(reason)), None) => {
                Err(BootError::Ended(reason))
            }
            // The specs made below never answer so.
            (Err(error @ StartError::Ignored), _) => {
                Err(BootError::Ended(crate::process::ExitReason::error(&error)))
            }
        }
    }

    /// A child of a supervisor that starts all services, and the handle for what
    /// runs under that child. Its start is complete once the last service has
    /// started, and fails if one of them fails.
    ///
    /// # Errors
    ///
    /// See [`BootSpecError`].
    pub fn child_spec<R: Runtime>(
        id: impl Into<Label>,
        spec: BootSpec<R>,
    ) -> Result<(ChildSpec<R>, BootRef<R>), BootSpecError> {
        let (spec, hub) = assemble(spec)?;
        Ok((ChildSpec::supervisor(id, spec), BootRef::new(hub)))
    }
}

/// The supervision tree of a boot.
fn assemble<R: Runtime>(
    spec: BootSpec<R>,
) -> Result<(SupervisorSpec<R>, Arc<Hub<R>>), BootSpecError> {
    let plan = spec.check()?;
    let declared = spec.services.into_iter();
    let mut declared: BTreeMap<_, _> = declared
        .map(|service| (service.name().clone(), service))
        .collect();
    let ordered = plan.services().iter();
    let ordered: Vec<_> = ordered
        .filter_map(|planned| declared.remove(&planned.name))
        .collect();
    let rules = ordered.iter().map(rules).collect();
    let hub = Hub::new(Board::new(plan, rules));

    let mut services = SupervisorSpec::new(Strategy::DependentsForOne)
        .intensity(spec.limit.intensity, spec.limit.period)
        .listener(Arc::new(ServicesFollower(hub.clone())));
    if let Some(backoff) = spec.backoff {
        services = services.backoff(backoff);
    }
    let (runs_spec, runs) = TaskSupervisor::child_spec("checks", TaskSupervisorOptions::default());
    let mut health = SupervisorSpec::new(Strategy::OneForOne);
    let mut checked = false;
    for service in ordered {
        let name = service.name().clone();
        services = services.child(service.child.depends_on(service.dependencies));
        if let Some(check) = service.check {
            checked = true;
            let (hub, runs) = (hub.clone(), runs.clone());
            health = health.child(ChildSpec::worker(name.clone(), move |context| {
                checker::run(
                    context,
                    hub.clone(),
                    runs.clone(),
                    name.clone(),
                    check.clone(),
                )
            }));
        }
    }
    services.validate()?;

    // Without its services a boot is nothing, and its other parts do not fail: the
    // end of any part is the end of the boot.
    let mut top = SupervisorSpec::new(Strategy::OneForAll)
        .intensity(0, Duration::from_secs(1))
        .listener(Arc::new(TopFollower(hub.clone())))
        .child(ChildSpec::supervisor("services", services));
    if checked {
        top = top
            .child(runs_spec)
            .child(ChildSpec::supervisor("health", health));
    }
    Ok((top, hub))
}

fn rules<R: Runtime>(service: &ServiceSpec<R>) -> ServiceRules {
    let unchecked = Thresholds {
        failures_to_unhealthy: 1,
        successes_to_healthy: 1,
    };
    let check = service.check.as_ref();
    ServiceRules {
        transient: service.child.restart_policy() == Restart::Transient,
        thresholds: check.map_or(unchecked, |check: &HealthCheck<R>| check.thresholds),
    }
}
