//! What a dynamic supervisor is made of.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::backoff::Backoff;
use super::error::SpecError;
use super::intensity::RestartLimit;
use super::validation;
use crate::runtime::Runtime;

/// The settings of a dynamic supervisor, all of which can change while it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DynamicSupervisorFlags {
    /// The restarts that all children together may need.
    pub limit: RestartLimit,
    /// How many children there may be, running, starting or being restarted.
    pub max_children: usize,
    /// How long to wait before a restart, for children without a back-off of their own.
    pub backoff: Option<Backoff>,
}

impl Default for DynamicSupervisorFlags {
    fn default() -> Self {
        Self {
            limit: RestartLimit::default(),
            max_children: usize::MAX,
            backoff: None,
        }
    }
}

/// A supervisor of any number of children that are added while it runs and know
/// nothing of each other, as Elixir's `DynamicSupervisor`.
pub struct DynamicSupervisorSpec<R: Runtime> {
    pub(super) flags: DynamicSupervisorFlags,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime> DynamicSupervisorSpec<R> {
    /// OTP's default intensity, and no maximum of children but the node's.
    #[must_use]
    pub fn new() -> Self {
        Self {
            flags: DynamicSupervisorFlags::default(),
            runtime: PhantomData,
        }
    }

    /// Allows `intensity` restarts within any `period`, for all children together.
    #[must_use]
    pub fn intensity(mut self, intensity: u32, period: Duration) -> Self {
        self.flags.limit = RestartLimit { intensity, period };
        self
    }

    /// How many children there may be, running, starting or being restarted.
    #[must_use]
    pub fn max_children(mut self, max_children: usize) -> Self {
        self.flags.max_children = max_children;
        self
    }

    /// How long to wait before a restart, for children without a back-off of their own.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.flags.backoff = Some(backoff);
        self
    }

    /// The settings.
    #[must_use]
    pub const fn flags(&self) -> DynamicSupervisorFlags {
        self.flags
    }

    /// Whether the spec can be started.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), SpecError> {
        validation::dynamic_flags(&self.flags)
    }
}

impl<R: Runtime> Default for DynamicSupervisorSpec<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Runtime> Clone for DynamicSupervisorSpec<R> {
    fn clone(&self) -> Self {
        Self {
            flags: self.flags,
            runtime: PhantomData,
        }
    }
}

impl<R: Runtime> fmt::Debug for DynamicSupervisorSpec<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicSupervisorSpec")
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}
