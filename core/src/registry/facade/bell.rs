//! Waiting for a condition that others make true.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Default)]
struct Waiters {
    tickets: u64,
    wakers: BTreeMap<u64, Waker>,
}

/// Wakes all who wait, in the order in which they began to.
#[derive(Default)]
pub(super) struct Bell(Mutex<Waiters>);

impl Bell {
    /// Waits until the condition holds. Whoever makes it true must
    /// [`ring`](Self::ring) afterwards.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the wait.
    pub(super) const fn until<C: Fn() -> bool>(&self, condition: C) -> Until<'_, C> {
        Until {
            bell: self,
            condition,
            ticket: None,
        }
    }

    /// Lets all who wait look again.
    pub(super) fn ring(&self) {
        let wakers = std::mem::take(&mut self.lock().wakers);
        wakers.into_values().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Waiters> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Bell::until`].
pub(super) struct Until<'a, C> {
    bell: &'a Bell,
    condition: C,
    ticket: Option<u64>,
}

impl<C: Fn() -> bool + Unpin> Future for Until<'_, C> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if (self.condition)() {
            return Poll::Ready(());
        }
        {
            let mut waiters = self.bell.lock();
            let ticket = *self.ticket.get_or_insert_with(|| {
                waiters.tickets += 1;
                waiters.tickets
            });
            waiters.wakers.insert(ticket, context.waker().clone());
        }
        // It may have come true, and the bell been rung, before the waker was there.
        if (self.condition)() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl<C> Drop for Until<'_, C> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let waker = self.bell.lock().wakers.remove(&ticket);
            drop(waker);
        }
    }
}
