//! Changing the backend under a registry that is in use.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::registry::Registry;
use super::shared::ClosedGate;
use super::tree::Tree;
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::{Node, ends_a_process};
use crate::registry::backend::Backend;
use crate::registry::backend_spec::{BackendSpec, Fitted};
use crate::registry::change::{Cause, Change};
use crate::registry::entry::Entry;
use crate::registry::error::RegistryError;
use crate::registry::key::Key;
use crate::registry::query::Query;
use crate::runtime::{Runtime, panic_text, timeout};

/// How a switch goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SwitchOptions {
    limit: Duration,
    gives_up_remote: bool,
}

impl SwitchOptions {
    /// A switch that waits for at most so long: for other switches, then for the
    /// changes whose answer is still to come, then for the new driver.
    #[must_use]
    pub const fn within(limit: Duration) -> Self {
        Self {
            limit,
            gives_up_remote: false,
        }
    }

    /// Lets go of what processes of other nodes have registered, if the new backend
    /// knows only this node. Whoever watches is told that they are gone.
    #[must_use]
    pub const fn giving_up_remote_entries(mut self) -> Self {
        self.gives_up_remote = true;
        self
    }
}

/// What a switch came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Switched {
    /// The kind of the backend before.
    pub from: Label,
    /// The kind of the backend now.
    pub to: Label,
    /// How many registrations of this node's processes moved.
    pub entries: usize,
    /// How many registrations of other nodes' processes are no longer seen.
    pub given_up: usize,
}

/// A registry has not switched, or not entirely. Unless a variant says otherwise, the
/// backend before goes on with everything that it holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SwitchError {
    /// Other switches took all the time. A retry may help.
    #[error("other switches took the whole {limit:?}")]
    Busy {
        /// The limit.
        limit: Duration,
    },
    /// Changes whose answer is still to come took all the time. A retry may help.
    #[error("{changes} changes were still under way after {limit:?}")]
    Underway {
        /// How many.
        changes: usize,
        /// The limit.
        limit: Duration,
    },
    /// The new backend would not see these, and the caller has not accepted that; see
    /// [`SwitchOptions::giving_up_remote_entries`].
    #[error("{entries} registrations of other nodes would no longer be seen")]
    RemoteEntries {
        /// How many.
        entries: usize,
    },
    /// The backend before could not say what it holds. A retry may help.
    #[error("the backend could not hand over")]
    Export(#[source] RegistryError),
    /// The new backend could not take everything over. A retry helps as the cause says.
    #[error("the new backend could not take over")]
    Import(#[source] RegistryError),
    /// The new backend took over, but does not hold what it was given: a bug of it.
    #[error("the new backend holds {found} of {expected} registrations")]
    Incomplete {
        /// How many it was given.
        expected: usize,
        /// How many it holds.
        found: usize,
    },
    /// One of the backends panicked, with this text: a bug of it.
    #[error("a backend panicked: {text}")]
    Panicked {
        /// The text.
        text: Label,
    },
    /// The new backend needs a driver, and the registry has no supervisor to run it;
    /// see [`Registry::start`] and [`Registry::child_spec`].
    #[error("nobody runs the driver that the new backend needs")]
    NoSupervisor,
    /// The new backend **has taken over** and holds everything, but its driver does not
    /// run. Its supervisor starts it once it is itself restarted.
    #[error("the new backend has taken over, but its driver did not start: {why}")]
    Driver {
        /// Why.
        why: Label,
    },
}

ends_a_process!(SwitchError);

impl<R: Runtime> Registry<R> {
    /// Changes the backend, with everything that is registered. Reads go on all the
    /// time. Changes wait for the instant in which the data move; a registration is
    /// lost at no time, an exit is missed at no time, and whoever watches neither
    /// misses a change nor hears one twice.
    ///
    /// 1. Other switches are waited for: they happen one after the other.
    /// 2. New changes are held at the gate, and those whose answer is still to come
    ///    are waited for. If they take too long, the switch is refused and the gate
    ///    opened.
    /// 3. In one step: the new backend takes over what the old one hands over. If it
    ///    cannot, the switch is refused and the old one goes on.
    /// 4. The gate is opened; then the old driver is stopped and the new one started.
    ///
    /// # Errors
    ///
    /// See [`SwitchError`]. Except for `Busy`, it is also announced.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the third step leaves everything as it was. After
    /// it, the switch has happened, and the driver is changed all the same.
    pub async fn switch_to(
        &self,
        backend: BackendSpec<R>,
        options: SwitchOptions,
    ) -> Result<Switched, SwitchError> {
        let (clock, limit) = (self.node.runtime(), options.limit);
        let begun = clock.now();
        let busy = SwitchError::Busy { limit };
        // A line that is too long is as good as one that takes too long.
        let line = self.shared.switches().claim(Key::new("switch", "switch"));
        let turn = line.map_err(|_| busy.clone())?;
        timeout(clock, limit, turn.granted())
            .await
            .map_err(|_| busy)?;

        let fitted = backend.make(&self.node, self.shared.host().clone());
        let to = fitted.backend.kind();
        let rest = || limit.saturating_sub(clock.now().since(begun));
        let done = match self.drained(rest(), limit).await {
            Ok(gate) => self.take_over(fitted, gate, options),
            Err(error) => Err(error),
        };
        let (switched, stale) = done.inspect_err(|why| self.refused(to, why))?;
        if let Some(mut stale) = stale {
            let restarted = self.tree.restart_driver(rest()).await;
            restarted.map_err(|error| SwitchError::Driver {
                why: error.to_string().into(),
            })?;
            stale.0 = None;
        }
        Ok(switched)
    }

    /// Closes the gate and waits until nobody is inside.
    async fn drained(
        &self,
        rest: Duration,
        limit: Duration,
    ) -> Result<ClosedGate<'_>, SwitchError> {
        let gate = self.shared.close();
        let drained = timeout(self.node.runtime(), rest, self.shared.drained()).await;
        drained.map_err(|_| SwitchError::Underway {
            changes: self.shared.underway(),
            limit,
        })?;
        Ok(gate)
    }

    /// The third step. Also answers the driver that has to be changed.
    fn take_over(
        &self,
        fitted: Fitted<R>,
        gate: ClosedGate<'_>,
        options: SwitchOptions,
    ) -> Result<(Switched, Option<StaleDriver<'_, R>>), SwitchError> {
        let Fitted { backend, driver } = fitted;
        if driver.is_some() && !self.tree.is_running(&self.node) {
            return Err(SwitchError::NoSupervisor);
        }
        let to = Label::from(backend.kind());
        let switched = self.shared.exchange(|old| {
            let moved = catch_unwind(AssertUnwindSafe(|| self.hand_over(old, &*backend, options)));
            let (entries, lost) = moved.unwrap_or_else(|panic| {
                let text = panic_text(&*panic).into();
                Err(SwitchError::Panicked { text })
            })?;
            old.retire();
            let switched = Switched {
                from: old.kind().into(),
                to: to.clone(),
                entries,
                given_up: lost.len(),
            };
            self.announce_switch(&switched, lost);
            Ok((backend.clone(), switched))
        })?;
        let stale = self
            .tree
            .set_driver(driver)
            .then(|| StaleDriver(Some((&*self.tree, &self.node))));
        drop(gate);
        Ok((switched, stale))
    }

    /// Moves everything. Answers how much, and what is no longer seen.
    fn hand_over(
        &self,
        old: &dyn Backend,
        new: &dyn Backend,
        options: SwitchOptions,
    ) -> Result<(usize, Vec<Entry>), SwitchError> {
        let mut transfer = old.export().map_err(SwitchError::Export)?;
        let remote = transfer.remote_entries;
        if !new.sees_other_nodes() {
            if remote > 0 && !options.gives_up_remote {
                return Err(SwitchError::RemoteEntries { entries: remote });
            }
            transfer.remote_entries = 0;
        }
        let seen = if remote > 0 {
            everything(old)
        } else {
            Vec::new()
        };
        let expected = transfer.entries.len();
        let scopes: Vec<_> = transfer
            .scopes
            .iter()
            .map(|(scope, _)| scope.clone())
            .collect();
        new.import(transfer).map_err(SwitchError::Import)?;
        let found = scopes
            .iter()
            .map(|scope| new.count(scope, &Query::all()).unwrap_or(0))
            .sum();
        if found < expected {
            return Err(SwitchError::Incomplete { expected, found });
        }
        let remote = seen.into_iter();
        let remote = remote.filter(|entry| !self.shared.is_local(entry.process));
        let kept = everything(new).into_iter();
        let kept: BTreeSet<_> = kept.map(|entry| (entry.key, entry.process)).collect();
        let lost = remote.filter(|it| !kept.contains(&(it.key.clone(), it.process)));
        Ok((expected, lost.collect()))
    }

    fn announce_switch(&self, switched: &Switched, lost: Vec<Entry>) {
        self.shared.announce(RegistryEvent::BackendSwitched {
            registry: self.name().clone(),
            from: switched.from.clone(),
            to: switched.to.clone(),
            entries: switched.entries as u64,
        });
        let cause = Cause::NodeGone;
        let lost = lost.into_iter().map(|entry| Change::Unregistered {
            entry,
            cause: cause.clone(),
        });
        let lost: Vec<_> = lost.collect();
        if !lost.is_empty() {
            self.shared.host().changed(&lost);
        }
    }

    fn refused(&self, to: &str, why: &SwitchError) {
        self.shared.announce(RegistryEvent::SwitchRefused {
            registry: self.name().clone(),
            from: self.backend_kind().into(),
            to: to.into(),
            why: crate::process::ErrorCause::new(why).to_string().into(),
        });
    }
}

/// Everything that a backend sees.
fn everything(backend: &dyn Backend) -> Vec<Entry> {
    let scopes = backend.scopes().into_iter();
    let entries = scopes.filter_map(|(scope, _)| backend.select(&scope, &Query::all()).ok());
    entries.flatten().collect()
}

/// A driver of a backend that is no longer in charge. If its switch is cancelled, it
/// is changed all the same.
struct StaleDriver<'a, R: Runtime>(Option<(&'a Tree<R>, &'a Node<R>)>);

impl<R: Runtime> Drop for StaleDriver<'_, R> {
    fn drop(&mut self) {
        if let Some((tree, node)) = self.0 {
            tree.kick_driver(node);
        }
    }
}
