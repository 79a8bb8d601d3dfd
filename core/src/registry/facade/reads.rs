//! What is asked of the backend without changing anything.

use super::meter::OperationStats;
use super::registry::Registry;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::entry::Entry;
use crate::registry::error::RegistryError;
use crate::registry::key::{Key, Keys};
use crate::registry::metadata::Value;
use crate::registry::query::Query;
use crate::registry::report::{BackendHealth, BackendStats};
use crate::registry::watch::Subscription;
use crate::runtime::Runtime;

/// Reads are answered at once, from what this node sees, and concurrently: no mailbox
/// and no lock of the facade is between. An answer may be out of date the moment it is
/// there: a process may have ended since.
///
/// A name that breaks a rule of [`Key`] is a name that nobody holds.
impl<R: Runtime> Registry<R> {
    /// Who holds a unique name, as this node sees it. The fastest read.
    ///
    /// # Errors
    ///
    /// `UnknownScope`, `Unsupported` (a group).
    pub fn whereis(&self, scope: &str, name: &str) -> Result<Option<ProcessId>, RegistryError> {
        self.shared.read(|backend| backend.whereis(scope, name))
    }

    /// The registration of a unique name, as this node sees it.
    ///
    /// # Errors
    ///
    /// `UnknownScope`, `Unsupported` (a group).
    pub fn lookup(&self, scope: &str, name: &str) -> Result<Option<Entry>, RegistryError> {
        self.shared.read(|backend| backend.lookup(scope, name))
    }

    /// All registrations of a name, in the order of process and revision: at most one
    /// for a unique name, one per join for a group.
    ///
    /// # Errors
    ///
    /// `UnknownScope`.
    pub fn members(&self, scope: &str, name: &str) -> Result<Vec<Entry>, RegistryError> {
        self.shared.read(|backend| backend.members(scope, name))
    }

    /// What the query means, in the order of name, process and revision, cut to its
    /// limit. One consistent view.
    ///
    /// # Errors
    ///
    /// `UnknownScope`, `InvalidQuery`.
    pub fn select(&self, scope: &str, query: &Query) -> Result<Vec<Entry>, RegistryError> {
        query.check()?;
        self.shared.read(|backend| backend.select(scope, query))
    }

    /// How many entries [`select`](Self::select) would answer.
    ///
    /// # Errors
    ///
    /// `UnknownScope`, `InvalidQuery`.
    pub fn count(&self, scope: &str, query: &Query) -> Result<usize, RegistryError> {
        query.check()?;
        self.shared.read(|backend| backend.count(scope, query))
    }

    /// Every registration of a scope, in the order of name, process and revision.
    ///
    /// # Errors
    ///
    /// `UnknownScope`.
    pub fn list(&self, scope: &str) -> Result<Vec<Entry>, RegistryError> {
        self.shared
            .read(|backend| backend.select(scope, &Query::all()))
    }

    /// Every name of a scope that is held, each once, in order.
    ///
    /// # Errors
    ///
    /// `UnknownScope`.
    pub fn names(&self, scope: &str) -> Result<Vec<Label>, RegistryError> {
        let entries = self.list(scope)?.into_iter();
        let mut names: Vec<_> = entries.map(|entry| entry.key.name).collect();
        names.dedup();
        Ok(names)
    }

    /// All scopes, in the order of their names.
    #[must_use]
    pub fn scopes(&self) -> Vec<(Label, Keys)> {
        self.shared.read(|backend| backend.scopes())
    }

    /// The keys that a process holds, each once, in order.
    #[must_use]
    pub fn held_by(&self, process: ProcessId) -> Vec<Key> {
        self.shared.read(|backend| backend.held_by(process))
    }

    /// A value of the whole registry; `None` if absent, which null is not.
    #[must_use]
    pub fn meta(&self, field: &str) -> Option<Value> {
        self.shared.read(|backend| backend.meta(field))
    }

    /// Begins to watch the changes of a scope that the query means. The first notice is
    /// what the query finds now.
    ///
    /// # Errors
    ///
    /// As [`Subscription::add`].
    pub fn watch(
        &self,
        scope: impl Into<Label>,
        query: Query,
    ) -> Result<Subscription, RegistryError> {
        let mut subscription = Subscription::new(self.shared.clone());
        subscription.add(scope, query)?;
        Ok(subscription)
    }

    /// How many filters the subscriptions have, all together.
    #[must_use]
    pub fn filter_count(&self) -> usize {
        self.shared.hub().filters()
    }

    /// The kind of the backend that is in charge.
    #[must_use]
    pub fn backend_kind(&self) -> &'static str {
        self.shared.read(|backend| backend.kind())
    }

    /// How the backend is doing, measured now.
    #[must_use]
    pub fn health(&self) -> BackendHealth {
        self.shared.read(|backend| backend.health())
    }

    /// What the backend holds, counted now.
    #[must_use]
    pub fn stats(&self) -> BackendStats {
        self.shared.read(|backend| backend.stats())
    }

    /// What was counted of each operation that changes something, since the registry
    /// began and whatever its backend was.
    #[must_use]
    pub fn operation_stats(&self) -> Vec<OperationStats> {
        self.shared.meters().read()
    }

    /// What the backend stores twice and does not agree. Empty unless there is a bug.
    #[must_use]
    pub fn audit(&self) -> Vec<Label> {
        self.shared.read(|backend| backend.audit())
    }
}
