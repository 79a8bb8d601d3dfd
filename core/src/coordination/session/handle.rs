//! What participants have of a session.

use std::fmt;
use std::sync::Arc;

use super::shared::{Shared, Wish};
use crate::coordination::error::CloseError;
use crate::coordination::loss::SessionEnd;
use crate::runtime::{Runtime, Timestamp};
use crate::store::{LeaseId, Store};

/// Closes the session when nobody uses it any more.
struct Users<R: Runtime>(Arc<Shared<R>>);

impl<R: Runtime> Drop for Users<R> {
    fn drop(&mut self) {
        self.0.wish.set(Wish::Close);
    }
}

/// Under what a participant holds whatever it holds: a lease of the store, renewed by a
/// process of the coordinator. Cheap to clone.
///
/// Sessions are who is who: locks exclude sessions from each other, not tasks that
/// share one. When a session ends, however that comes about, everything held under it
/// is lost, its holders learn that first, and only then others are let in. The session
/// is closed when the last handle is dropped, guards included.
pub struct Session<R: Runtime>(Arc<Users<R>>);

impl<R: Runtime> Clone for Session<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Runtime> Session<R> {
    pub(super) fn new(shared: Arc<Shared<R>>) -> Self {
        Self(Arc::new(Users(shared)))
    }

    pub(in crate::coordination) fn shared(&self) -> &Arc<Shared<R>> {
        &self.0.0
    }

    /// Its lease, which no other session of the store has.
    #[must_use]
    pub fn id(&self) -> LeaseId {
        self.shared().id()
    }

    /// The store that it is a session of.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.shared().store()
    }

    /// Until when it can be relied on as it is, by the clock of this node; `None` if it
    /// has ended. Renewals move it.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.shared().check().ok()?;
        self.shared().until()
    }

    /// Whether it can be relied on now.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.shared().check().is_ok()
    }

    /// Why it ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<SessionEnd> {
        self.shared().check().err()
    }

    /// Waits for its end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn ended(&self) -> SessionEnd {
        self.shared().ended().wait().await
    }

    /// Ends it at once, with everything that is held under it, and waits until the
    /// store has confirmed that. Closing it again waits for the same. The wait ends by
    /// the time at which the store ends the session on its own.
    ///
    /// # Errors
    ///
    /// See [`CloseError`]; the session has ended in any case.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the session being closed.
    pub async fn close(&self) -> Result<(), CloseError> {
        self.shared().wish.set(Wish::Close);
        let removed = self.shared().removed.wait().await;
        removed.map_err(CloseError::Unconfirmed)
    }

    /// Ends it without telling the store: what is held under it is lost, and goes from
    /// the store when its time has run out.
    pub fn orphan(&self) {
        self.shared().wish.set(Wish::Orphan);
    }
}

impl<R: Runtime> fmt::Debug for Session<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id())
            .field("ended", &self.shared().ended().get())
            .finish_non_exhaustive()
    }
}
