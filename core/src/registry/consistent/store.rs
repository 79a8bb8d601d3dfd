//! The view of a node with the lock around it, shared by callers and driver.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use super::config::{ConsistentConfig, ConsistentConfigError};
use super::driver;
use super::view::{Outcome, View};
use crate::label::Label;
use crate::process::Node;
use crate::registry::backend::SharedHost;
use crate::registry::backend_spec::BackendSpec;
use crate::registry::replicated::Readers;
use crate::runtime::Runtime;
use crate::store::{LocalOptions, LocalStore, Revision, Store};
use crate::supervision::{ChildSpec, Strategy, SupervisorSpec};

pub(super) struct Shared {
    pub(super) host: SharedHost,
    pub(super) config: Arc<ConsistentConfig>,
    pub(super) readers: Readers,
    view: Mutex<View>,
}

/// The CP backend: a registry that gives a name away only once a
/// [store](crate::store::Store) has said so. Cheap to clone; all clones are one backend.
///
/// | | |
/// |---|---|
/// | a name is registered | in one transaction of the store, if nobody holds it there |
/// | the store does not answer | changes are refused as `Unavailable`; what is held stays held for as long as the session of the node is certain |
/// | a node vanishes | its names are free once its time to live has passed |
/// | the session of a node is lost | its names are gone **before** anybody else can have them: watchers are told with [`Cause::NodeGone`](crate::registry::Cause::NodeGone), and the holders are asked to exit unless configured otherwise |
/// | a holder ends | its names go here at once, and in the store as soon as that answers |
/// | a scope | is opened by each node; a name is the same name wherever it is open with the same kind of keys |
///
/// **What reads see.** Reads ask nobody: they answer what the store's watch has told
/// this node, which is a state that the store had, never goes back, and may be old. What
/// this node has changed itself is seen before the change is answered. Who must be
/// certain that nobody holds a name registers it; nothing else is linearizable.
///
/// A name of a process that has ended is held in the store until it was deleted there;
/// whoever asks for it on the same node comes after that.
///
/// It needs its [driver](Self::child_spec), which holds the session. One that crashes
/// and is restarted in time goes on with all names; one that is asked to stop lets them
/// go. Another backend's names cannot be taken over: the store may have given them away.
#[derive(Clone)]
pub struct Consistent {
    pub(super) shared: Arc<Shared>,
}

impl Consistent {
    /// The backend of one registry of a node. It takes no change until its driver runs.
    ///
    /// # Errors
    ///
    /// See [`ConsistentConfigError`].
    pub fn new<R: Runtime>(
        host: SharedHost,
        runtime: &R,
        config: ConsistentConfig,
    ) -> Result<Self, ConsistentConfigError> {
        config.validate()?;
        Ok(Self::valid(host, runtime, config))
    }

    fn valid<R: Runtime>(host: SharedHost, runtime: &R, config: ConsistentConfig) -> Self {
        let config = Arc::new(config);
        let registry = host.registry().clone();
        let stream = format!("registry {registry} consistent");
        let (readers, table) = Readers::new(runtime, &stream, &config.indexes);
        let me = (host.node(), host.incarnation());
        let view = View::new(me, runtime.now(), &registry, config.clone(), table);
        let shared = Arc::new(Shared {
            host,
            config,
            readers,
            view: Mutex::new(view),
        });
        Self { shared }
    }

    /// The driver, to be put under a supervisor before the processes that are to be
    /// registered: permanent, started once it has a session and has read everything.
    /// When it is asked to shut down it ends the session, and all names of this node go.
    #[must_use]
    pub fn child_spec<R: Runtime>(&self, id: impl Into<Label>, store: Store) -> ChildSpec<R> {
        let shared = self.shared.clone();
        let body = move |context| driver::run(context, shared.clone(), store.clone());
        ChildSpec::worker(id, body)
            .trap_exit(true)
            .acknowledged(driver::START_LIMIT)
    }

    /// A registry with this backend over a store that others may use too, for
    /// [`Registry::new_on`](crate::registry::Registry::new_on). It works as `config`
    /// says and as nothing else: neither `owner_only` nor the indexes of the registry's
    /// own configuration reach it.
    ///
    /// # Errors
    ///
    /// See [`ConsistentConfigError`].
    pub fn spec<R: Runtime>(
        config: ConsistentConfig,
        store: Store,
    ) -> Result<BackendSpec<R>, ConsistentConfigError> {
        config.validate()?;
        Ok(BackendSpec::driven(move |node: &Node<R>, host| {
            let backend = Self::valid(host, node.runtime(), config);
            let driver = backend.child_spec("session", store);
            (Arc::new(backend), driver)
        }))
    }

    /// As [`spec`](Self::spec), over a local store of its own.
    pub(in crate::registry) fn on_local_store<R: Runtime>(
        config: ConsistentConfig,
    ) -> BackendSpec<R> {
        BackendSpec::driven(move |node: &Node<R>, host| {
            let backend = Self::valid(host, node.runtime(), config);
            let options = LocalOptions::default();
            let (served, store) = LocalStore::child_spec(node.runtime(), "store", options);
            let spec = SupervisorSpec::new(Strategy::OneForOne)
                .intensity(5, Duration::from_secs(10))
                .child(served)
                .child(backend.child_spec("session", store));
            (
                Arc::new(backend),
                ChildSpec::supervisor("coordination", spec),
            )
        })
    }
}

impl fmt::Debug for Consistent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let view = self.shared.lock();
        f.debug_struct("Consistent")
            .field("session", &view.session)
            .field("entries", &view.shown())
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, View> {
        // A panic under this lock is a bug; what can be read still can.
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the view do something, and all that follows from it.
    pub(super) fn step<T>(&self, act: impl FnOnce(&mut View) -> (T, Outcome)) -> T {
        // What users gave is dropped after the lock: it may do anything when it goes.
        let (answer, outcome, waker) = {
            let mut view = self.lock();
            let (answer, outcome) = act(&mut view);
            if let Some(fact) = &outcome.before {
                self.host.announce(fact.clone());
            }
            if !outcome.changes.is_empty() && !view.retired {
                self.host.changed(&outcome.changes);
            }
            if let Some(fact) = &outcome.after {
                self.host.announce(fact.clone());
            }
            (answer, outcome, view.waker.take())
        };
        for (process, reason) in &outcome.exits {
            self.host.exit(*process, reason);
        }
        if let Some(waker) = waker {
            waker.wake();
        }
        answer
    }

    /// Whether the view has followed the store so far, or the waker is woken when it
    /// follows further.
    pub(super) fn poll_reached(&self, revision: Revision, waker: &Waker) -> Poll<()> {
        let mut view = self.lock();
        if view.applied >= revision {
            return Poll::Ready(());
        }
        view.waker = Some(waker.clone());
        Poll::Pending
    }
}
