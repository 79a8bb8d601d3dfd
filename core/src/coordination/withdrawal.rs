//! Places that are given up in the background, in a queue that never refuses one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::session::Shared;
use super::subject::Subject;
use super::token::FencingToken;
use crate::runtime::Runtime;
use crate::store::Key;

/// Places to be removed from the store.
pub(super) struct Withdrawal<R: Runtime> {
    /// Under whose session they are.
    pub(super) session: Arc<Shared<R>>,
    /// The places, all of one request.
    pub(super) keys: Vec<Key>,
    /// When they were entered; `None` if it is not known whether they were, or will be.
    pub(super) token: Option<FencingToken>,
    /// What they are places of.
    pub(super) subject: Arc<Subject>,
}

struct State<R: Runtime> {
    /// Slots that are taken: by places that may have to be withdrawn, and by
    /// withdrawals.
    taken: usize,
    queue: VecDeque<Withdrawal<R>>,
    driver: Option<Waker>,
}

/// The withdrawals of one coordinator.
///
/// Whoever enters a place takes a [`Slot`] first, so that there is room for its
/// withdrawal whatever happens: entering can be refused, giving up cannot.
pub(super) struct Withdrawals<R: Runtime> {
    limit: usize,
    state: Mutex<State<R>>,
}

impl<R: Runtime> Withdrawals<R> {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            state: Mutex::new(State {
                taken: 0,
                queue: VecDeque::new(),
                driver: None,
            }),
        })
    }

    /// Takes room for one withdrawal; the limit if there is none.
    pub(super) fn reserve(self: &Arc<Self>) -> Result<Slot<R>, usize> {
        let mut state = self.lock();
        if state.taken >= self.limit {
            return Err(self.limit);
        }
        state.taken += 1;
        drop(state);
        Ok(Slot(Some(self.clone())))
    }

    /// Waits for the next withdrawal, which stays in the queue until it is
    /// [done](Self::done): whoever is killed on the way leaves it to the next one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub(super) async fn next(&self) -> Withdrawal<R> {
        std::future::poll_fn(|context| {
            let mut state = self.lock();
            if let Some(first) = state.queue.front() {
                return Poll::Ready(first.clone());
            }
            state.driver = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// The first withdrawal is done.
    pub(super) fn done(&self) {
        let done = {
            let mut state = self.lock();
            let done = state.queue.pop_front();
            state.taken -= usize::from(done.is_some());
            done
        };
        drop(done);
    }

    fn push(&self, withdrawal: Withdrawal<R>) {
        let driver = {
            let mut state = self.lock();
            state.queue.push_back(withdrawal);
            state.driver.take()
        };
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    fn give_back(&self) {
        self.lock().taken -= 1;
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        // Nothing that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Runtime> Clone for Withdrawal<R> {
    fn clone(&self) -> Self {
        Self {
            session: self.session.clone(),
            keys: self.keys.clone(),
            token: self.token,
            subject: self.subject.clone(),
        }
    }
}

/// Room for one withdrawal. Dropping it gives the room back.
pub(super) struct Slot<R: Runtime>(Option<Arc<Withdrawals<R>>>);

impl<R: Runtime> Slot<R> {
    /// Withdraws in the background.
    pub(super) fn withdraw(mut self, withdrawal: Withdrawal<R>) {
        if let Some(withdrawals) = self.0.take() {
            withdrawals.push(withdrawal);
        }
    }
}

impl<R: Runtime> Drop for Slot<R> {
    fn drop(&mut self) {
        if let Some(withdrawals) = self.0.take() {
            withdrawals.give_back();
        }
    }
}
