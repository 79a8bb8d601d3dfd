//! The inboxes of a node, and what was lost in front of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::runtime::{BindError, Inbox, InboxSender, Message, NodeId, Offer, Port};

/// What became of the messages of one node, counted since it was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NetworkCounts {
    /// Received messages that went into an inbox.
    pub delivered: u64,
    /// Received messages that were lost because their inbox was full.
    pub inbox_full: u64,
    /// Received messages that were lost because nobody held their port.
    pub unbound: u64,
    /// Messages taken for sending that were lost with their connection.
    pub link_lost: u64,
}

#[derive(Default)]
struct Table {
    inboxes: BTreeMap<Port, InboxSender>,
    closed: bool,
}

pub(super) struct Ports {
    node: NodeId,
    table: Mutex<Table>,
    delivered: AtomicU64,
    inbox_full: AtomicU64,
    unbound: AtomicU64,
    link_lost: AtomicU64,
}

impl Ports {
    pub(super) fn new(node: NodeId) -> Self {
        Self {
            node,
            table: Mutex::default(),
            delivered: AtomicU64::new(0),
            inbox_full: AtomicU64::new(0),
            unbound: AtomicU64::new(0),
            link_lost: AtomicU64::new(0),
        }
    }

    pub(super) const fn node(&self) -> NodeId {
        self.node
    }

    pub(super) fn bind(&self, port: Port, capacity: usize) -> Result<Inbox, BindError> {
        if capacity == 0 {
            return Err(BindError::NoCapacity);
        }
        let mut table = self.lock();
        if table.closed {
            return Err(BindError::Closed { node: self.node });
        }
        if table.inboxes.get(&port).is_some_and(InboxSender::is_open) {
            return Err(BindError::InUse {
                node: self.node,
                port,
            });
        }
        let (sender, inbox) = Inbox::new(capacity);
        table.inboxes.insert(port, sender);
        Ok(inbox)
    }

    /// Puts a received message into its inbox, or loses and counts it.
    pub(super) fn deliver(&self, port: Port, message: Message) {
        let inbox = self.lock().inboxes.get(&port).cloned();
        let count = match inbox.map_or(Offer::Closed, |inbox| inbox.offer(message)) {
            Offer::Taken => &self.delivered,
            Offer::Full => &self.inbox_full,
            Offer::Closed => &self.unbound,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_link_lost(&self, messages: usize) {
        self.link_lost.fetch_add(messages as u64, Ordering::Relaxed);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Ends every inbox; nothing can be bound or delivered any more.
    pub(super) fn close(&self) {
        let inboxes = {
            let mut table = self.lock();
            table.closed = true;
            std::mem::take(&mut table.inboxes)
        };
        inboxes.values().for_each(InboxSender::close);
    }

    pub(super) fn counts(&self) -> NetworkCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        NetworkCounts {
            delivered: read(&self.delivered),
            inbox_full: read(&self.inbox_full),
            unbound: read(&self.unbound),
            link_lost: read(&self.link_lost),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing that can panic runs under this lock.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        // Whoever still receives learns that nothing can come any more.
        self.close();
    }
}
