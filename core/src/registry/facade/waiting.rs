//! Waiting for a name.

use std::time::Duration;

use super::registry::Registry;
use crate::label::Label;
use crate::registry::change::Change;
use crate::registry::entry::Entry;
use crate::registry::error::RegistryError;
use crate::registry::key::Key;
use crate::registry::query::Query;
use crate::registry::watch::{Notice, Subscription};
use crate::runtime::{Runtime, timeout};

impl<R: Runtime> Registry<R> {
    /// Waits until somebody holds the name, or is in the group: at once if that is so
    /// already, otherwise by a subscription, without looking again and again. Answers
    /// the registration; it may have gone again since.
    ///
    /// # Errors
    ///
    /// `DeadlineExceeded`, `UnknownScope`, `InvalidKey`.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: dropping the future withdraws the subscription.
    pub async fn await_registered(
        &self,
        scope: impl Into<Label>,
        name: impl Into<Label>,
        limit: Duration,
    ) -> Result<Entry, RegistryError> {
        let key = Key::new(scope, name);
        key.check()?;
        let mut subscription = self.watch(key.scope, Query::all().name(key.name))?;
        let found = timeout(self.node.runtime(), limit, first(&mut subscription)).await;
        // Without a process to end with, a subscription has no end but this.
        found
            .ok()
            .flatten()
            .ok_or(RegistryError::DeadlineExceeded { limit })
    }
}

/// The first registration that a subscription tells of.
async fn first(subscription: &mut Subscription) -> Option<Entry> {
    while let Some(notice) = subscription.next().await {
        let entry = match notice {
            Notice::Snapshot(snapshot) | Notice::Resync { snapshot, .. } => {
                snapshot.entries.into_iter().next()
            }
            Notice::Changes(changes) => changes.into_iter().find_map(|change| match change {
                Change::Registered(entry) | Change::Updated { entry, .. } => Some(entry),
                Change::Unregistered { .. } => None,
            }),
        };
        if entry.is_some() {
            return entry;
        }
    }
    None
}
