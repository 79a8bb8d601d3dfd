//! A store from a wire.

use std::sync::Arc;
use std::time::Duration;

use super::engine::EtcdEngine;
use super::wire::Wire;
use crate::runtime::Clock;
use crate::store::handle::Store;
use crate::store::limits::Limits;

/// How a store over an etcd cluster behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EtcdOptions {
    /// The bounds that requests are checked against. Those of the cluster are its own:
    /// they should not be narrower.
    pub limits: Limits,
    /// For how long one endpoint is waited for, when the request can be repeated at
    /// another one.
    pub attempt: Duration,
    /// The pause after an endpoint failed.
    pub pause: Duration,
    /// For how long a watch looks for an endpoint before it gives up.
    pub watch_patience: Duration,
    /// How many requests wait for answers at once.
    pub in_flight_max: usize,
    /// How many watches there are at once.
    pub watches_max: usize,
}

impl Default for EtcdOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            attempt: Duration::from_secs(1),
            pause: Duration::from_millis(50),
            watch_patience: Duration::from_secs(30),
            in_flight_max: 512,
            watches_max: 10_000,
        }
    }
}

impl EtcdOptions {
    /// The bounds that requests are checked against.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// For how long one endpoint is waited for, when the request can be repeated at
    /// another one.
    #[must_use]
    pub const fn attempt(mut self, attempt: Duration) -> Self {
        self.attempt = attempt;
        self
    }

    /// The pause after an endpoint failed.
    #[must_use]
    pub const fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// For how long a watch looks for an endpoint before it gives up.
    #[must_use]
    pub const fn watch_patience(mut self, watch_patience: Duration) -> Self {
        self.watch_patience = watch_patience;
        self
    }
}

/// A store over an etcd cluster.
#[derive(Debug)]
pub enum EtcdStore {}

impl EtcdStore {
    /// A store over a real cluster. Nothing is asked yet; what is wrong with an address
    /// or a password is said by the operations.
    ///
    /// Its operations must be awaited on the executor of the production runtime.
    #[cfg(feature = "etcd")]
    pub fn connect<C>(clock: C, cluster: super::EtcdCluster, options: EtcdOptions) -> Store
    where
        C: Clock + Clone + Send + Sync + 'static,
    {
        Self::over(
            clock,
            Arc::new(super::client::ClientWire::new(cluster)),
            options,
        )
    }

    /// A store that asks through `wire`. Nothing is asked yet.
    pub fn over<C>(clock: C, wire: Arc<dyn Wire>, options: EtcdOptions) -> Store
    where
        C: Clock + Clone + Send + Sync + 'static,
    {
        Store::new(Arc::new(EtcdEngine::new(clock, wire, options)))
    }
}
