//! Which services a node has.

use std::fmt;
use std::time::Duration;

use super::error::{BootSpecError, PlanError};
use super::health::HealthCheck;
use super::plan::{BootPlan, PlannedService};
use crate::label::Label;
use crate::runtime::Runtime;
use crate::supervision::{Backoff, ChildSpec, Restart, RestartLimit};

/// One service: a supervised child with a phase, dependencies and a health check.
pub struct ServiceSpec<R: Runtime> {
    pub(super) child: ChildSpec<R>,
    pub(super) phase: Label,
    pub(super) dependencies: Vec<Label>,
    pub(super) check: Option<HealthCheck<R>>,
}

impl<R: Runtime> ServiceSpec<R> {
    /// A service that starts in `phase`. Its name is the id of `child`, which must be
    /// permanent or transient. It counts as started when its child spec says so:
    /// once its process exists, or once it [acknowledges](ChildSpec::acknowledged).
    pub fn new(phase: impl Into<Label>, child: ChildSpec<R>) -> Self {
        Self {
            child,
            phase: phase.into(),
            dependencies: Vec::new(),
            check: None,
        }
    }

    /// The services that this one needs, of the same or an earlier phase: it starts
    /// after them, stops before them, and is restarted with them.
    #[must_use]
    pub fn depends_on<I>(mut self, dependencies: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Label>,
    {
        self.dependencies = dependencies.into_iter().map(Into::into).collect();
        self
    }

    /// How to tell whether the service is well. Without a check it is healthy while
    /// it runs.
    #[must_use]
    pub fn health(mut self, check: HealthCheck<R>) -> Self {
        self.check = Some(check);
        self
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &Label {
        self.child.id()
    }

    fn planned(&self) -> PlannedService {
        PlannedService {
            name: self.name().clone(),
            phase: self.phase.clone(),
            dependencies: self.dependencies.clone(),
        }
    }

    fn validate(&self) -> Result<(), BootSpecError> {
        let service = || self.name().clone();
        match self.child.restart_policy() {
            Restart::Permanent | Restart::Transient => {}
            Restart::Temporary => {
                return Err(BootSpecError::TemporaryService { service: service() });
            }
        }
        let check = self.check.as_ref().map_or(Ok(()), HealthCheck::validate);
        check.map_err(|source| BootSpecError::HealthCheck {
            service: service(),
            source,
        })
    }
}

impl<R: Runtime> Clone for ServiceSpec<R> {
    fn clone(&self) -> Self {
        Self {
            child: self.child.clone(),
            phase: self.phase.clone(),
            dependencies: self.dependencies.clone(),
            check: self.check.clone(),
        }
    }
}

impl<R: Runtime> fmt::Debug for ServiceSpec<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceSpec")
            .field("child", &self.child)
            .field("phase", &self.phase)
            .field("dependencies", &self.dependencies)
            .field("check", &self.check)
            .finish()
    }
}

/// The services of a node, by phases.
///
/// Restart limits are those of a supervisor: 1 restart in 5 s unless set, no
/// back-off. The dependents that are restarted with a service do not count.
pub struct BootSpec<R: Runtime> {
    pub(super) phases: Vec<Label>,
    pub(super) services: Vec<ServiceSpec<R>>,
    pub(super) limit: RestartLimit,
    pub(super) backoff: Option<Backoff>,
}

impl<R: Runtime> BootSpec<R> {
    /// No services yet, in these phases, which begin in this order.
    pub fn new<I>(phases: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Label>,
    {
        Self {
            phases: phases.into_iter().map(Into::into).collect(),
            services: Vec::new(),
            limit: RestartLimit::default(),
            backoff: None,
        }
    }

    /// Adds a service. The order of declaration decides between services that are
    /// otherwise free to start in any order.
    #[must_use]
    pub fn service(mut self, service: ServiceSpec<R>) -> Self {
        self.services.push(service);
        self
    }

    /// Allows `intensity` restarts of all services together within any `period`;
    /// one more ends the boot. A service can have a limit of its own besides; see
    /// [`ChildSpec::limit`].
    #[must_use]
    pub fn intensity(mut self, intensity: u32, period: Duration) -> Self {
        self.limit = RestartLimit { intensity, period };
        self
    }

    /// How long to wait before a restart, for services without a back-off of their
    /// own. Dependents are stopped before the wait.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// The start order.
    ///
    /// # Errors
    ///
    /// See [`PlanError`].
    pub fn plan(&self) -> Result<BootPlan, PlanError> {
        let services = self.services.iter().map(ServiceSpec::planned);
        BootPlan::new(self.phases.clone(), services.collect())
    }

    /// The start order, once everything else is found right as well.
    pub(super) fn check(&self) -> Result<BootPlan, BootSpecError> {
        let plan = self.plan()?;
        self.services.iter().try_for_each(ServiceSpec::validate)?;
        Ok(plan)
    }
}

impl<R: Runtime> Clone for BootSpec<R> {
    fn clone(&self) -> Self {
        Self {
            phases: self.phases.clone(),
            services: self.services.clone(),
            limit: self.limit,
            backoff: self.backoff,
        }
    }
}

impl<R: Runtime> fmt::Debug for BootSpec<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BootSpec")
            .field("phases", &self.phases)
            .field("services", &self.services)
            .field("limit", &self.limit)
            .field("backoff", &self.backoff)
            .finish()
    }
}
