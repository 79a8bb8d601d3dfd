//! Permits of which so many exist.

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

/// The word of semaphores in keys.
const RECIPE: &str = "semaphore";

/// Permits of which so many exist, for all sessions together: first come, first served,
/// so that who waits for many is not passed for ever by those who want few.
///
/// How many there are is said by whoever asks, and all who hold or wait must say the
/// same: others are refused with [`Capacity`](LockError::Capacity). A session may hold
/// several shares; one that waits for more while it holds some can wait for itself, until
/// its time limit.
pub struct Semaphore<R: Runtime> {
    session: Session<R>,
    name: Label,
    capacity: u64,
}

impl<R: Runtime> Semaphore<R> {
    /// The semaphore of this name with so many permits, for a session.
    pub fn new(session: &Session<R>, name: impl Into<Label>, capacity: u64) -> Self {
        Self {
            session: session.clone(),
            name: name.into(),
            capacity,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &Label {
        &self.name
    }

    /// How many permits there are.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Waits for permits, for `within` at most. All of them come at once, or none.
    ///
    /// # Errors
    ///
    /// See [`LockError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the request.
    pub async fn acquire(&self, permits: u64, within: Duration) -> Result<LockGuard<R>, LockError> {
        self.ask(permits, Wait::Within(within)).await
    }

    /// Takes permits if so many are free and nobody waits. An attempt that fails leaves
    /// nothing in the store.
    ///
    /// # Errors
    ///
    /// See [`LockError`]; `Locked` if they are not.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the request.
    pub async fn try_acquire(&self, permits: u64) -> Result<LockGuard<R>, LockError> {
        self.ask(permits, Wait::Not).await
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

    async fn ask(&self, permits: u64, wait: Wait) -> Result<LockGuard<R>, LockError> {
        let (lock, capacity) = (self.name.clone(), self.capacity);
        if permits == 0 || permits > capacity {
            return Err(LockError::Permits {
                lock,
                permits,
                capacity,
            });
        }
        let kind = LockKind::Semaphore { permits, capacity };
        acquire(&self.session, RECIPE, vec![lock], kind, wait).await
    }
}

impl<R: Runtime> fmt::Debug for Semaphore<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("name", &self.name)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
