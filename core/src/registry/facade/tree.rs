//! The processes of a registry: the driver of its backend, and its monitor.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::registry::Registry;
use crate::event::SupervisionEvent;
use crate::process::{Context, ExitReason, Node};
use crate::registry::monitor;
use crate::runtime::Runtime;
use crate::supervision::{
    ChildSpec, Listener, RestartGroupError, Strategy, SupervisorRef, SupervisorSpec,
};

/// The id of the supervisor above the driver.
const DRIVER: &str = "driver";

struct Parts<R: Runtime> {
    driver: Option<ChildSpec<R>>,
    /// Above everything, in the run that goes on.
    top: Option<SupervisorRef<R>>,
    /// Above the driver alone.
    above_driver: Option<SupervisorRef<R>>,
}

/// Which processes a registry has, and where they are.
pub(super) struct Tree<R: Runtime>(Mutex<Parts<R>>);

impl<R: Runtime> Tree<R> {
    pub(super) fn new(driver: Option<ChildSpec<R>>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Parts {
            driver,
            top: None,
            above_driver: None,
        })))
    }

    /// Whether there is a supervisor that could run a driver.
    pub(super) fn is_running(&self, node: &Node<R>) -> bool {
        let parts = self.lock();
        let top = parts.top.as_ref();
        top.is_some_and(|top| node.is_alive(top.id()))
    }

    /// Takes over another driver for the next start. Answers whether something has to
    /// be restarted for that.
    pub(super) fn set_driver(&self, driver: Option<ChildSpec<R>>) -> bool {
        let mut parts = self.lock();
        let needed = driver.is_some() || parts.driver.is_some();
        parts.driver = driver;
        needed
    }

    /// Stops the driver before, if there is one, and starts the one that is set.
    pub(super) async fn restart_driver(&self, limit: Duration) -> Result<(), RestartGroupError> {
        let top = self.lock().top.clone();
        match top {
            Some(top) => top.with_limit(limit).restart_group(DRIVER).await,
            None => Ok(()),
        }
    }

    /// As [`restart_driver`](Self::restart_driver), without waiting for it: the
    /// supervisor above the driver is asked to exit, and restarted.
    pub(super) fn kick_driver(&self, node: &Node<R>) {
        let above = self.lock().above_driver.clone();
        if let Some(above) = above {
            node.exit(above.id(), &ExitReason::SHUTDOWN);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Parts<R>> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Runtime> Registry<R> {
    /// The supervisor of the processes that the registry needs: the driver of its
    /// backend, if that has one, and its monitor, if it is configured. For a registry
    /// below a supervisor of the user's; [`start`](Self::start) starts it at the top.
    ///
    /// What is registered is not theirs: whatever becomes of them, it stays.
    #[must_use]
    pub fn child_spec(&self) -> ChildSpec<R> {
        let registry = self.clone();
        ChildSpec::supervisor_with(self.name(), move || registry.tree_spec().into())
    }

    /// What the supervisor consists of now.
    pub(super) fn tree_spec(&self) -> SupervisorSpec<R> {
        // With it the supervisor keeps the registry alive, whoever else lets go of it.
        let registry = self.clone();
        let above_driver = move || {
            // The whole of it is captured, and not only the field that is used.
            let registry = &registry;
            let driver = registry.tree.lock().driver.clone();
            let spec = SupervisorSpec::new(Strategy::OneForOne)
                .intensity(5, Duration::from_secs(10))
                .listener(Arc::new(AboveDriver(registry.tree.clone())));
            driver.into_iter().fold(spec, SupervisorSpec::child).into()
        };
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .intensity(5, Duration::from_secs(10))
            .listener(Arc::new(Top(self.tree.clone())))
            .child(ChildSpec::supervisor_with(DRIVER, above_driver));
        let monitor = self.config.monitor.clone();
        let monitor = monitor.map(|monitor| {
            let registry = self.clone();
            ChildSpec::worker("monitor", move |context| {
                monitor::run(context, registry.clone(), monitor.clone())
            })
        });
        monitor.into_iter().fold(spec, SupervisorSpec::child)
    }
}

/// Learns where the supervisor above everything is.
struct Top<R: Runtime>(Arc<Tree<R>>);

impl<R: Runtime> Listener<R> for Top<R> {
    fn begun(&self, _context: &Context<R>, supervisor: &SupervisorRef<R>) {
        self.0.lock().top = Some(supervisor.clone());
    }

    fn heard(&self, _context: &Context<R>, _event: &SupervisionEvent) {}
}

/// Learns where the supervisor above the driver is.
struct AboveDriver<R: Runtime>(Arc<Tree<R>>);

impl<R: Runtime> Listener<R> for AboveDriver<R> {
    fn begun(&self, _context: &Context<R>, supervisor: &SupervisorRef<R>) {
        self.0.lock().above_driver = Some(supervisor.clone());
    }

    fn heard(&self, _context: &Context<R>, _event: &SupervisionEvent) {}
}
