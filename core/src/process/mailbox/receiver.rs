//! The receiving end of a mailbox.

use std::fmt;
use std::task::{Context, Poll};

use super::address::Address;
use super::policy::FullPolicy;
use super::queue::{DiscardNotice, Queue};

/// Receives the messages of one mailbox.
///
/// Dropping it refuses later sends and drops what is queued, unless it was lent by
/// a [`DurableMailbox`](super::DurableMailbox), which then keeps both.
pub struct Mailbox<M> {
    queue: Queue<M>,
    burst: u32,
}

/// A mailbox for up to `capacity` queued messages, and its first address. It belongs
/// to no process, so its discards are counted but not announced; prefer
/// [`Context::mailbox`](crate::process::Context::mailbox).
///
/// # Panics
///
/// If `capacity` is zero.
#[must_use]
pub fn mailbox<M>(capacity: usize, policy: FullPolicy) -> (Address<M>, Mailbox<M>) {
    Mailbox::open(capacity, policy, None)
}

impl<M> Mailbox<M> {
    // A receiver that never finds its queue empty still lets others run, and can
    // still be ended, after this many messages.
    const BURST_MAX: u32 = 128;

    pub(super) fn open(
        capacity: usize,
        policy: FullPolicy,
        notice: Option<DiscardNotice>,
    ) -> (Address<M>, Self) {
        let queue = Queue::new(capacity, policy, notice);
        (Address::new(queue.clone()), Self::new(queue))
    }

    pub(super) const fn new(queue: Queue<M>) -> Self {
        Self { queue, burst: 0 }
    }

    /// Waits for the next message; `None` once the queue is empty and no more can
    /// come, because the mailbox was closed or has no address left.
    ///
    /// Signals are not looked at: a process that traps exits or supervises uses
    /// [`Context::next`](crate::process::Context::next).
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call takes no message.
    pub async fn receive(&mut self) -> Option<M> {
        std::future::poll_fn(|context| self.poll_receive(context)).await
    }

    /// The next message if one is queued.
    pub fn try_receive(&mut self) -> Option<M> {
        self.queue.try_take()
    }

    /// Begins an orderly end: what is queued can still be received, then
    /// [`receive`](Self::receive) answers `None`. Later sends are refused, and so
    /// are those that still wait for room. Idempotent.
    pub fn close(&mut self) {
        self.queue.close();
    }

    /// How many messages are queued. Senders that wait for room do not count.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether no message is queued.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages the policy has discarded so far.
    #[must_use]
    pub fn discarded(&self) -> u64 {
        self.queue.discarded()
    }

    pub(super) fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Option<M>> {
        if self.burst >= Self::BURST_MAX {
            self.burst = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = self.queue.poll_take(context.waker());
        self.burst = match &polled {
            Poll::Ready(Some(_)) => self.burst + 1,
            Poll::Ready(None) | Poll::Pending => 0,
        };
        polled
    }
}

impl<M> Drop for Mailbox<M> {
    fn drop(&mut self) {
        self.queue.release();
    }
}

impl<M> fmt::Debug for Mailbox<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox")
            .field("queued", &self.len())
            .field("discarded", &self.discarded())
            .finish_non_exhaustive()
    }
}
