//! One value from one place to another: answers, exits, acknowledgements.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

enum State<T> {
    Waiting(Option<Waker>),
    Sent(T),
    Over,
}

struct Shared<T>(Mutex<State<T>>);

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that gives the value. Dropping it tells the receiver that none will come.
pub(crate) struct ReplySender<T>(Option<Arc<Shared<T>>>);

/// The end that waits for the value. Dropping it discards a value sent later.
pub(crate) struct ReplyReceiver<T>(Arc<Shared<T>>);

/// A pair for one value.
pub(crate) fn reply<T>() -> (ReplySender<T>, ReplyReceiver<T>) {
    let shared = Arc::new(Shared(Mutex::new(State::Waiting(None))));
    (ReplySender(Some(shared.clone())), ReplyReceiver(shared))
}

impl<T> ReplySender<T> {
    /// Whether someone still waits for the value.
    pub(crate) fn is_awaited(&self) -> bool {
        let shared = self.0.as_ref();
        shared.is_some_and(|shared| matches!(&*shared.lock(), State::Waiting(_)))
    }

    /// Gives the value; hands it back if nobody waits for it any more.
    pub(crate) fn send(mut self, value: T) -> Result<(), T> {
        match self.0.take() {
            Some(shared) => conclude(&shared, Some(value)),
            None => Err(value),
        }
    }
}

fn conclude<T>(shared: &Shared<T>, value: Option<T>) -> Result<(), T> {
    let waker = {
        let mut state = shared.lock();
        match (&mut *state, value) {
            (State::Waiting(waker), value) => {
                let waker = waker.take();
                *state = value.map_or(State::Over, State::Sent);
                waker
            }
            (State::Sent(_) | State::Over, Some(value)) => return Err(value),
            (State::Sent(_) | State::Over, None) => None,
        }
    };
    if let Some(waker) = waker {
        waker.wake();
    }
    Ok(())
}

impl<T> Drop for ReplySender<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            // Without a value there is nothing that could be handed back.
            conclude(&shared, None).unwrap_or(());
        }
    }
}

impl<T> ReplyReceiver<T> {
    /// The value if it is there.
    pub(crate) fn try_take(&mut self) -> Option<T> {
        let mut state = self.0.lock();
        if matches!(&*state, State::Sent(_)) {
            match std::mem::replace(&mut *state, State::Over) {
                State::Sent(value) => return Some(value),
                State::Waiting(_) | State::Over => {}
            }
        }
        None
    }

    /// Takes the value if it is there and refuses any later one, in one step: a
    /// value is either taken here or handed back to its sender, never lost between.
    pub(crate) fn close(&mut self) -> Option<T> {
        match std::mem::replace(&mut *self.0.lock(), State::Over) {
            State::Sent(value) => Some(value),
            State::Waiting(_) | State::Over => None,
        }
    }
}

impl<T> Future for ReplyReceiver<T> {
    /// `None` if the sender went away without a value.
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.lock();
        match &mut *state {
            State::Waiting(waker) => {
                match waker {
                    Some(known) if known.will_wake(context.waker()) => {}
                    _ => *waker = Some(context.waker().clone()),
                }
                Poll::Pending
            }
            State::Sent(_) | State::Over => match std::mem::replace(&mut *state, State::Over) {
                State::Sent(value) => Poll::Ready(Some(value)),
                State::Waiting(_) | State::Over => Poll::Ready(None),
            },
        }
    }
}

impl<T> Drop for ReplyReceiver<T> {
    fn drop(&mut self) {
        let unread = std::mem::replace(&mut *self.0.lock(), State::Over);
        // The value may hold locks or replies of its own; drop it outside the lock.
        drop(unread);
    }
}
