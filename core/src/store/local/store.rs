//! Starting a local store.

use std::sync::Arc;
use std::time::Duration;

use super::driver;
use super::engine::LocalEngine;
use crate::label::Label;
use crate::process::{Context, Node, ProcessSpec, SpawnError};
use crate::runtime::Runtime;
use crate::store::handle::Store;
use crate::store::limits::Limits;
use crate::supervision::ChildSpec;

/// How a local store is started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalOptions {
    /// Its bounds.
    pub limits: Limits,
    /// How many watches it serves at once.
    pub watches_max: usize,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            watches_max: 10_000,
        }
    }
}

impl LocalOptions {
    /// Its bounds.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many watches it serves at once.
    #[must_use]
    pub const fn watches_max(mut self, watches_max: usize) -> Self {
        self.watches_max = watches_max;
        self
    }
}

/// A store on one node, in memory.
///
/// Every answer is there at once, and every outcome is known. A process ends the
/// leases; while it does not run, the store answers
/// [`NotRunning`](crate::store::Unavailable::NotRunning) and its watches end. Keys and
/// leases outlive a restart of that process, as those of a replicated store outlive its
/// leader, and leases then live in full again. They are gone with the node's
/// incarnation.
#[derive(Debug)]
pub enum LocalStore {}

impl LocalStore {
    /// How long the start of a child may take.
    const START_LIMIT: Duration = Duration::from_secs(5);

    /// Starts one without a supervisor above it.
    ///
    /// # Errors
    ///
    /// See [`SpawnError`].
    pub fn start<R: Runtime>(
        node: &Node<R>,
        name: impl Into<Label>,
        options: LocalOptions,
    ) -> Result<Store, SpawnError> {
        let engine = Arc::new(LocalEngine::new(node.runtime().clone(), options));
        let served = engine.clone();
        // Not only once the process runs: whoever started it may use it.
        served.open();
        node.start(ProcessSpec::new(name).trap_exit(true), |context| {
            driver::run(context, driver::Closing(served))
        })?;
        Ok(Store::new(engine))
    }

    /// A child of a supervisor, and the store that it serves: from the moment that the
    /// child has started. The handle stays good over restarts of the child.
    pub fn child_spec<R: Runtime>(
        runtime: &R,
        id: impl Into<Label>,
        options: LocalOptions,
    ) -> (ChildSpec<R>, Store) {
        let engine = Arc::new(LocalEngine::new(runtime.clone(), options));
        let served = engine.clone();
        let body = move |context: Context<R>| {
            served.open();
            driver::run(context, driver::Closing(served.clone()))
        };
        let spec = ChildSpec::worker(id, body)
            .trap_exit(true)
            .acknowledged(Self::START_LIMIT);
        (spec, Store::new(engine))
    }
}
