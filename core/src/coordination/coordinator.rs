//! The part of a node that does what participants must not wait for: it renews and ends
//! sessions, and removes places that were given up.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::SessionError;
use super::session::{Outcome, Session, SessionOptions, Surroundings};
use super::withdrawal::Withdrawals;
use super::{session, withdrawal_driver};
use crate::event::SupervisionEvent;
use crate::label::Label;
use crate::process::{Context, Node};
use crate::runtime::Runtime;
use crate::store::Store;
use crate::supervision::{
    ChildSpec, DynamicSupervisorRef, DynamicSupervisorSpec, Listener, Restart, ShutdownPolicy,
    StartChildError, StartError, Strategy, Supervisor, SupervisorRef, SupervisorSpec,
};

/// How a coordinator is started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CoordinatorOptions {
    /// What all its keys begin with. Coordinators that are to meet have the same.
    pub root: Label,
    /// How many requests there are at once: waiting, held, or being withdrawn.
    pub requests_max: usize,
    /// How many sessions there are at once.
    pub sessions_max: usize,
}

impl Default for CoordinatorOptions {
    fn default() -> Self {
        Self {
            root: "steadfast".into(),
            requests_max: 16_384,
            sessions_max: 4_096,
        }
    }
}

impl CoordinatorOptions {
    /// What all its keys begin with.
    #[must_use]
    pub fn root(mut self, root: impl Into<Label>) -> Self {
        self.root = root.into();
        self
    }

    /// How many requests there are at once.
    #[must_use]
    pub const fn requests_max(mut self, requests_max: usize) -> Self {
        self.requests_max = requests_max;
        self
    }

    /// How many sessions there are at once.
    #[must_use]
    pub const fn sessions_max(mut self, sessions_max: usize) -> Self {
        self.sessions_max = sessions_max;
        self
    }
}

struct Shared<R: Runtime> {
    around: Arc<Surroundings<R>>,
    options: CoordinatorOptions,
    /// Above its processes, in the run that goes on.
    top: Mutex<Option<SupervisorRef<R>>>,
}

impl<R: Runtime> Shared<R> {
    fn top(&self) -> MutexGuard<'_, Option<SupervisorRef<R>>> {
        // Nothing that can panic runs under this lock.
        self.top.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens sessions, under which everything else is done. Cheap to clone; one is enough
/// for a node.
///
/// All that happens in the background happens in processes below its supervisor: a
/// process a session, and one that removes places that were given up. When it stops,
/// its sessions are closed, what was held under them is lost, and whoever waits gets an
/// error.
pub struct Coordinator<R: Runtime>(Arc<Shared<R>>);

impl<R: Runtime> Clone for Coordinator<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The id of the supervisor above the sessions.
const SESSIONS: &str = "sessions";

impl<R: Runtime> Coordinator<R> {
    /// How long the start of a session may take besides the requests to the store.
    const START_LIMIT: Duration = Duration::from_secs(5);

    /// How long a session may take to tell the store that it ends.
    const STOP_LIMIT: Duration = Duration::from_secs(5);

    /// Starts one under a supervisor of its own at the top of the node.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn start(
        node: &Node<R>,
        name: impl Into<Label>,
        store: Store,
        options: CoordinatorOptions,
    ) -> Result<Self, StartError> {
        let coordinator = Self::new(node, name, store, options);
        let (name, spec) = (coordinator.name().clone(), coordinator.spec());
        Supervisor::start(node, name, spec).await?;
        Ok(coordinator)
    }

    /// As [`start`](Self::start), with its supervisor below another one.
    ///
    /// # Errors
    ///
    /// See [`StartChildError`].
    pub async fn start_under(
        node: &Node<R>,
        supervisor: &SupervisorRef<R>,
        name: impl Into<Label>,
        store: Store,
        options: CoordinatorOptions,
    ) -> Result<Self, StartChildError> {
        let coordinator = Self::new(node, name, store, options);
        supervisor.start_child(coordinator.child_spec()).await?;
        Ok(coordinator)
    }

    /// One without its processes: give [`child_spec`](Self::child_spec) to a
    /// supervisor.
    pub fn new(
        node: &Node<R>,
        name: impl Into<Label>,
        store: Store,
        options: CoordinatorOptions,
    ) -> Self {
        let around = Surroundings {
            node: node.clone(),
            store,
            coordinator: name.into(),
            root: options.root.clone(),
            withdrawals: Withdrawals::new(options.requests_max),
            observers: AtomicU64::new(0),
            changes: AtomicU64::new(0),
        };
        Self(Arc::new(Shared {
            around: Arc::new(around),
            options,
            top: Mutex::default(),
        }))
    }

    /// The supervisor of its processes, for a supervisor of the user's.
    #[must_use]
    pub fn child_spec(&self) -> ChildSpec<R> {
        let coordinator = self.clone();
        ChildSpec::supervisor_with(self.name(), move || coordinator.spec().into())
    }

    fn spec(&self) -> SupervisorSpec<R> {
        let sessions = DynamicSupervisorSpec::new().max_children(self.0.options.sessions_max);
        let withdrawals = self.0.around.withdrawals.clone();
        // The sessions stop last, and take along what has not been removed by then.
        SupervisorSpec::new(Strategy::OneForOne)
            .intensity(5, Duration::from_secs(10))
            .listener(Arc::new(Top(self.clone())))
            .child(ChildSpec::dynamic_supervisor(SESSIONS, sessions))
            .child(
                ChildSpec::worker("withdrawals", move |context| {
                    withdrawal_driver::run(context, withdrawals.clone())
                })
                .trap_exit(true),
            )
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Label {
        &self.0.around.coordinator
    }

    /// The store that it coordinates through.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.around.store
    }

    /// The node that it runs on.
    #[must_use]
    pub fn node(&self) -> &Node<R> {
        &self.0.around.node
    }

    /// What recipes without a session need.
    pub(super) fn around(&self) -> &Arc<Surroundings<R>> {
        &self.0.around
    }

    /// Begins a session.
    ///
    /// # Errors
    ///
    /// See [`SessionError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends a session that has begun already.
    pub async fn session(&self, options: SessionOptions) -> Result<Session<R>, SessionError> {
        let SessionOptions { ttl, delay } = options;
        if ttl.is_zero() || delay > ttl {
            return Err(SessionError::Options { ttl, delay });
        }
        let sessions = self.sessions().await?;
        let outcome: Outcome<R> = Outcome::default();
        let (around, left) = (self.0.around.clone(), outcome.clone());
        let body =
            move |context: Context<R>| session::run(context, around.clone(), options, left.clone());
        // A grant, a put and their repetitions.
        let limit = Self::START_LIMIT + self.store().limit() * 4;
        let spec = ChildSpec::worker("session", body)
            .restart(Restart::Temporary)
            .trap_exit(true)
            .shutdown(ShutdownPolicy::Timeout(Self::STOP_LIMIT))
            .acknowledged(limit);
        let started = sessions.with_limit(limit * 2).start_child(spec).await;
        // Nothing that can panic runs under this lock.
        let left = outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match (left, started) {
            (Some(result), _) => result,
            (None, Err(error)) => Err(error.into()),
            (None, Ok(_)) => Err(SessionError::NotRunning),
        }
    }

    async fn sessions(&self) -> Result<DynamicSupervisorRef<R>, SessionError> {
        let top = self.0.top().clone();
        let top = top.ok_or(SessionError::NotRunning)?;
        let sessions = top.child_dynamic_supervisor(SESSIONS).await;
        sessions.map_err(|_| SessionError::NotRunning)
    }
}

impl<R: Runtime> fmt::Debug for Coordinator<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordinator")
            .field("name", self.name())
            .field("store", self.store())
            .finish_non_exhaustive()
    }
}

/// Learns where the supervisor is.
struct Top<R: Runtime>(Coordinator<R>);

impl<R: Runtime> Listener<R> for Top<R> {
    fn begun(&self, _context: &Context<R>, supervisor: &SupervisorRef<R>) {
        *self.0.0.top() = Some(supervisor.clone());
    }

    fn heard(&self, _context: &Context<R>, _event: &SupervisionEvent) {}
}
