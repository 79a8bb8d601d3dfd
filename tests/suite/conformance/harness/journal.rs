//! The facts that core announced, in order, with their times.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use steadfast::event::{Event, ProcessEvent, SupervisionEvent};
use steadfast::process::{ExitReason, ProcessId};
use steadfast::runtime::Timestamp;

/// One fact.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    /// When it was announced, on the node's clock.
    pub(crate) at: Timestamp,
    /// What.
    pub(crate) event: Event,
}

impl Fact {
    /// The process that ended here, and why.
    pub(crate) const fn exited(&self) -> Option<(ProcessId, &ExitReason)> {
        if let Event::Process(ProcessEvent::Exited { process, reason }) = &self.event {
            Some((*process, reason))
        } else {
            None
        }
    }

    /// The fact, if a supervisor announced it.
    pub(crate) const fn supervision(&self) -> Option<&SupervisionEvent> {
        if let Event::Supervision(event) = &self.event {
            Some(event)
        } else {
            None
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.at, self.event)
    }
}

/// A place in a journal: how many facts came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Mark(pub(super) usize);

#[derive(Default)]
struct Pages {
    facts: Vec<Fact>,
    readers: Vec<Waker>,
}

/// Writes down facts and wakes whoever waits for one. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    pages: Arc<Mutex<Pages>>,
    polls: Arc<AtomicU64>,
}

impl Journal {
    /// A task was polled.
    pub(crate) fn count_poll(&self) {
        self.polls.fetch_add(1, Ordering::Relaxed);
    }

    /// How often a task was polled so far: the work that was done.
    pub(crate) fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    pub(crate) fn write(&self, at: Timestamp, event: Event) {
        let readers = {
            let mut pages = self.lock();
            pages.facts.push(Fact { at, event });
            std::mem::take(&mut pages.readers)
        };
        readers.into_iter().for_each(Waker::wake);
    }

    /// The place after the last fact so far.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.lock().facts.len())
    }

    /// Looks at the facts from `mark` on.
    pub(crate) fn read<T>(&self, mark: Mark, look: impl FnOnce(&[Fact]) -> T) -> T {
        look(&self.lock().facts[mark.0..])
    }

    /// Ready once `look` finds something from `mark` on; otherwise looks again at the
    /// next fact.
    pub(crate) fn poll_for<T>(
        &self,
        mark: Mark,
        look: impl FnOnce(&[Fact]) -> Option<T>,
        context: &Context<'_>,
    ) -> Poll<T> {
        let mut pages = self.lock();
        if let Some(found) = look(&pages.facts[mark.0..]) {
            return Poll::Ready(found);
        }
        let known = |reader: &Waker| reader.will_wake(context.waker());
        if !pages.readers.iter().any(known) {
            pages.readers.push(context.waker().clone());
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// How many of the last facts are worth reading in a failed test.
        const SHOWN: usize = 60;
        let pages = self.lock();
        let hidden = pages.facts.len().saturating_sub(SHOWN);
        writeln!(f, "{} facts, from {hidden} on:", pages.facts.len())?;
        let mut shown = pages.facts[hidden..].iter();
        shown.try_for_each(|fact| writeln!(f, "  {fact}"))
    }
}
