//! A lock that one session has at a time.

use std::fmt;
use std::time::Duration;

use super::error::LockError;
use super::guard::LockGuard;
use super::kind::LockKind;
use super::locking::{Wait, acquire};
use super::revocation::ask_holders;
use super::session::Session;
use crate::label::Label;
use crate::runtime::Runtime;

/// The word of mutexes in keys and claims.
pub(super) const RECIPE: &str = "mutex";

/// A lock that one session has at a time: first come, first served, by the order in
/// which the store took the requests. Costs nothing until it is used.
///
/// **Not re-entrant.** A session that holds the lock or waits for it, and asks for it
/// again by whatever object, is refused at once with
/// [`WouldDeadlock`](LockError::WouldDeadlock). Tasks that are to exclude each other
/// need sessions of their own.
///
/// ```
/// # use std::time::Duration;
/// # use steadfast::coordination::{Coordinator, CoordinatorOptions, Mutex, SessionOptions};
/// # use steadfast::process::Node;
/// # use steadfast::runtime::{NodeId, tokio::TokioRuntime};
/// # use steadfast::store::LocalStore;
/// # let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # executor.block_on(async {
/// # let node = Node::new(TokioRuntime::builder(NodeId(1)).build()?);
/// let store = LocalStore::start(&node, "store", Default::default())?;
/// let options = CoordinatorOptions::default();
/// let coordinator = Coordinator::start(&node, "coordination", store, options).await?;
/// let session = coordinator.session(SessionOptions::default()).await?;
///
/// let mutex = Mutex::new(&session, "invoices");
/// let guard = mutex.lock(Duration::from_secs(5)).await?;
/// // Hand `guard.token()` to whatever is guarded, and let it refuse lower ones.
/// guard.release().await?;
/// # session.close().await?;
/// # node.stop(Duration::from_secs(1)).await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Mutex<R: Runtime> {
    session: Session<R>,
    name: Label,
}

impl<R: Runtime> Mutex<R> {
    /// The lock of this name, for a session.
    pub fn new(session: &Session<R>, name: impl Into<Label>) -> Self {
        let (session, name) = (session.clone(), name.into());
        Self { session, name }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &Label {
        &self.name
    }

    /// Waits for the lock, for `within` at most.
    ///
    /// # Errors
    ///
    /// See [`LockError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the request: its place in the line goes at once,
    /// or, if the store does not answer, with the session.
    pub async fn lock(&self, within: Duration) -> Result<LockGuard<R>, LockError> {
        self.acquire(Wait::Within(within)).await
    }

    /// Takes the lock if nobody holds it or waits for it. An attempt that fails leaves
    /// nothing in the store. A lock whose guard was dropped and not released may still
    /// be locked for a moment.
    ///
    /// # Errors
    ///
    /// See [`LockError`]; `Locked` if somebody does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the request.
    pub async fn try_lock(&self) -> Result<LockGuard<R>, LockError> {
        self.acquire(Wait::Not).await
    }

    /// Asks whoever holds it now to let go, which they learn from
    /// [`revocation_requested`](LockGuard::revocation_requested). Answers how many were
    /// asked. The wish lasts as long as the session of whoever asks.
    ///
    /// # Errors
    ///
    /// See [`LockError`]; some holders may have been asked.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave some holders asked.
    pub async fn request_revocation(&self) -> Result<usize, LockError> {
        ask_holders(&self.session, RECIPE, &self.name).await
    }

    async fn acquire(&self, wait: Wait) -> Result<LockGuard<R>, LockError> {
        let names = vec![self.name.clone()];
        acquire(&self.session, RECIPE, names, LockKind::Mutex, wait).await
    }
}

impl<R: Runtime> fmt::Debug for Mutex<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
