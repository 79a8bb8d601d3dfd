//! The queue behind a mailbox, and every decision about it.
//!
//! `State` is plain bookkeeping without waiting. `Queue` puts it behind a lock,
//! and drops messages and wakes tasks only after the lock is released, because a
//! message may hold addresses of the very same queue.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::error::{DeliveryError, LendError};
use super::policy::FullPolicy;

/// Announces how many messages the mailbox has discarded so far. Called with the
/// queue locked, so that the counts arrive in order.
pub(super) type DiscardNotice = Box<dyn Fn(u64) + Send>;

/// Takes the messages that nobody will receive any more.
pub(super) type UndeliveredHook<M> = Box<dyn FnOnce(Vec<M>) + Send>;

/// What came of handing a message in.
pub(super) enum Admission<M> {
    Done(Result<(), DeliveryError<M>>),
    /// It waits for room under this ticket.
    Waiting(u64),
}

struct Waiter<M> {
    ticket: u64,
    message: M,
    sender: Option<Waker>,
}

/// Whose queue it is besides the receiver's.
enum Ownership<M> {
    /// The receiver's alone: it ends with the receiver.
    Receiver,
    /// A durable mailbox's, which lends it.
    Durable {
        lent: bool,
        given_up: bool,
        hook: Option<UndeliveredHook<M>>,
    },
}

struct State<M> {
    messages: VecDeque<M>,
    capacity: usize,
    policy: FullPolicy,
    accepting: bool,
    addresses: usize,
    receiver: Option<Waker>,
    // Not empty only while the queue is full, so a new sender never overtakes one
    // that waits. One entry for each sender that waits, in the order of their tickets.
    waiting: VecDeque<Waiter<M>>,
    tickets: u64,
    discarded: u64,
    announced: u64,
    notice: Option<DiscardNotice>,
    ownership: Ownership<M>,
}

/// What is left to do once the lock is released.
struct Leftovers<M> {
    messages: Vec<M>,
    hook: Option<UndeliveredHook<M>>,
    wakers: Vec<Waker>,
}

impl<M> Leftovers<M> {
    const NONE: Self = Self {
        messages: Vec::new(),
        hook: None,
        wakers: Vec::new(),
    };

    fn settle(self) {
        self.wakers.into_iter().for_each(Waker::wake);
        if let (Some(hook), false) = (self.hook, self.messages.is_empty()) {
            hook(self.messages);
        }
    }
}

impl<M> State<M> {
    fn position(&self, ticket: u64) -> Option<usize> {
        let found = self
            .waiting
            .binary_search_by_key(&ticket, |waiter| waiter.ticket);
        found.ok()
    }

    fn discard(&mut self) {
        self.discarded += 1;
        self.announce();
    }

    /// Discards of a time without a receiver are announced when there is one.
    fn announce(&mut self) {
        if let (Some(notice), true) = (&self.notice, self.discarded > self.announced) {
            notice(self.discarded);
            self.announced = self.discarded;
        }
    }

    /// Takes the message if there is room, else does what the policy says. Gives
    /// back a discarded message, to be dropped by the caller.
    fn offer(&mut self, message: M) -> (Result<(), DeliveryError<M>>, Option<M>) {
        if !self.accepting {
            return (Err(DeliveryError::Closed(message)), None);
        }
        if self.messages.len() < self.capacity {
            self.messages.push_back(message);
            return (Ok(()), None);
        }
        match self.policy {
            FullPolicy::Wait | FullPolicy::Reject => (Err(DeliveryError::Full(message)), None),
            FullPolicy::DropOldest => {
                let oldest = self.messages.pop_front();
                self.messages.push_back(message);
                self.discard();
                (Ok(()), oldest)
            }
            FullPolicy::DropNewest => {
                self.discard();
                (Ok(()), Some(message))
            }
        }
    }

    /// As `offer`, but a message that finds no room under the policy to wait goes
    /// to the end of those that wait.
    fn admit(&mut self, message: M) -> (Admission<M>, Option<M>) {
        match self.offer(message) {
            (Err(DeliveryError::Full(message)), _) if self.policy == FullPolicy::Wait => {
                self.tickets += 1;
                let ticket = self.tickets;
                self.waiting.push_back(Waiter {
                    ticket,
                    message,
                    sender: None,
                });
                (Admission::Waiting(ticket), None)
            }
            (result, discarded) => (Admission::Done(result), discarded),
        }
    }

    /// The next message, and the sender whose message took the free place.
    fn take(&mut self) -> (Option<M>, Option<Waker>) {
        let message = self.messages.pop_front();
        if message.is_none() || !self.accepting {
            return (message, None);
        }
        let Some(waiter) = self.waiting.pop_front() else {
            return (message, None);
        };
        self.messages.push_back(waiter.message);
        (message, waiter.sender)
    }

    /// Refuses everything from here on. Senders that wait find out when they wake.
    fn close(&mut self) -> Vec<Waker> {
        self.accepting = false;
        let senders = self.waiting.iter_mut();
        let mut wakers: Vec<Waker> = senders.filter_map(|w| w.sender.take()).collect();
        wakers.extend(self.receiver.take());
        wakers
    }

    /// The end of the queue: nobody will receive what is left.
    fn finish(&mut self) -> Leftovers<M> {
        Leftovers {
            wakers: self.close(),
            messages: self.messages.drain(..).collect(),
            hook: match &mut self.ownership {
                Ownership::Receiver => None,
                Ownership::Durable { hook, .. } => hook.take(),
            },
        }
    }
}

pub(super) struct Queue<M>(Arc<Mutex<State<M>>>);

impl<M> Clone for Queue<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M> Queue<M> {
    /// A queue that ends with its receiver.
    pub(super) fn new(capacity: usize, policy: FullPolicy, notice: Option<DiscardNotice>) -> Self {
        Self::with(capacity, policy, notice, Ownership::Receiver)
    }

    /// A queue that a durable mailbox keeps.
    pub(super) fn durable(capacity: usize, policy: FullPolicy) -> Self {
        let ownership = Ownership::Durable {
            lent: false,
            given_up: false,
            hook: None,
        };
        Self::with(capacity, policy, None, ownership)
    }

    fn with(
        capacity: usize,
        policy: FullPolicy,
        notice: Option<DiscardNotice>,
        ownership: Ownership<M>,
    ) -> Self {
        assert!(
            capacity > 0,
            "a mailbox needs room for at least one message"
        );
        Self(Arc::new(Mutex::new(State {
            messages: VecDeque::new(),
            capacity,
            policy,
            accepting: true,
            addresses: 0,
            receiver: None,
            waiting: VecDeque::new(),
            tickets: 0,
            discarded: 0,
            announced: 0,
            notice,
            ownership,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State<M>> {
        // Notices must not panic, and nothing else under this lock can.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a message in without waiting.
    pub(super) fn offer(&self, message: M) -> Result<(), DeliveryError<M>> {
        let (result, _discarded, receiver) = {
            let mut state = self.lock();
            let (result, discarded) = state.offer(message);
            let receiver = state.receiver.take_if(|_| result.is_ok());
            (result, discarded, receiver)
        };
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        result
    }

    /// Hands a message in, and lets it wait for room if the policy is to wait.
    pub(super) fn admit(&self, message: M) -> Admission<M> {
        let (admission, _discarded, receiver) = {
            let mut state = self.lock();
            let (admission, discarded) = state.admit(message);
            let receiver = state
                .receiver
                .take_if(|_| matches!(admission, Admission::Done(Ok(()))));
            (admission, discarded, receiver)
        };
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        admission
    }

    /// Whether the message that waits under `ticket` has found room.
    pub(super) fn poll_waiting(
        &self,
        ticket: u64,
        waker: &Waker,
    ) -> Poll<Result<(), DeliveryError<M>>> {
        let mut state = self.lock();
        let Some(position) = state.position(ticket) else {
            return Poll::Ready(Ok(()));
        };
        if !state.accepting {
            return match state.waiting.remove(position) {
                Some(waiter) => Poll::Ready(Err(DeliveryError::Closed(waiter.message))),
                None => Poll::Ready(Ok(())),
            };
        }
        if let Some(waiter) = state.waiting.get_mut(position) {
            match &waiter.sender {
                Some(known) if known.will_wake(waker) => {}
                _ => waiter.sender = Some(waker.clone()),
            }
        }
        Poll::Pending
    }

    /// Takes a waiting message back; `None` if it has been delivered.
    pub(super) fn withdraw(&self, ticket: u64) -> Option<M> {
        let mut state = self.lock();
        let position = state.position(ticket)?;
        let waiter = state.waiting.remove(position)?;
        Some(waiter.message)
    }

    /// The next message; `None` once no more can come.
    pub(super) fn poll_take(&self, waker: &Waker) -> Poll<Option<M>> {
        let (message, sender) = {
            let mut state = self.lock();
            let (message, sender) = state.take();
            if message.is_none() {
                if !state.accepting || state.addresses == 0 {
                    return Poll::Ready(None);
                }
                match &state.receiver {
                    Some(known) if known.will_wake(waker) => {}
                    _ => state.receiver = Some(waker.clone()),
                }
                return Poll::Pending;
            }
            (message, sender)
        };
        if let Some(sender) = sender {
            sender.wake();
        }
        Poll::Ready(message)
    }

    /// The next message if one is queued.
    pub(super) fn try_take(&self) -> Option<M> {
        let (message, sender) = self.lock().take();
        if let Some(sender) = sender {
            sender.wake();
        }
        message
    }

    pub(super) fn close(&self) {
        let wakers = self.lock().close();
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) fn len(&self) -> usize {
        self.lock().messages.len()
    }

    pub(super) fn discarded(&self) -> u64 {
        self.lock().discarded
    }

    pub(super) fn is_accepting(&self) -> bool {
        self.lock().accepting
    }

    pub(super) fn add_address(&self) {
        self.lock().addresses += 1;
    }

    pub(super) fn remove_address(&self) {
        let receiver = {
            let mut state = self.lock();
            state.addresses -= 1;
            let last = state.addresses == 0;
            state.receiver.take_if(|_| last)
        };
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }

    pub(super) fn set_hook(&self, new: UndeliveredHook<M>) {
        if let Ownership::Durable { hook, .. } = &mut self.lock().ownership {
            *hook = Some(new);
        }
    }

    /// Lends the queue to a receiver.
    pub(super) fn lend(&self, notice: Option<DiscardNotice>) -> Result<(), LendError> {
        let mut state = self.lock();
        match &mut state.ownership {
            Ownership::Durable { lent, .. } if !*lent => *lent = true,
            Ownership::Durable { .. } | Ownership::Receiver => return Err(LendError::AlreadyLent),
        }
        state.notice = notice;
        state.announce();
        Ok(())
    }

    /// The receiver is gone.
    pub(super) fn release(&self) {
        let (leftovers, _receiver, _notice) = {
            let mut state = self.lock();
            let receiver = state.receiver.take();
            let notice = state.notice.take();
            let leftovers = match &mut state.ownership {
                Ownership::Durable { lent, given_up, .. } if !*given_up => {
                    *lent = false;
                    Leftovers::NONE
                }
                Ownership::Durable { .. } | Ownership::Receiver => state.finish(),
            };
            (leftovers, receiver, notice)
        };
        leftovers.settle();
    }

    /// The durable mailbox is gone. A receiver that holds the loan may still take
    /// what is queued.
    pub(super) fn give_up(&self) {
        let leftovers = {
            let mut state = self.lock();
            let receiving = match &mut state.ownership {
                Ownership::Durable { lent, given_up, .. } => {
                    *given_up = true;
                    *lent
                }
                Ownership::Receiver => true,
            };
            if receiving {
                Leftovers {
                    wakers: state.close(),
                    ..Leftovers::NONE
                }
            } else {
                state.finish()
            }
        };
        leftovers.settle();
    }
}
