//! Talking to a boot.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::error::{RestartServiceError, UnknownService};
use super::hub::Hub;
use super::plan::BootPlan;
use super::status::{BootState, BootStatus, ServiceStatus};
use crate::process::ExitReason;
use crate::runtime::Runtime;
use crate::supervision::{CallError, RestartGroupError, StopError, SupervisorRef};

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
    /// again, in order; one that does not run is started too. Waits for its turn and
    /// until they are up, at most `limit`. Such a restart counts against no restart
    /// limit.
    ///
    /// # Errors
    ///
    /// See [`RestartServiceError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws a restart that was not begun; one that was
    /// begun goes on.
    pub async fn restart_service(
        &self,
        name: &str,
        limit: Duration,
    ) -> Result<(), RestartServiceError> {
        let state = self.service(name).map(|_| self.status().state)?;
        let services = self.0.services().filter(|_| state == BootState::Running);
        let services = services.ok_or(RestartServiceError::NotRunning)?;
        let restarted = services.with_limit(limit).restart_group(name).await;
        restarted.map_err(|error| match error {
            RestartGroupError::Failed { child, reason } => RestartServiceError::Failed {
                service: child,
                reason,
            },
            // A service leaves its supervisor only together with it.
            RestartGroupError::NotFound
            | RestartGroupError::Call(CallError::Gone | CallError::Stopping) => {
                RestartServiceError::Interrupted
            }
            RestartGroupError::Call(CallError::TimedOut { limit }) => {
                RestartServiceError::TimedOut { limit }
            }
            RestartGroupError::Call(CallError::Overloaded { limit }) => {
                RestartServiceError::Overloaded { limit }
            }
        })
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
