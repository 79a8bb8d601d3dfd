//! The registry of a node: one facade that delegates everything to its backend.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use arc_swap::ArcSwap;

use super::backend::{Backend, SharedHost};
use super::entry::Entry;
use super::error::RegistryError;
use super::host::NodeHost;
use super::key::{Keys, check_scope};
use super::operation::{Registered, Registration, Removal, Update, Updated};
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::{ExitHook, Node, ProcessId};
use crate::runtime::Runtime;

/// What the handles of one registry share.
struct Shared {
    /// Read for every look-up, without a lock.
    backend: ArcSwap<Arc<dyn Backend>>,
    /// Held for reading by whoever changes something, for writing by a switch.
    gate: RwLock<()>,
    host: SharedHost,
}

impl Shared {
    /// Hands a change to the backend while no switch goes on.
    fn change<T>(&self, change: impl FnOnce(&dyn Backend) -> T) -> T {
        // A backend that panicked under the gate has changed nothing that it guards.
        let _open = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        change(&***self.backend.load())
    }
}

impl ExitHook for Shared {
    fn process_exited(&self, process: ProcessId) {
        self.change(|backend| backend.process_exited(process));
    }
}

/// Names for the processes of a node, and, depending on the backend, of its cluster.
/// Cheap to clone.
pub struct Registry<R: Runtime> {
    node: Node<R>,
    shared: Arc<Shared>,
}

impl<R: Runtime> Clone for Registry<R> {
    fn clone(&self) -> Self {
        Self {
            node: self.node.clone(),
            shared: self.shared.clone(),
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
        let host: SharedHost = Arc::new(NodeHost::new(name.into(), node.clone()));
        let backend: Arc<dyn Backend> = Arc::new(make(host.clone()));
        host.announce(RegistryEvent::RegistryStarted {
            registry: host.registry().clone(),
            backend: backend.kind().into(),
        });
        let shared = Arc::new(Shared {
            backend: ArcSwap::from_pointee(backend),
            gate: RwLock::new(()),
            host,
        });
        let hook: Weak<Shared> = Arc::downgrade(&shared);
        node.on_exit(hook);
        Self {
            node: node.clone(),
            shared,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Label {
        self.shared.host.registry()
    }

    /// The node that it serves.
    #[must_use]
    pub const fn node(&self) -> &Node<R> {
        &self.node
    }

    /// Opens a scope. Opening one again with the same kind of keys changes nothing.
    ///
    /// # Errors
    ///
    /// `InvalidKey`, `ScopeExists`, `Unavailable`.
    pub async fn open_scope(
        &self,
        scope: impl Into<Label>,
        keys: Keys,
    ) -> Result<(), RegistryError> {
        let scope = scope.into();
        check_scope(&scope)?;
        self.shared
            .change(|backend| backend.open_scope(&scope, keys))
            .await
    }

    /// Gives a name to a process, or lets it join a group once more.
    ///
    /// # Errors
    ///
    /// As [`Backend::register`], `InvalidKey` and `InvalidMetadata`.
    pub async fn register(&self, wanted: Registration) -> Result<Registered, RegistryError> {
        wanted.key.check()?;
        wanted.metadata.check()?;
        self.shared.change(|backend| backend.register(wanted)).await
    }

    /// Takes a name away, or ends one membership. Answers the entry as it was.
    ///
    /// # Errors
    ///
    /// As [`Backend::unregister`].
    pub async fn unregister(&self, removal: Removal) -> Result<Entry, RegistryError> {
        self.shared
            .change(|backend| backend.unregister(removal))
            .await
    }

    /// Changes the metadata of a unique name.
    ///
    /// # Errors
    ///
    /// As [`Backend::update`].
    pub async fn update(&self, update: Update) -> Result<Updated, RegistryError> {
        self.shared.change(|backend| backend.update(update)).await
    }

    /// Who holds a unique name, as this node sees it.
    ///
    /// # Errors
    ///
    /// As [`Backend::whereis`].
    pub fn whereis(&self, scope: &str, name: &str) -> Result<Option<ProcessId>, RegistryError> {
        self.shared.backend.load().whereis(scope, name)
    }

    /// The registration of a unique name, as this node sees it.
    ///
    /// # Errors
    ///
    /// As [`Backend::lookup`].
    pub fn lookup(&self, scope: &str, name: &str) -> Result<Option<Entry>, RegistryError> {
        self.shared.backend.load().lookup(scope, name)
    }
}

impl<R: Runtime> fmt::Debug for Registry<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("name", self.name())
            .field("backend", &self.shared.backend.load().kind())
            .finish_non_exhaustive()
    }
}
