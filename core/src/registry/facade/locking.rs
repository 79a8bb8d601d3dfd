//! Locks by name.

use std::time::Duration;

use super::registry::Registry;
use crate::label::Label;
use crate::registry::error::RegistryError;
use crate::registry::key::Key;
use crate::registry::key_lock::KeyGuard;
use crate::registry::query::Query;
use crate::runtime::{Runtime, timeout};

impl<R: Runtime> Registry<R> {
    /// Takes the lock of a name, for the tasks of this node alone: whoever looks
    /// before it registers, and wants nobody between. It has nothing to do with who
    /// holds the name, and stops nobody who does not ask for it.
    ///
    /// First come, first served; different names are locked side by side. The lock is
    /// let go of when the guard is dropped, also by the end of a process that holds
    /// it. Taking it twice in one task waits for itself until the limit.
    ///
    /// # Errors
    ///
    /// `DeadlineExceeded`; `InvalidKey`, `UnknownScope`; `LimitReached` if too many
    /// wait for this name already.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: dropping the future gives the place in the line up.
    pub async fn lock(
        &self,
        scope: impl Into<Label>,
        name: impl Into<Label>,
        limit: Duration,
    ) -> Result<KeyGuard, RegistryError> {
        let key = Key::new(scope, name);
        key.check()?;
        self.count(&key.scope, &Query::all().name(&key.name))?;
        let claim = self.shared.locks().claim(key)?;
        match timeout(self.node.runtime(), limit, claim.granted()).await {
            Ok(()) => Ok(KeyGuard(claim)),
            Err(_) => Err(RegistryError::DeadlineExceeded { limit }),
        }
    }
}
