//! The subscriber's side.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::filter::Filter;
use super::notice::Notice;
use super::queue::{FILTERS_MAX, Queue, Slot, SlotFor, Taken};
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::error::RegistryError;
use crate::registry::facade::Shared;
use crate::registry::query::Query;

/// Tells what changes in a registry, as far as its filters mean it.
///
/// The first notice of each filter is a [`Snapshot`](super::Snapshot) of what it
/// finds, and then every change follows once: there is no gap and no double. What is
/// not taken is queued, up to the watch capacity of the registry in changes; one more
/// throws away what is queued, and [`Notice::Resync`] follows, so that a slow
/// subscriber never stops anybody who changes something.
///
/// It goes on when its scope is closed (after the removal of every entry), when the
/// scope is opened again, and when the registry switches to another backend. Dropping
/// it withdraws it.
pub struct Subscription {
    registry: Arc<Shared>,
    queue: Arc<Queue>,
    tied_to: Option<ProcessId>,
}

impl Subscription {
    /// How many filters one subscription may have.
    pub const FILTERS_MAX: usize = FILTERS_MAX;

    pub(in crate::registry) fn new(registry: Arc<Shared>) -> Self {
        let queue = registry.hub().subscribe(registry.watch_capacity());
        Self {
            registry,
            queue,
            tied_to: None,
        }
    }

    /// Adds a filter; its snapshot is queued behind what is queued already. Adding an
    /// equal one again changes nothing. A change that concerns several filters is
    /// told once.
    ///
    /// # Errors
    ///
    /// `UnknownScope`; `InvalidKey` and `InvalidQuery` (also for a query with a
    /// limit); `LimitReached` for more than [`FILTERS_MAX`](Self::FILTERS_MAX).
    pub fn add(&mut self, scope: impl Into<Label>, query: Query) -> Result<(), RegistryError> {
        let filter = Filter::new(scope.into(), query)?;
        match self.queue.slot_for(&filter) {
            SlotFor::Known => Ok(()),
            SlotFor::None => Err(RegistryError::LimitReached {
                what: "a subscription's number of filters".into(),
                limit: FILTERS_MAX,
            }),
            SlotFor::Free(slot) => {
                let (hub, queue) = (self.registry.hub(), &self.queue);
                self.registry
                    .frozen(&filter.scope, &filter.query, &mut |entries| {
                        hub.connect(&filter, queue);
                        queue.found(slot, &filter, entries);
                    })
            }
        }
    }

    /// Takes a filter away, and whatever is queued for it alone. Answers whether
    /// there was one.
    pub fn remove(&mut self, scope: impl Into<Label>, query: &Query) -> bool {
        let filter = Filter {
            scope: scope.into(),
            query: query.clone(),
        };
        // Out of the routes first, so that nothing is queued for it afterwards.
        if self.queue.filters().contains(&filter) {
            self.registry.hub().disconnect(&filter, &self.queue);
        }
        self.queue.remove(&filter)
    }

    /// Lets the subscription end with a process: [`next`](Self::next) then answers
    /// what is queued, and `None`.
    ///
    /// # Errors
    ///
    /// `NoProcess` if the process has ended, or is about to; the subscription is then
    /// withdrawn.
    pub fn tied_to(mut self, process: ProcessId) -> Result<Self, RegistryError> {
        if let Some(before) = self.tied_to.replace(process) {
            self.registry.hub().untie(before, &self.queue);
        }
        self.registry.hub().tie(process, &self.queue);
        // Asked after it is tied: a process that ends from here on takes it along.
        if self.registry.admits(process) {
            Ok(self)
        } else {
            Err(RegistryError::NoProcess { process })
        }
    }

    /// Waits for the next notice; `None` once the process that it is tied to has
    /// ended. Put a limit on the wait with [`timeout`](crate::runtime::timeout) where
    /// one is needed.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call takes no notice.
    pub async fn next(&mut self) -> Option<Notice> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// The next notice if there is one.
    pub fn try_next(&mut self) -> Option<Notice> {
        match self.poll_next(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(notice) => notice,
            Poll::Pending => None,
        }
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Notice>> {
        loop {
            match self.queue.take(context.waker()) {
                Taken::Notice(notice) => return Poll::Ready(Some(notice)),
                Taken::Stale(slot, filter) => self.resync(slot, &filter),
                Taken::Nothing => return Poll::Pending,
                Taken::End => return Poll::Ready(None),
            }
        }
    }

    /// Asks anew for what a filter finds.
    fn resync(&self, slot: Slot, filter: &Filter) {
        let mut missed = 0;
        let mut found = |entries| {
            let made_up_for = self.queue.found(slot, filter, entries);
            missed += made_up_for.unwrap_or(0);
        };
        let (scope, query) = (&filter.scope, &filter.query);
        if self.registry.frozen(scope, query, &mut found).is_err() {
            // The scope is gone, and may be back at any time. From here on its changes
            // are heard; those since the first look show in a second one.
            found(Vec::new());
            // Still gone is as well: that was told.
            self.registry.frozen(scope, query, &mut found).unwrap_or(());
        }
        if missed > 0 {
            self.registry.announce(RegistryEvent::WatcherResynced {
                registry: self.registry.name().clone(),
                missed,
            });
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let hub = self.registry.hub();
        for filter in self.queue.filters() {
            hub.disconnect(&filter, &self.queue);
        }
        if let Some(process) = self.tied_to {
            hub.untie(process, &self.queue);
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("registry", self.registry.name())
            .field("filters", &self.queue.filters())
            .finish_non_exhaustive()
    }
}
