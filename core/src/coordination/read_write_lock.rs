//! A lock that readers share and a writer has alone.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use super::error::{LockError, ReleaseError};
use super::guard::LockGuard;
use super::kind::LockKind;
use super::locking::{Wait, acquire};
use super::revocation::ask_holders;
use super::session::Session;
use crate::label::Label;
use crate::runtime::Runtime;

/// The word of read-write locks in keys and claims.
const RECIPE: &str = "rwlock";

/// A lock that sessions that read share, and a session that writes has alone: first
/// come, first served, so that readers that come after a waiting writer wait for it,
/// and nobody waits for ever.
///
/// **Not re-entrant**, as [`Mutex`](super::Mutex). **No upgrade**: a session that reads
/// and asks to write is refused with [`NoUpgrade`](LockError::NoUpgrade), since two that
/// did so would wait for each other. A writer may [downgrade](WriteGuard::downgrade).
pub struct ReadWriteLock<R: Runtime> {
    session: Session<R>,
    name: Label,
}

impl<R: Runtime> ReadWriteLock<R> {
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

    /// Waits to read, for `within` at most.
    ///
    /// # Errors
    ///
    /// See [`LockError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the request.
    pub async fn read(&self, within: Duration) -> Result<LockGuard<R>, LockError> {
        self.acquire(LockKind::Read, Wait::Within(within)).await
    }

    /// Reads if nobody writes or waits to write. An attempt that fails leaves nothing in
    /// the store.
    ///
    /// # Errors
    ///
    /// See [`LockError`]; `Locked` if somebody does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the request.
    pub async fn try_read(&self) -> Result<LockGuard<R>, LockError> {
        self.acquire(LockKind::Read, Wait::Not).await
    }

    /// Waits to write, for `within` at most.
    ///
    /// # Errors
    ///
    /// See [`LockError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the request.
    pub async fn write(&self, within: Duration) -> Result<WriteGuard<R>, LockError> {
        let wait = Wait::Within(within);
        self.acquire(LockKind::Write, wait).await.map(WriteGuard)
    }

    /// Writes if nobody reads, writes or waits. An attempt that fails leaves nothing in
    /// the store.
    ///
    /// # Errors
    ///
    /// See [`LockError`]; `Locked` if somebody does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the request.
    pub async fn try_write(&self) -> Result<WriteGuard<R>, LockError> {
        self.acquire(LockKind::Write, Wait::Not)
            .await
            .map(WriteGuard)
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

    async fn acquire(&self, kind: LockKind, wait: Wait) -> Result<LockGuard<R>, LockError> {
        let names = vec![self.name.clone()];
        acquire(&self.session, RECIPE, names, kind, wait).await
    }
}

impl<R: Runtime> fmt::Debug for ReadWriteLock<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadWriteLock")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A read-write lock that is held to write; otherwise a [`LockGuard`].
#[must_use = "a lock is held as long as its guard exists"]
pub struct WriteGuard<R: Runtime>(LockGuard<R>);

impl<R: Runtime> WriteGuard<R> {
    /// Goes on as a reader, without a moment in which another one could write. The token
    /// stays the same.
    ///
    /// # Errors
    ///
    /// See [`ReleaseError`]. The lock is not held any more then: what was not lost is
    /// let go of in the background.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future lets go of the lock.
    pub async fn downgrade(self) -> Result<LockGuard<R>, ReleaseError> {
        self.0.held().becomes(LockKind::Read);
        Box::pin(self.0.held().share(LockKind::Read.share())).await?;
        Ok(self.0)
    }
}

impl<R: Runtime> Deref for WriteGuard<R> {
    type Target = LockGuard<R>;
    fn deref(&self) -> &LockGuard<R> {
        &self.0
    }
}

impl<R: Runtime> fmt::Debug for WriteGuard<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WriteGuard").field(&self.0).finish()
    }
}
