//! The sending end of a mailbox.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::error::DeliveryError;
use super::queue::{Admission, Queue};
use crate::runtime::{Clock, timeout};

/// Sends messages to one mailbox. Cheap to clone.
///
/// Messages of one address arrive in the order in which they were sent. Once the
/// last address is gone, the receiver gets what is queued and then learns that no
/// more can come.
pub struct Address<M>(pub(super) Queue<M>);

impl<M> Address<M> {
    pub(super) fn new(queue: Queue<M>) -> Self {
        queue.add_address();
        Self(queue)
    }

    /// Sends a message, and waits for room if the mailbox is full and its policy is
    /// [`Wait`](super::FullPolicy::Wait). Those who wait are served in the order in
    /// which they began to.
    ///
    /// The wait has no limit of its own: use [`send_within`](Self::send_within)
    /// unless the receiver is known to outpace its senders.
    ///
    /// # Errors
    ///
    /// See [`DeliveryError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws a message that is still waiting; the message
    /// is dropped with it.
    pub async fn send(&self, message: M) -> Result<(), DeliveryError<M>> {
        match self.0.admit(message) {
            Admission::Done(result) => result,
            Admission::Waiting(ticket) => Waiting::new(&self.0, ticket).await,
        }
    }

    /// As [`send`](Self::send), but waits for at most `limit`.
    ///
    /// # Errors
    ///
    /// See [`DeliveryError`]; `Full` if there was no room within the limit.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub async fn send_within<C: Clock>(
        &self,
        clock: &C,
        limit: Duration,
        message: M,
    ) -> Result<(), DeliveryError<M>> {
        let ticket = match self.0.admit(message) {
            Admission::Done(result) => return result,
            Admission::Waiting(ticket) => ticket,
        };
        let mut waiting = Waiting::new(&self.0, ticket);
        match timeout(clock, limit, &mut waiting).await {
            Ok(result) => result,
            Err(_) => match waiting.withdraw() {
                Some(message) => Err(DeliveryError::Full(message)),
                None => Ok(()),
            },
        }
    }

    /// Sends a message without waiting.
    ///
    /// # Errors
    ///
    /// See [`DeliveryError`]; `Full` also where the policy is to wait.
    pub fn try_send(&self, message: M) -> Result<(), DeliveryError<M>> {
        self.0.offer(message)
    }

    /// Whether sends are refused for good.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.0.is_accepting()
    }
}

impl<M> Clone for Address<M> {
    fn clone(&self) -> Self {
        Self::new(self.0.clone())
    }
}

impl<M> Drop for Address<M> {
    fn drop(&mut self) {
        self.0.remove_address();
    }
}

impl<M> fmt::Debug for Address<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// A message that waits for room. Dropping it withdraws the message.
struct Waiting<'a, M> {
    queue: &'a Queue<M>,
    ticket: Option<u64>,
}

impl<'a, M> Waiting<'a, M> {
    const fn new(queue: &'a Queue<M>, ticket: u64) -> Self {
        Self {
            queue,
            ticket: Some(ticket),
        }
    }

    fn withdraw(&mut self) -> Option<M> {
        self.queue.withdraw(self.ticket.take()?)
    }
}

impl<M> Future for Waiting<'_, M> {
    type Output = Result<(), DeliveryError<M>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(ticket) = self.ticket else {
            return Poll::Ready(Ok(()));
        };
        let result = self.queue.poll_waiting(ticket, context.waker());
        if result.is_ready() {
            self.ticket = None;
        }
        result
    }
}

impl<M> Drop for Waiting<'_, M> {
    fn drop(&mut self) {
        drop(self.withdraw());
    }
}
