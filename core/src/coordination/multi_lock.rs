//! Several mutexes at once, all or none.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::error::LockError;
use super::guard::LockGuard;
use super::kind::LockKind;
use super::locking::{Wait, acquire};
use super::mutex::RECIPE;
use super::session::Session;
use crate::label::Label;
use crate::runtime::Runtime;

/// Several [mutexes](super::Mutex) at once, all or none.
///
/// The request gets a place in every line in one step of the store, so that two requests
/// stand in the same order in every line that they share: whatever the names and in
/// whatever order they are given, requests never wait for each other. A request that
/// fails holds nothing, and its places go together. The grant has one token, which is
/// good for each of the locks.
pub struct MultiLock<R: Runtime> {
    session: Session<R>,
    names: BTreeSet<Label>,
}

impl<R: Runtime> MultiLock<R> {
    /// How many locks one request can have.
    pub const LOCKS_MAX: usize = 32;

    /// The locks of these names, for a session. A name that is given twice counts once.
    pub fn new<I>(session: &Session<R>, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Label>,
    {
        Self {
            session: session.clone(),
            names: names.into_iter().map(Into::into).collect(),
        }
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &Label> {
        self.names.iter()
    }

    /// Waits for all of the locks, for `within` at most.
    ///
    /// # Errors
    ///
    /// See [`LockError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the request.
    pub async fn lock(&self, within: Duration) -> Result<LockGuard<R>, LockError> {
        self.acquire(Wait::Within(within)).await
    }

    /// Takes the locks if nobody holds or awaits any of them. An attempt that fails
    /// leaves nothing in the store.
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

    async fn acquire(&self, wait: Wait) -> Result<LockGuard<R>, LockError> {
        let (count, count_max) = (self.names.len(), Self::LOCKS_MAX);
        if count == 0 || count > count_max {
            return Err(LockError::Count { count, count_max });
        }
        let names = self.names.iter().cloned().collect();
        acquire(&self.session, RECIPE, names, LockKind::Mutex, wait).await
    }
}

impl<R: Runtime> fmt::Debug for MultiLock<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultiLock")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}
