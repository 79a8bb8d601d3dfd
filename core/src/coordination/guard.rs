//! What the holder of a lock has.

use std::fmt;

use super::error::ReleaseError;
use super::held::Held;
use super::loss::LossCause;
use super::session::Session;
use super::token::FencingToken;
use crate::runtime::Runtime;

/// A lock that is held, of any kind. Dropping it lets go in the background: whoever is
/// next may have to wait a moment longer than after [`release`](Self::release).
///
/// A lock can be lost while its guard exists, with its session. The holder learns it
/// from [`lost`](Self::lost), or by asking [`is_held`](Self::is_held), at least a
/// session's [delay](super::SessionOptions::delay) before another one can hold it, as
/// long as the clocks of holder and store run at nearly the same pace. A holder that
/// does not look, or is paused, learns nothing: give the [`token`](Self::token) to
/// whatever the lock guards.
#[must_use = "a lock is held as long as its guard exists"]
pub struct LockGuard<R: Runtime>(Held<R>);

impl<R: Runtime> LockGuard<R> {
    pub(super) const fn new(held: Held<R>) -> Self {
        Self(held)
    }

    pub(super) const fn held(&self) -> &Held<R> {
        &self.0
    }

    /// Says which of two grants is the later one.
    #[must_use]
    pub fn token(&self) -> FencingToken {
        self.0.token()
    }

    /// The session that holds it.
    #[must_use]
    pub const fn session(&self) -> &Session<R> {
        self.0.session()
    }

    /// Whether it is held now, by everything that is known here, this node's clock
    /// included.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.0.is_held()
    }

    /// Waits until the lock is lost: its session has ended, or somebody removed its
    /// place from the store. Never completes once it is released.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn lost(&self) -> LossCause {
        Box::pin(self.0.lost()).await
    }

    /// Waits until somebody asks for the lock back. The holder may let go, or not.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn revocation_requested(&self) {
        Box::pin(self.0.wanted()).await;
    }

    /// Lets go, and waits until the store has confirmed it, for the
    /// [limit](crate::store::Store::limit) of one operation at most. The store removes
    /// the place only if it is still the one of this grant, so that a release that
    /// comes late never takes the lock from a successor.
    ///
    /// # Errors
    ///
    /// See [`ReleaseError`]. The lock is not held any more in any case.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future lets go in the background.
    pub async fn release(&self) -> Result<(), ReleaseError> {
        Box::pin(self.0.release()).await
    }
}

impl<R: Runtime> fmt::Debug for LockGuard<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard")
            .field("token", &self.token())
            .field("held", &self.is_held())
            .finish_non_exhaustive()
    }
}
