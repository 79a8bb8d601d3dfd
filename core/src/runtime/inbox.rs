//! The receiving end of a port: a bounded queue of messages.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::network::Message;

struct Shared {
    messages: VecDeque<Message>,
    capacity: usize,
    open: bool,
    receiver: Option<Waker>,
}

#[derive(Clone)]
struct Queue(Arc<Mutex<Shared>>);

impl Queue {
    #[inline]
    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a message that an adapter offered to an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// It is in the queue.
    Taken,
    /// The queue is full; the message was dropped.
    Full,
    /// The inbox was dropped, and the message with it.
    Closed,
}

/// The adapter's end of an inbox.
#[derive(Clone)]
pub struct InboxSender(Queue);

impl InboxSender {
    /// Puts a message at the end of the queue.
    #[inline]
    pub fn offer(&self, message: Message) -> Offer {
        let waker = {
            let mut shared = self.0.lock();
            if !shared.open {
                return Offer::Closed;
            }
            if shared.messages.len() >= shared.capacity {
                return Offer::Full;
            }
            shared.messages.push_back(message);
            shared.receiver.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Offer::Taken
    }

    /// Whether the inbox still exists.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.lock().open
    }

    /// Ends the inbox from the adapter's side: what is queued can still be
    /// received, then [`Inbox::receive`] answers `None`.
    pub fn close(&self) {
        let waker = {
            let mut shared = self.0.lock();
            shared.open = false;
            shared.receiver.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl fmt::Debug for InboxSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxSender")
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}

/// The receiver of one port. Dropping it closes the port and loses what is queued,
/// as a network may.
pub struct Inbox(Queue);

impl Inbox {
    /// An inbox for up to `capacity` waiting messages, and the adapter's end of it.
    #[must_use]
    pub fn new(capacity: usize) -> (InboxSender, Self) {
        let queue = Queue(Arc::new(Mutex::new(Shared {
            messages: VecDeque::new(),
            capacity,
            open: true,
            receiver: None,
        })));
        (InboxSender(queue.clone()), Self(queue))
    }

    /// Waits for the next message; `None` once the runtime has closed the inbox and
    /// the queue is empty.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call takes no message.
    pub async fn receive(&mut self) -> Option<Message> {
        std::future::poll_fn(|context| {
            let mut shared = self.0.lock();
            if let Some(message) = shared.messages.pop_front() {
                return Poll::Ready(Some(message));
            }
            if !shared.open {
                return Poll::Ready(None);
            }
            match &shared.receiver {
                Some(known) if known.will_wake(context.waker()) => {}
                _ => shared.receiver = Some(context.waker().clone()),
            }
            Poll::Pending
        })
        .await
    }

    /// The next message if one is waiting.
    pub fn try_receive(&mut self) -> Option<Message> {
        self.0.lock().messages.pop_front()
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let mut shared = self.0.lock();
        shared.open = false;
        shared.messages.clear();
        shared.receiver = None;
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("waiting", &self.0.lock().messages.len())
            .finish()
    }
}
