//! A message that is answered, within a time limit.

use std::fmt;
use std::time::Duration;

use super::address::Address;
use super::error::CallError;
use crate::process::reply::{ReplySender, reply};
use crate::runtime::{Clock, timeout};

/// Where the answer to one message goes. Dropping it unanswered tells the caller.
#[must_use = "dropping it tells the caller that no answer will come"]
pub struct Reply<T>(ReplySender<T>);

impl<T> Reply<T> {
    /// Gives the answer. If the caller waits no more, it has been told so already
    /// and the answer is dropped.
    pub fn answer(self, answer: T) {
        drop(self.try_answer(answer));
    }

    /// Gives the answer, for answers that must not be lost.
    ///
    /// # Errors
    ///
    /// The answer, if the caller waits no more.
    pub fn try_answer(self, answer: T) -> Result<(), T> {
        self.0.send(answer)
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}

impl<M> Address<M> {
    /// Sends the message that `message` makes around a [`Reply`], and waits for the
    /// answer. Room in the mailbox and the answer together take at most `limit`.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws a message that is still waiting for room; one
    /// that was delivered is handled, and its answer dropped.
    pub async fn call<C, T>(
        &self,
        clock: &C,
        limit: Duration,
        message: impl FnOnce(Reply<T>) -> M,
    ) -> Result<T, CallError<M>>
    where
        C: Clock,
    {
        let deadline = clock.now() + limit;
        let (sender, receiver) = reply();
        let message = message(Reply(sender));
        self.send_within(clock, limit, message).await?;
        let rest = deadline.since(clock.now());
        match timeout(clock, rest, receiver).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(CallError::Unanswered),
            Err(_) => Err(CallError::TimedOut { limit }),
        }
    }
}
