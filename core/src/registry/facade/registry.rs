//! What a registry is, and starting one.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::shared::Shared;
use super::tree::Tree;
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::{Node, ends_a_process};
use crate::registry::backend::{Backend, SharedHost};
use crate::registry::backend_spec::{BackendSpec, Fitted};
use crate::registry::config::{ConfigError, RegistryConfig};
use crate::registry::error::RegistryError;
use crate::registry::host::NodeHost;
use crate::registry::watch::Hub;
use crate::runtime::Runtime;
use crate::supervision::{StartChildError, StartError, Supervisor, SupervisorRef};

/// A registry could not be started. Nothing of it is left.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartRegistryError {
    /// The configuration makes no sense. A retry cannot help.
    #[error("the configuration is wrong")]
    Config(#[from] ConfigError),
    /// A scope of the configuration could not be opened. A retry helps as the cause
    /// says.
    #[error("scope {scope:?} could not be opened")]
    Scope {
        /// The scope.
        scope: Label,
        /// Why not.
        #[source]
        source: RegistryError,
    },
    /// Its supervisor did not start. A retry helps as the cause says.
    #[error("its supervisor did not start")]
    Supervisor(#[from] StartError),
    /// Its supervisor did not start below another one. A retry helps as the cause says.
    #[error("its supervisor did not start below another one")]
    Child(#[from] StartChildError),
}

ends_a_process!(StartRegistryError);

/// Names for the processes of a node, and, depending on the backend, of its cluster.
/// Cheap to clone.
///
/// It lives as long as its supervisor, a handle or a subscription of it does; then its
/// scopes are closed. No process that uses it owns it: the end of any of them takes
/// nothing along but what that process had registered.
pub struct Registry<R: Runtime> {
    pub(super) node: Node<R>,
    pub(super) shared: Arc<Shared>,
    pub(super) tree: Arc<Tree<R>>,
    pub(super) config: Arc<RegistryConfig>,
    /// How long a change may wait.
    pub(super) limit: Duration,
}

impl<R: Runtime> Clone for Registry<R> {
    fn clone(&self) -> Self {
        Self {
            node: self.node.clone(),
            shared: self.shared.clone(),
            tree: self.tree.clone(),
            config: self.config.clone(),
            limit: self.limit,
        }
    }
}

impl<R: Runtime> Registry<R> {
    /// Starts a registry as the configuration says, with its scopes opened, and its
    /// processes under a supervisor of its own at the top of the node.
    ///
    /// # Errors
    ///
    /// See [`StartRegistryError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn start(
        node: &Node<R>,
        name: impl Into<Label>,
        config: RegistryConfig,
    ) -> Result<Self, StartRegistryError> {
        let registry = Self::new(node, name, config).await?;
        let spec = registry.tree_spec();
        Supervisor::start(node, registry.name(), spec).await?;
        Ok(registry)
    }

    /// As [`start`](Self::start), with its supervisor below another one.
    ///
    /// # Errors
    ///
    /// See [`StartRegistryError`].
    pub async fn start_under(
        node: &Node<R>,
        supervisor: &SupervisorRef<R>,
        name: impl Into<Label>,
        config: RegistryConfig,
    ) -> Result<Self, StartRegistryError> {
        let registry = Self::new(node, name, config).await?;
        supervisor.start_child(registry.child_spec()).await?;
        Ok(registry)
    }

    /// A registry as the configuration says, with its scopes opened, but without its
    /// processes: give [`child_spec`](Self::child_spec) to a supervisor.
    ///
    /// # Errors
    ///
    /// See [`StartRegistryError`].
    pub async fn new(
        node: &Node<R>,
        name: impl Into<Label>,
        config: RegistryConfig,
    ) -> Result<Self, StartRegistryError> {
        let backend = config.backend_spec()?;
        Self::configured(node, name.into(), backend, config).await
    }

    /// As [`new`](Self::new), with a backend of the caller's; that of the configuration
    /// is not made.
    ///
    /// # Errors
    ///
    /// See [`StartRegistryError`].
    pub async fn new_on(
        node: &Node<R>,
        name: impl Into<Label>,
        backend: BackendSpec<R>,
        config: RegistryConfig,
    ) -> Result<Self, StartRegistryError> {
        config.validate()?;
        Self::configured(node, name.into(), backend, config).await
    }

    /// A registry of this name on a node, with the backend that `make` gives, without
    /// scopes and without processes.
    pub fn with_backend<B: Backend + 'static>(
        node: &Node<R>,
        name: impl Into<Label>,
        make: impl FnOnce(SharedHost) -> B,
    ) -> Self {
        let config = RegistryConfig::default();
        Self::assembled(node, name.into(), config, |_node, host| Fitted {
            backend: Arc::new(make(host)),
            driver: None,
        })
    }

    async fn configured(
        node: &Node<R>,
        name: Label,
        backend: BackendSpec<R>,
        config: RegistryConfig,
    ) -> Result<Self, StartRegistryError> {
        let scopes = config.scopes.clone();
        let make = |node: &Node<R>, host| backend.make(node, host);
        let registry = Self::assembled(node, name, config, make);
        for (scope, keys) in scopes {
            let opened = registry.open_scope(&scope, keys).await;
            opened.map_err(|source| StartRegistryError::Scope { scope, source })?;
        }
        Ok(registry)
    }

    fn assembled(
        node: &Node<R>,
        name: Label,
        config: RegistryConfig,
        make: impl FnOnce(&Node<R>, SharedHost) -> Fitted<R>,
    ) -> Self {
        let hub = Arc::new(Hub::default());
        let host: SharedHost = Arc::new(NodeHost::new(name, node.clone(), hub.clone()));
        let Fitted { backend, driver } = make(node, host.clone());
        host.announce(RegistryEvent::RegistryStarted {
            registry: host.registry().clone(),
            backend: backend.kind().into(),
        });
        let shared = Arc::new(Shared::new(backend, host, hub, config.watch_capacity));
        let hook: Weak<Shared> = Arc::downgrade(&shared);
        node.on_exit(hook);
        Self {
            node: node.clone(),
            shared,
            tree: Tree::new(driver),
            limit: config.deadline(),
            config: Arc::new(config),
        }
    }

    /// The same registry with another limit for each change of this handle.
    #[must_use]
    pub const fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    #[cfg(test)]
    pub(in crate::registry) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Label {
        self.shared.name()
    }

    pub(in crate::registry) fn announce(&self, event: RegistryEvent) {
        self.shared.announce(event);
    }

    /// How it was configured when it was started. A switch may have changed the backend
    /// since.
    #[must_use]
    pub fn config(&self) -> &RegistryConfig {
        &self.config
    }

    /// The node that it serves.
    #[must_use]
    pub const fn node(&self) -> &Node<R> {
        &self.node
    }
}

impl<R: Runtime> fmt::Debug for Registry<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("name", self.name())
            .field("backend", &self.backend_kind())
            .finish_non_exhaustive()
    }
}
