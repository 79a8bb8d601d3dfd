//! Changes of the membership, for those who follow it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use serde::{Deserialize, Serialize};

use super::hub::Hub;
use super::member::Member;
use super::peer::Peer;
use crate::runtime::Runtime;

/// What a subscription tells. About other nodes only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberChange {
    /// All other members at this point; what follows has happened since. Always the
    /// first thing that a subscription tells.
    Snapshot {
        /// The members, by node.
        peers: Vec<Peer>,
        /// Whether changes before it were not told: the queue of the subscription was
        /// full, or this node has left. Compare with what you know.
        resync: bool,
    },
    /// Another node is a member from here on.
    Up(Member),
    /// A member does not answer someone. It is still a member.
    Suspected(Member),
    /// A suspected member has shown that it lives.
    Refuted(Member),
    /// A member is taken for dead, or a newer start of its node takes its place.
    ///
    /// It may be alive, and come back under the same incarnation.
    Down(Member),
    /// A member has left of its own accord.
    Left(Member),
}

/// The queue of one subscription.
pub(super) struct Queue {
    changes: VecDeque<MemberChange>,
    capacity: usize,
    reader: Option<Waker>,
}

impl Queue {
    /// A queue for up to `capacity` changes, at least one, that begins with `snapshot`.
    pub(super) fn new(capacity: usize, snapshot: MemberChange) -> Self {
        Self {
            changes: VecDeque::from([snapshot]),
            capacity: capacity.max(1),
            reader: None,
        }
    }

    /// Adds changes that have led to the state of `peers`. If there is no room for them
    /// all, a snapshot of that state stands for everything that is queued. Answers the
    /// reader to wake.
    pub(super) fn push(
        &mut self,
        changes: &[MemberChange],
        peers: impl FnOnce() -> Vec<Peer>,
    ) -> Option<Waker> {
        if self.changes.len() + changes.len() <= self.capacity {
            self.changes.extend(changes.iter().cloned());
            return self.reader.take();
        }
        self.restart(peers())
    }

    /// A snapshot of `peers` stands for everything that is queued.
    pub(super) fn restart(&mut self, peers: Vec<Peer>) -> Option<Waker> {
        self.changes.clear();
        let resync = true;
        self.changes
            .push_back(MemberChange::Snapshot { peers, resync });
        self.reader.take()
    }

    pub(super) fn take(&mut self) -> Option<MemberChange> {
        self.changes.pop_front()
    }

    /// The next change, or `waker` is woken once there is one.
    pub(super) fn poll(&mut self, waker: &Waker) -> Poll<MemberChange> {
        if let Some(change) = self.take() {
            return Poll::Ready(change);
        }
        match &self.reader {
            Some(known) if known.will_wake(waker) => {}
            _ => self.reader = Some(waker.clone()),
        }
        Poll::Pending
    }
}

/// Follows the membership from one point on, without a gap and without telling
/// anything twice. Dropping it ends it.
///
/// It outlives its driver: while the driver is being restarted it only has nothing new
/// to tell.
pub struct Subscription<R: Runtime> {
    hub: Arc<Hub<R>>,
    number: u64,
}

impl<R: Runtime> Subscription<R> {
    /// How many changes wait at most to be read, unless asked for otherwise.
    pub const CAPACITY: usize = 1_024;

    pub(super) const fn new(hub: Arc<Hub<R>>, number: u64) -> Self {
        Self { hub, number }
    }

    /// Waits for the next change, for as long as nothing changes.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call takes no change.
    pub async fn next(&mut self) -> MemberChange {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// The next change if one is waiting.
    pub fn try_next(&mut self) -> Option<MemberChange> {
        self.hub.with_queue(self.number, Queue::take).flatten()
    }

    /// The next change, for those who wait for several things at once.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<MemberChange> {
        let polled = self
            .hub
            .with_queue(self.number, |queue| queue.poll(context.waker()));
        // The queue lives as long as its subscription.
        polled.unwrap_or(Poll::Pending)
    }
}

impl<R: Runtime> Drop for Subscription<R> {
    fn drop(&mut self) {
        self.hub.unsubscribe(self.number);
    }
}

impl<R: Runtime> fmt::Debug for Subscription<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
