//! What a registry is, and starting one.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::shared::Shared;
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::Node;
use crate::registry::backend::{Backend, SharedHost};
use crate::registry::host::NodeHost;
use crate::registry::watch::Hub;
use crate::runtime::Runtime;

/// How long a change may wait for its answer unless another limit is set.
const CHANGE_LIMIT: Duration = Duration::from_secs(5);

/// How many changes are queued for one subscription unless another number is set.
const WATCH_CAPACITY: usize = 1024;

/// Names for the processes of a node, and, depending on the backend, of its cluster.
/// Cheap to clone.
///
/// It lives as long as a handle or a subscription of it does. No process owns it: the
/// end of any of them takes nothing along but what that process had registered.
pub struct Registry<R: Runtime> {
    pub(super) node: Node<R>,
    pub(super) shared: Arc<Shared>,
    /// How long a change may wait.
    pub(super) limit: Duration,
}

impl<R: Runtime> Clone for Registry<R> {
    fn clone(&self) -> Self {
        Self {
            node: self.node.clone(),
            shared: self.shared.clone(),
            limit: self.limit,
        }
    }
}

impl<R: Runtime> Registry<R> {
    /// A registry of this name on a node, with the backend that `make` gives.
    pub fn with_backend<B: Backend + 'static>(
        node: &Node<R>,
        name: impl Into<Label>,
        make: impl FnOnce(SharedHost) -> B,
    ) -> Self {
        let hub = Arc::new(Hub::default());
        let host: SharedHost = Arc::new(NodeHost::new(name.into(), node.clone(), hub.clone()));
        let backend: Arc<dyn Backend> = Arc::new(make(host.clone()));
        host.announce(RegistryEvent::RegistryStarted {
            registry: host.registry().clone(),
            backend: backend.kind().into(),
        });
        let shared = Arc::new(Shared::new(backend, host, hub, WATCH_CAPACITY));
        let hook: Weak<Shared> = Arc::downgrade(&shared);
        node.on_exit(hook);
        Self {
            node: node.clone(),
            shared,
            limit: CHANGE_LIMIT,
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
