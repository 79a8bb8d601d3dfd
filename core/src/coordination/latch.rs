//! A value that is set once, for any number of tasks to wait for.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

struct State<T> {
    value: Option<T>,
    waiters: BTreeMap<u64, Waker>,
    waited: u64,
}

/// A value that is set once. Whoever stops waiting leaves nothing behind, however long
/// the value stays unset.
pub(super) struct Latch<T>(Mutex<State<T>>);

impl<T> Default for Latch<T> {
    fn default() -> Self {
        Self(Mutex::new(State {
            value: None,
            waiters: BTreeMap::new(),
            waited: 0,
        }))
    }
}

impl<T: Clone> Latch<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the value; whether it was the first.
    pub(super) fn set(&self, value: T) -> bool {
        let woken = {
            let mut state = self.lock();
            if state.value.is_some() {
                return false;
            }
            state.value = Some(value);
            std::mem::take(&mut state.waiters)
        };
        woken.into_values().for_each(Waker::wake);
        true
    }

    /// The value, if it is set.
    pub(super) fn get(&self) -> Option<T> {
        self.lock().value.clone()
    }

    /// Waits until the value is set. Those who wait are woken in the order in which they
    /// began to.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub(super) const fn wait(&self) -> Waiting<'_, T> {
        let ticket = None;
        Waiting {
            latch: self,
            ticket,
        }
    }
}

/// Waits for a [`Latch`].
pub(super) struct Waiting<'a, T: Clone> {
    latch: &'a Latch<T>,
    ticket: Option<u64>,
}

impl<T: Clone> Future for Waiting<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = self.latch.lock();
        if let Some(value) = &state.value {
            return Poll::Ready(value.clone());
        }
        let ticket = self.ticket.unwrap_or_else(|| {
            state.waited += 1;
            state.waited
        });
        state.waiters.insert(ticket, context.waker().clone());
        drop(state);
        self.ticket = Some(ticket);
        Poll::Pending
    }
}

impl<T: Clone> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let waker = self.latch.lock().waiters.remove(&ticket);
            drop(waker);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    #[test]
    fn the_first_value_stays() {
        let latch = Latch::default();
        assert_eq!(latch.get(), None);
        assert!(latch.set(1));
        assert!(!latch.set(2));
        assert_eq!(latch.get(), Some(1));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(pin!(latch.wait()).poll(&mut context), Poll::Ready(1));
    }

    #[test]
    fn whoever_stops_waiting_leaves_nothing_behind() {
        let latch = Latch::<u8>::default();
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..10 {
            let mut waiting = Box::pin(latch.wait());
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            assert_eq!(latch.lock().waiters.len(), 1);
        }
        assert_eq!(latch.lock().waiters.len(), 0);
    }
}
