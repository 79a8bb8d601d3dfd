//! Signals and messages in one stated order, and mailboxes of a process.

use std::task::Poll;

use super::address::Address;
use super::policy::FullPolicy;
use super::queue::DiscardNotice;
use super::receiver::Mailbox;
use crate::event::{Event, ProcessEvent};
use crate::process::{Context, Signal};
use crate::runtime::Runtime;

/// What a process deals with next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<M> {
    /// A signal.
    Signal(Signal),
    /// A message.
    Message(M),
    /// There is no message, and none can come any more.
    Closed,
}

impl<R: Runtime> Context<R> {
    /// A mailbox of this process for up to `capacity` queued messages, and its first
    /// address. What the policy discards is announced as
    /// [`MessageDiscarded`](ProcessEvent::MessageDiscarded).
    ///
    /// # Panics
    ///
    /// If `capacity` is zero.
    #[must_use]
    pub fn mailbox<M>(&self, capacity: usize, policy: FullPolicy) -> (Address<M>, Mailbox<M>) {
        Mailbox::open(capacity, policy, Some(self.discard_notice()))
    }

    /// Waits for the next signal or message.
    ///
    /// What is urgent goes first: the end of this process by force, then requests to
    /// exit, then the other signals (the ends of children, linked and monitored
    /// processes) in the order in which they happened, then messages.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call takes neither signal nor message.
    pub async fn next<M>(&self, mailbox: &mut Mailbox<M>) -> Next<M> {
        std::future::poll_fn(|context| {
            if self.is_ending() {
                // Whoever ended the process has woken its task, which will drop this.
                return Poll::Pending;
            }
            if let Poll::Ready(signal) = self.poll_urgent_signal(context.waker()) {
                return Poll::Ready(Next::Signal(signal));
            }
            let message = mailbox.poll_receive(context);
            message.map(|message| message.map_or(Next::Closed, Next::Message))
        })
        .await
    }

    pub(super) fn discard_notice(&self) -> DiscardNotice {
        let node = self.node().clone();
        let process = self.id();
        Box::new(move |discarded| {
            node.announce(&Event::Process(ProcessEvent::MessageDiscarded {
                process,
                discarded,
            }));
        })
    }
}
