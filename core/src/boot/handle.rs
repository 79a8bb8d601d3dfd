//! Talking to a boot.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::desk::{ORDERS_MAX, Order};
use super::error::{RestartServiceError, UnknownService};
use super::hub::Hub;
use super::plan::BootPlan;
use super::status::{BootState, BootStatus, ServiceStatus};
use crate::process::{CallError, ExitReason};
use crate::runtime::Runtime;
use crate::supervision::{StopError, SupervisorRef};

/// The services of a node. Cheap to clone; keeps nothing alive.
///
/// It stays good over restarts of the boot by a supervisor above it: it always means
/// the run that is going on.
pub struct BootRef<R: Runtime>(Arc<Hub<R>>);

impl<R: Runtime> Clone for BootRef<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Runtime> BootRef<R> {
    pub(super) const fn new(hub: Arc<Hub<R>>) -> Self {
        Self(hub)
    }

    /// How all services are doing, at one instant. Asks no process, so it answers
    /// whatever state they are in.
    #[must_use]
    pub fn status(&self) -> BootStatus {
        self.0.status()
    }

    /// How one service is doing.
    ///
    /// # Errors
    ///
    /// [`UnknownService`], with the name.
    pub fn service(&self, name: &str) -> Result<ServiceStatus, UnknownService> {
        let service = self.0.service(name);
        service.ok_or_else(|| UnknownService {
            service: name.into(),
        })
    }

    /// The start order of the services.
    #[must_use]
    pub fn plan(&self) -> BootPlan {
        self.0.with_board(|board| board.plan().clone())
    }

    /// Stops a service and all that depend on it, in reverse order, and starts them
    /// again, in order; whether they run or not. Waits for its turn and until they
    /// are up, at most `limit`. Such a restart counts against no restart limit.
    ///
    /// # Errors
    ///
    /// See [`RestartServiceError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the wait only: a restart that was asked for is made.
    pub async fn restart_service(
        &self,
        name: &str,
        limit: Duration,
    ) -> Result<(), RestartServiceError> {
        let state = self.service(name).map(|_| self.status().state)?;
        let desk = self.0.desk().filter(|_| state == BootState::Running);
        let (Some(desk), Some(node)) = (desk, self.0.node()) else {
            return Err(RestartServiceError::NotRunning);
        };
        let order = |reply| Order {
            service: name.into(),
            reply,
        };
        match desk.call(node.runtime(), limit, order).await {
            Ok(done) => done,
            Err(CallError::Full(_)) => Err(RestartServiceError::Overloaded { limit: ORDERS_MAX }),
            Err(CallError::Closed(_)) => Err(RestartServiceError::NotRunning),
            Err(CallError::TimedOut { limit }) => Err(RestartServiceError::TimedOut { limit }),
            Err(CallError::Unanswered) => Err(RestartServiceError::Interrupted),
        }
    }

    /// The supervisor above the services and their checks, for a look at the tree;
    /// `None` before the boot has begun.
    #[must_use]
    pub fn supervisor(&self) -> Option<SupervisorRef<R>> {
        self.0.top()
    }

    /// Stops the services in reverse order, each by its own deadline, and waits until
    /// all are gone; kills everything after `limit`. Answers why the boot ended. A
    /// boot that is itself supervised is restarted if its spec says so.
    ///
    /// # Errors
    ///
    /// See [`StopError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the services stopping, without a limit.
    pub async fn stop(&self, limit: Duration) -> Result<ExitReason, StopError> {
        match self.0.top() {
            Some(top) => top.stop(limit).await,
            None => Err(StopError::Gone),
        }
    }
}

impl<R: Runtime> fmt::Debug for BootRef<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BootRef").field(&self.status()).finish()
    }
}
