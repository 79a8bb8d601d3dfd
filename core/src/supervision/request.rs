//! The bounded queue of calls to one supervisor.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use super::error::CallError;
use super::machine::Reply;
use crate::process::reply::reply;
use crate::runtime::{Clock, Elapsed, timeout};

struct Shared<T> {
    requests: VecDeque<T>,
    open: bool,
    receiver: Option<Waker>,
}

/// Why a request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The supervisor is gone.
    Closed,
    /// [`CAPACITY`] requests are waiting.
    Full,
}

/// How many requests may wait.
pub(super) const CAPACITY: usize = 16_384;

/// The callers' end.
pub(super) struct RequestSender<T>(Arc<Mutex<Shared<T>>>);

impl<T> Clone for RequestSender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The supervisor's end. Dropping it drops what waits.
pub(super) struct RequestReceiver<T>(Arc<Mutex<Shared<T>>>);

/// A queue.
pub(super) fn requests<T>() -> (RequestSender<T>, RequestReceiver<T>) {
    let shared = Arc::new(Mutex::new(Shared {
        requests: VecDeque::new(),
        open: true,
        receiver: None,
    }));
    (RequestSender(shared.clone()), RequestReceiver(shared))
}

fn lock<T>(shared: &Mutex<Shared<T>>) -> MutexGuard<'_, Shared<T>> {
    // Nothing that can panic runs under this lock.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> RequestSender<T> {
    /// Puts a request at the end of the queue.
    pub(super) fn send(&self, request: T) -> Result<(), Refused> {
        let waker = {
            let mut shared = lock(&self.0);
            if !shared.open {
                return Err(Refused::Closed);
            }
            if shared.requests.len() >= CAPACITY {
                return Err(Refused::Full);
            }
            shared.requests.push_back(request);
            shared.receiver.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }
}

impl<T> RequestReceiver<T> {
    /// The next request; otherwise `waker` is woken when there is one.
    pub(super) fn next(&self, waker: &Waker) -> Option<T> {
        let mut shared = lock(&self.0);
        let next = shared.requests.pop_front();
        if next.is_none() {
            match &shared.receiver {
                Some(known) if known.will_wake(waker) => {}
                _ => shared.receiver = Some(waker.clone()),
            }
        }
        next
    }
}

impl<T> Drop for RequestReceiver<T> {
    fn drop(&mut self) {
        let unread = {
            let mut shared = lock(&self.0);
            shared.open = false;
            shared.receiver = None;
            std::mem::take(&mut shared.requests)
        };
        // Requests hold replies, whose destructors wake callers; drop them unlocked.
        drop(unread);
    }
}

/// Asks and waits for the answer, for at most `limit`.
///
/// # Cancel safety
///
/// Dropping the future withdraws a request that was not begun.
pub(super) async fn ask<C, Q, T>(
    clock: &C,
    requests: &RequestSender<Q>,
    limit: Duration,
    request: impl FnOnce(Reply<T>) -> Q,
) -> Result<T, CallError>
where
    C: Clock,
{
    let (sender, receiver) = reply();
    requests
        .send(request(sender))
        .map_err(|refused| match refused {
            Refused::Closed => CallError::Gone,
            Refused::Full => CallError::Overloaded { limit: CAPACITY },
        })?;
    match timeout(clock, limit, receiver).await {
        Ok(answer) => answer.ok_or(CallError::Gone),
        Err(Elapsed { limit }) => Err(CallError::TimedOut { limit }),
    }
}
