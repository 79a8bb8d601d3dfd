//! Failures with an identity, which must be settled.
//!
//! Whatever the runtime hands to core code as a failure (a send that was refused,
//! a storage error, a task that panicked, a deadline that passed) becomes a
//! [`Failure`]. It is settled in one of three ways: given back to the caller,
//! escalated as an exit reason, or reported as an incident. One that is dropped
//! unsettled reports itself, so no error disappears in silence.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::event::{Event, FailureEvent};
use crate::label::Label;
use crate::process::{ErrorCause, ExitReason, ProcessId};
use crate::runtime::{Incarnation, NodeId};

/// The identity of one failure. Displayed as `n1.2!7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FailureId {
    /// The node where it happened.
    pub node: NodeId,
    /// The incarnation of that node.
    pub incarnation: Incarnation,
    /// Counts the failures of that incarnation, from 1.
    pub ordinal: u64,
}

impl fmt::Display for FailureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}!{}", self.node, self.incarnation, self.ordinal)
    }
}

/// How bad an incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Expected in operation, such as an unreachable peer.
    Warning,
    /// Not expected.
    Error,
}

/// How a failure was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Settlement {
    /// Given back to the caller as an error value.
    Returned,
    /// Became an exit reason, which a supervisor sees.
    Escalated,
    /// Reported as an incident.
    Reported,
    /// Its holder was ended from outside while it held the failure; the exit of
    /// the holder accounts for it.
    EndedWithHolder,
}

/// Where a failure announces its fate. Implemented by the node.
pub(crate) trait FailureBook: Send + Sync {
    /// Announces a fact.
    fn announce(&self, event: Event);
}

/// Shared with the process that holds the failure: set while its future is being
/// dropped from outside, so that what it held is not called swallowed.
pub(crate) type EndedFlag = Arc<AtomicBool>;

struct Book {
    id: FailureId,
    what: Label,
    ended: Option<EndedFlag>,
    book: Arc<dyn FailureBook>,
}

/// An error of type `E` that must be settled.
///
/// Settle it with [`give_back`](Self::give_back), [`escalate`](Self::escalate) or
/// [`report`](Self::report). Returning it from the body of a process, or turning it
/// into an [`ExitReason`] with `?`, escalates it.
#[must_use = "a failure must be settled: give it back, escalate it or report it"]
pub struct Failure<E> {
    error: E,
    // Taken when settled. Boxed, so that `Result<_, Failure<_>>` stays small.
    open: Option<Box<Book>>,
}

impl<E: Error + 'static> Failure<E> {
    pub(crate) fn deliver(
        id: FailureId,
        process: Option<ProcessId>,
        ended: Option<EndedFlag>,
        book: Arc<dyn FailureBook>,
        error: E,
    ) -> Self {
        let what: Label = ErrorCause::new(&error).to_string().into();
        book.announce(Event::Failure(FailureEvent::Delivered {
            failure: id,
            process,
            what: what.clone(),
        }));
        Self {
            error,
            open: Some(Box::new(Book {
                id,
                what,
                ended,
                book,
            })),
        }
    }

    /// Turns it into an exit reason with its cause chain. Settles the failure.
    #[must_use]
    pub fn escalate(mut self) -> ExitReason {
        self.settle(Settlement::Escalated);
        ExitReason::error(&self.error)
    }
}

impl<E> Failure<E> {
    /// The error.
    pub const fn error(&self) -> &E {
        &self.error
    }

    /// The identity; `None` once settled, which only a settling method can see.
    #[must_use]
    pub fn id(&self) -> Option<FailureId> {
        self.open.as_ref().map(|open| open.id)
    }

    /// Takes the error out, to be returned to the caller as a plain value.
    /// Settles the failure: from here on the caller answers for it.
    pub fn give_back(mut self) -> E
    where
        E: Clone,
    {
        self.settle(Settlement::Returned);
        self.error.clone()
    }

    /// Reports it as an incident. Settles the failure.
    pub fn report(mut self, severity: Severity) {
        if let Some(open) = &self.open {
            open.book.announce(Event::Failure(FailureEvent::Incident {
                severity,
                failure: Some(open.id),
                what: open.what.clone(),
            }));
        }
        self.settle(Settlement::Reported);
    }

    fn settle(&mut self, how: Settlement) {
        if let Some(open) = self.open.take() {
            open.book.announce(Event::Failure(FailureEvent::Settled {
                failure: open.id,
                how,
            }));
        }
    }
}

impl<E> Drop for Failure<E> {
    fn drop(&mut self) {
        let Some(open) = &self.open else { return };
        let ended = open
            .ended
            .as_ref()
            .is_some_and(|ended| ended.load(Ordering::Acquire));
        if ended || std::thread::panicking() {
            self.settle(Settlement::EndedWithHolder);
        } else if let Some(open) = self.open.take() {
            open.book.announce(Event::Failure(FailureEvent::Dropped {
                failure: open.id,
                what: open.what.clone(),
            }));
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("id", &self.id())
            .field("error", &self.error)
            .finish()
    }
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<E: Error + 'static> Error for Failure<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl<E: Error + 'static> From<Failure<E>> for ExitReason {
    fn from(failure: Failure<E>) -> Self {
        failure.escalate()
    }
}
