//! Locks by name, for the tasks of one node.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::error::RegistryError;
use super::key::Key;

/// Names a claim; never reused.
type Ticket = u64;

struct Waiter {
    ticket: Ticket,
    waker: Option<Waker>,
}

/// Who has the lock of one key, and who waits for it, the longest first.
struct Line {
    holder: Ticket,
    waiting: VecDeque<Waiter>,
}

#[derive(Default)]
struct Table {
    tickets: Ticket,
    lines: BTreeMap<Key, Line>,
}

/// The locks of one registry. A key that nobody wants takes up nothing.
#[derive(Default)]
pub(super) struct KeyLocks(Mutex<Table>);

impl KeyLocks {
    /// How many may wait for one key.
    pub(super) const WAITERS_MAX: usize = 1024;

    /// Takes the lock if it is free, or the last place in the line for it.
    pub(super) fn claim(self: &Arc<Self>, key: Key) -> Result<Claim, RegistryError> {
        let mut table = self.lock();
        table.tickets += 1;
        let ticket = table.tickets;
        match table.lines.get_mut(&key) {
            None => {
                let waiting = VecDeque::new();
                let holder = ticket;
                table.lines.insert(key.clone(), Line { holder, waiting });
            }
            Some(line) if line.waiting.len() >= Self::WAITERS_MAX => {
                return Err(RegistryError::LimitReached {
                    what: format!("the line for the lock of {key}").into(),
                    limit: Self::WAITERS_MAX,
                });
            }
            Some(line) => line.waiting.push_back(Waiter {
                ticket,
                waker: None,
            }),
        }
        Ok(Claim {
            locks: self.clone(),
            key,
            ticket,
        })
    }

    /// How many keys are locked.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().lines.len()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a line, or the lock itself. Dropping it gives either up, whatever its
/// holder was doing: the next one in the line is never kept waiting by the dead.
pub(super) struct Claim {
    locks: Arc<KeyLocks>,
    key: Key,
    ticket: Ticket,
}

impl Claim {
    /// Waits until it is the lock.
    pub(super) async fn granted(&self) {
        std::future::poll_fn(|context| {
            let mut table = self.locks.lock();
            let Some(line) = table.lines.get_mut(&self.key) else {
                return Poll::Ready(());
            };
            let mut waiting = line.waiting.iter_mut();
            let Some(own) = waiting.find(|waiter| waiter.ticket == self.ticket) else {
                return Poll::Ready(());
            };
            own.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let next = {
            let mut table = self.locks.lock();
            let Some(line) = table.lines.get_mut(&self.key) else {
                return;
            };
            if line.holder == self.ticket {
                match line.waiting.pop_front() {
                    Some(next) => {
                        line.holder = next.ticket;
                        next.waker
                    }
                    None => {
                        table.lines.remove(&self.key);
                        None
                    }
                }
            } else {
                line.waiting.retain(|waiter| waiter.ticket != self.ticket);
                None
            }
        };
        if let Some(next) = next {
            next.wake();
        }
    }
}

/// The lock of one key. Dropping it lets the next one in.
#[must_use = "the lock is let go of when this is dropped"]
pub struct KeyGuard(pub(super) Claim);

impl KeyGuard {
    /// The key.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.0.key
    }
}

impl fmt::Debug for KeyGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyGuard").field(self.key()).finish()
    }
}
