//! A mailbox that outlives its receiver.

use std::fmt;

use super::address::Address;
use super::error::LendError;
use super::policy::FullPolicy;
use super::queue::Queue;
use super::receiver::Mailbox;
use crate::process::Context;
use crate::runtime::Runtime;

/// A mailbox that survives the restarts of the process that receives from it.
///
/// Keep it where the process is started from, such as the child factory, and let
/// each start [`lend`](Self::lend) it. What is queued when a process ends waits for
/// the next one; the message that was being handled is gone, so that one which
/// kills its receiver does so once. Sends go on as ever in between.
///
/// Dropping the durable mailbox gives it up: sends are refused, a process that
/// still holds the loan may take what is queued, and what is left after that goes
/// to the hook of [`on_undelivered`](Self::on_undelivered).
///
/// ```
/// use steadfast::process::{DurableMailbox, FullPolicy};
///
/// let orders = DurableMailbox::<String>::new(64, FullPolicy::Reject)
///     .on_undelivered(|orders| println!("not handled: {orders:?}"));
/// let address = orders.address();
/// address.try_send("tea".to_owned())?;
/// // In the body of each start: let mut mailbox = orders.lend(&context)?;
/// drop(orders); // Prints: not handled: ["tea"]
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub struct DurableMailbox<M> {
    // Keeps the queue open between the last address and the next.
    address: Address<M>,
}

impl<M> DurableMailbox<M> {
    /// A durable mailbox for up to `capacity` queued messages.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero.
    #[must_use]
    pub fn new(capacity: usize, policy: FullPolicy) -> Self {
        Self {
            address: Address::new(Queue::durable(capacity, policy)),
        }
    }

    /// Sets who takes the messages that nobody will receive: called at most once,
    /// after the mailbox is given up, never at a mere restart, and not at all if
    /// nothing is left. Runs in a destructor, so it must neither block nor panic.
    #[must_use]
    pub fn on_undelivered(self, hook: impl FnOnce(Vec<M>) + Send + 'static) -> Self {
        self.address.0.set_hook(Box::new(hook));
        self
    }

    /// An address.
    #[must_use]
    pub fn address(&self) -> Address<M> {
        self.address.clone()
    }

    /// Lends the mailbox to a process, until the answer is dropped. What the policy
    /// discards meanwhile, or has discarded since the last loan, is announced as
    /// that of this process.
    ///
    /// # Errors
    ///
    /// See [`LendError`].
    pub fn lend<R: Runtime>(&self, context: &Context<R>) -> Result<Mailbox<M>, LendError> {
        let queue = &self.address.0;
        queue.lend(Some(context.discard_notice()))?;
        Ok(Mailbox::new(queue.clone()))
    }
}

impl<M> Drop for DurableMailbox<M> {
    fn drop(&mut self) {
        self.address.0.give_up();
    }
}

impl<M> fmt::Debug for DurableMailbox<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DurableMailbox")
            .field("queued", &self.address.0.len())
            .finish_non_exhaustive()
    }
}
