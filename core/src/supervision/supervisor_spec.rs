//! What a supervisor is made of.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::backoff::Backoff;
use super::child_spec::ChildSpec;
use super::error::SpecError;
use super::intensity::RestartLimit;
use super::listener::Listener;
use super::policy::{AutoShutdown, Strategy};
use super::validation;
use crate::runtime::Runtime;

/// The settings of a supervisor that can change while it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SupervisorFlags {
    /// Which siblings a failure takes along.
    pub strategy: Strategy,
    /// The restarts that all children together may need.
    pub limit: RestartLimit,
    /// When the end of significant children ends the supervisor.
    pub auto_shutdown: AutoShutdown,
    /// How long to wait before a restart, for children without a back-off of their own.
    pub backoff: Option<Backoff>,
    /// Whether the supervisor ends with `shutdown` once it has started and no child
    /// runs or is to be restarted. Children that it was told to stop do not count as
    /// ended, as with auto-shutdown. OTP has no such setting.
    pub stop_when_all_ended: bool,
}

impl SupervisorFlags {
    /// OTP's defaults with this strategy.
    #[must_use]
    pub fn new(strategy: Strategy) -> Self {
        Self {
            strategy,
            limit: RestartLimit::default(),
            auto_shutdown: AutoShutdown::Never,
            backoff: None,
            stop_when_all_ended: false,
        }
    }
}

/// A supervisor and its first children, in the order in which they start.
///
/// Defaults are OTP's: 1 restart in 5 s, no auto-shutdown; and no back-off.
pub struct SupervisorSpec<R: Runtime> {
    pub(super) flags: SupervisorFlags,
    pub(super) children: Vec<ChildSpec<R>>,
    pub(super) listener: Option<Arc<dyn Listener<R>>>,
}

impl<R: Runtime> SupervisorSpec<R> {
    /// A supervisor without children.
    #[must_use]
    pub fn new(strategy: Strategy) -> Self {
        Self {
            flags: SupervisorFlags::new(strategy),
            children: Vec::new(),
            listener: None,
        }
    }

    /// Allows `intensity` restarts within any `period`.
    #[must_use]
    pub fn intensity(mut self, intensity: u32, period: Duration) -> Self {
        self.flags.limit = RestartLimit { intensity, period };
        self
    }

    /// When the end of significant children ends the supervisor.
    #[must_use]
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.flags.auto_shutdown = auto_shutdown;
        self
    }

    /// How long to wait before a restart, for children without a back-off of their
    /// own. Under `OneForAll` and `RestForOne` the siblings concerned are stopped
    /// before the wait.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.flags.backoff = Some(backoff);
        self
    }

    /// Makes the supervisor end once no child runs or is to be restarted; see
    /// [`SupervisorFlags::stop_when_all_ended`].
    #[must_use]
    pub fn stop_when_all_ended(mut self) -> Self {
        self.flags.stop_when_all_ended = true;
        self
    }

    /// Adds a child after those that are there.
    #[must_use]
    pub fn child(mut self, child: ChildSpec<R>) -> Self {
        self.children.push(child);
        self
    }

    /// Has everything that the supervisor does told to `listener`.
    pub(crate) fn listener(mut self, listener: Arc<dyn Listener<R>>) -> Self {
        self.listener = Some(listener);
        self
    }

    /// The settings.
    #[must_use]
    pub const fn flags(&self) -> SupervisorFlags {
        self.flags
    }

    /// Whether the spec, with all nested ones, can be started.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), SpecError> {
        validation::flags(&self.flags)?;
        let policies = self.children.iter().map(|child| &child.policy);
        validation::children(policies, &self.flags)?;
        self.children.iter().try_for_each(validation::nested)
    }
}

impl<R: Runtime> Clone for SupervisorSpec<R> {
    fn clone(&self) -> Self {
        Self {
            flags: self.flags,
            children: self.children.clone(),
            listener: self.listener.clone(),
        }
    }
}

impl<R: Runtime> fmt::Debug for SupervisorSpec<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SupervisorSpec")
            .field("flags", &self.flags)
            .field("children", &self.children)
            .finish_non_exhaustive()
    }
}

/// What an init function answers.
#[derive(Debug)]
pub enum SupervisorInit<R: Runtime> {
    /// Run this.
    Run(SupervisorSpec<R>),
    /// Do not run.
    Ignore,
}

impl<R: Runtime> From<SupervisorSpec<R>> for SupervisorInit<R> {
    fn from(spec: SupervisorSpec<R>) -> Self {
        Self::Run(spec)
    }
}
