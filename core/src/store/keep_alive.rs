//! Leases that are renewed until their holder lets go.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use super::error::LeaseError;
use super::handle::Store;
use super::lease::LeaseId;
use super::renewal::{LeaseEnd, LeaseState, Renewal, Step};
use crate::runtime::{Clock, Timestamp};

struct Shared {
    state: LeaseState,
    wakers: Vec<Waker>,
}

#[derive(Clone)]
struct Cell(Arc<Mutex<Shared>>);

impl Cell {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> LeaseState {
        self.lock().state
    }

    /// Moves the end of a lease that lives.
    fn prolong(&self, until: Timestamp) {
        let mut shared = self.lock();
        if let LeaseState::Valid { .. } = shared.state {
            shared.state = LeaseState::Valid { until };
        }
    }

    /// Ends it; the first end counts. Answers that.
    fn end(&self, end: LeaseEnd) -> LeaseEnd {
        let (end, woken) = {
            let mut shared = self.lock();
            match shared.state {
                LeaseState::Ended(first) => (first, Vec::new()),
                LeaseState::Valid { .. } => {
                    shared.state = LeaseState::Ended(end);
                    (end, std::mem::take(&mut shared.wakers))
                }
            }
        };
        woken.into_iter().for_each(Waker::wake);
        end
    }

    fn poll_ended(&self, waker: &Waker) -> Poll<LeaseEnd> {
        let mut shared = self.lock();
        if let LeaseState::Ended(end) = shared.state {
            return Poll::Ready(end);
        }
        if !shared.wakers.iter().any(|known| known.will_wake(waker)) {
            shared.wakers.push(waker.clone());
        }
        Poll::Pending
    }
}

/// What the holder of a renewed lease has of it. Cheap to clone.
///
/// It shows the latest state and queues nothing, so that a holder who looks seldom
/// slows no renewal down.
#[derive(Clone)]
pub struct LeaseHandle {
    store: Store,
    lease: LeaseId,
    cell: Cell,
}

impl LeaseHandle {
    /// The lease.
    #[must_use]
    pub const fn lease(&self) -> LeaseId {
        self.lease
    }

    /// What may be relied on.
    #[must_use]
    pub fn state(&self) -> LeaseState {
        self.cell.state()
    }

    /// Whether the lease certainly lives at an instant of the holder's clock.
    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        match self.state() {
            LeaseState::Valid { until } => now < until,
            LeaseState::Ended(_) => false,
        }
    }

    /// Waits until the lease cannot be relied on any more.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn ended(&self) -> LeaseEnd {
        std::future::poll_fn(|context| self.cell.poll_ended(context.waker())).await
    }

    /// Stops the renewals and ends the lease: its keys go at once, in one revision. A
    /// lease that is gone already is a success.
    ///
    /// # Errors
    ///
    /// See [`LeaseError`]: the lease is not renewed any more in any case, and ends
    /// when its time has passed at the latest.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the renewals stopped.
    pub async fn close(&self) -> Result<(), LeaseError> {
        self.cell.end(LeaseEnd::Closed);
        match self.store.revoke(self.lease).await {
            Ok(_) | Err(LeaseError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Stops the renewals and lets the time of the lease run out.
    pub fn orphan(&self) {
        self.cell.end(LeaseEnd::Orphaned);
    }
}

impl fmt::Debug for LeaseHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseHandle")
            .field("lease", &self.lease)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// Renews one lease while it runs. Run it in a process of its own or beside other
/// work of its holder; dropping it, run or not, orphans the lease.
#[must_use = "a lease is renewed only while `run` runs"]
pub struct KeepAlive<C> {
    store: Store,
    clock: C,
    renewal: Renewal,
    handle: LeaseHandle,
}

impl<C: Clock> KeepAlive<C> {
    /// Asks for a lease to be renewed.
    ///
    /// # Errors
    ///
    /// See [`LeaseError`]; after [`Unknown`](LeaseError::Unknown) a lease may exist
    /// that nobody renews.
    pub async fn grant(store: &Store, clock: C, ttl: Duration) -> Result<Self, LeaseError> {
        let asked = clock.now();
        let granted = store.grant(ttl).await?;
        let renewal = Renewal::new(granted.ttl, asked);
        let until = renewal.until();
        let shared = Shared {
            state: LeaseState::Valid { until },
            wakers: Vec::new(),
        };
        let handle = LeaseHandle {
            store: store.clone(),
            lease: granted.lease,
            cell: Cell(Arc::new(Mutex::new(shared))),
        };
        Ok(Self {
            store: store.clone(),
            clock,
            renewal,
            handle,
        })
    }

    /// What its holder has of the lease.
    #[must_use]
    pub fn handle(&self) -> LeaseHandle {
        self.handle.clone()
    }

    /// Renews the lease until it ends. Answers why; every handle shows the same.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the renewals and orphans the lease.
    pub async fn run(mut self) -> LeaseEnd {
        loop {
            if let LeaseState::Ended(end) = self.handle.state() {
                return end;
            }
            match self.renewal.step(self.clock.now()) {
                Step::Lapsed => return self.handle.cell.end(LeaseEnd::Lapsed),
                Step::WaitUntil(next) => {
                    let slept = self.clock.sleep_until(next);
                    // Whether it slept or the lease ended: the loop looks.
                    self.unless_ended(slept).await.unwrap_or(());
                }
                Step::Renew(limit) => {
                    let asked = self.clock.now();
                    let store = self.store.within(limit);
                    let renewed = store.keep_alive(self.handle.lease);
                    match self.unless_ended(renewed).await {
                        None => {}
                        Some(Ok(ttl)) => {
                            self.renewal.renewed(ttl, asked);
                            self.handle.cell.prolong(self.renewal.until());
                        }
                        Some(Err(LeaseError::NotFound { .. })) => {
                            return self.handle.cell.end(LeaseEnd::Gone);
                        }
                        // Everything else may pass, and if not, the lease lapses.
                        Some(Err(_)) => self.renewal.failed(self.clock.now()),
                    }
                }
            }
        }
    }

    /// What `work` answers, unless the lease ends first.
    async fn unless_ended<F: Future>(&self, work: F) -> Option<F::Output> {
        let mut work = pin!(work);
        std::future::poll_fn(|context| {
            if self.handle.cell.poll_ended(context.waker()).is_ready() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }
}

impl<C> Drop for KeepAlive<C> {
    fn drop(&mut self) {
        self.handle.cell.end(LeaseEnd::Orphaned);
    }
}

impl<C> fmt::Debug for KeepAlive<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeepAlive")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}
