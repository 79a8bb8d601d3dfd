//! How a task ends, and the wrapper that makes sure it is told.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEnd {
    /// The task returned.
    Returned,
    /// The task panicked, with this text.
    Panicked(String),
    /// The task was aborted, or its runtime went away under it.
    Aborted,
}

impl fmt::Display for TaskEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned => f.write_str("returned"),
            Self::Panicked(text) => write!(f, "panicked: {text}"),
            Self::Aborted => f.write_str("aborted"),
        }
    }
}

#[derive(Default)]
struct Shared {
    end: Option<TaskEnd>,
    task: Option<Waker>,
    watchers: Vec<Waker>,
}

#[derive(Default)]
struct Ends {
    abort_requested: AtomicBool,
    shared: Mutex<Shared>,
}

#[derive(Clone)]
struct Link(Arc<Ends>);

impl Link {
    #[inline]
    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing that can panic runs under this lock.
        self.0.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be asked after the waker was given: then an abort that this does not see
    /// yet wakes the task.
    #[inline]
    fn is_abort_requested(&self) -> bool {
        self.0.abort_requested.load(Ordering::Acquire)
    }

    fn finish(&self, end: TaskEnd) {
        let watchers = {
            let mut shared = self.lock();
            if shared.end.is_some() {
                return;
            }
            shared.end = Some(end);
            shared.task = None;
            std::mem::take(&mut shared.watchers)
        };
        watchers.into_iter().for_each(Waker::wake);
    }
}

/// The holder's side of a task. Dropping it aborts the task.
#[must_use = "dropping the handle aborts the task"]
pub struct TaskHandle(Link);

impl TaskHandle {
    /// Asks the task to end at its next suspension point. Its destructors run
    /// before the end is reported. Idempotent; no effect on a task that has ended.
    pub fn abort(&self) {
        let waker = {
            let mut shared = self.0.lock();
            self.0.0.abort_requested.store(true, Ordering::Release);
            shared.task.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// How the task ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<TaskEnd> {
        self.0.lock().end.clone()
    }

    /// Waits for the end of the task.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing; the end can be asked for again.
    pub async fn ended(&self) -> TaskEnd {
        std::future::poll_fn(|context| {
            let mut shared = self.0.lock();
            if let Some(end) = &shared.end {
                return Poll::Ready(end.clone());
            }
            if !shared
                .watchers
                .iter()
                .any(|known| known.will_wake(context.waker()))
            {
                shared.watchers.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
}

impl Drop for TaskHandle {
    fn drop(&mut self) {
        self.abort();
    }
}

impl fmt::Debug for TaskHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskHandle").field(&self.end()).finish()
    }
}

/// Wraps a task so that its end is reported whatever happens to it.
///
/// For adapters: hand the returned future to the executor and the handle to the
/// caller. The future catches a panic, ends at an abort request after dropping
/// the task, and reports [`TaskEnd::Aborted`] if the executor drops it.
pub fn supervised_task<F>(task: F) -> (impl Future<Output = TaskEnd> + Send + 'static, TaskHandle)
where
    F: Future<Output = ()> + Send + 'static,
{
    let link = Link(Arc::default());
    let wrapped = SupervisedTask {
        task: Some(Box::pin(task)),
        known: None,
        link: link.clone(),
    };
    (wrapped, TaskHandle(link))
}

struct SupervisedTask<F> {
    task: Option<Pin<Box<F>>>,
    /// The waker that was given to the holder's side, so that it is given once and not
    /// at every poll.
    known: Option<Waker>,
    link: Link,
}

impl<F> SupervisedTask<F> {
    fn drop_task(&mut self) -> Result<(), String> {
        let task = self.task.take();
        std::panic::catch_unwind(AssertUnwindSafe(|| drop(task)))
            .map_err(|payload| panic_text(&*payload))
    }
}

impl<F> Future for SupervisedTask<F>
where
    F: Future<Output = ()>,
{
    type Output = TaskEnd;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<TaskEnd> {
        let this = &mut *self;
        match &this.known {
            Some(known) if known.will_wake(context.waker()) => {}
            _ => {
                this.link.lock().task = Some(context.waker().clone());
                this.known = Some(context.waker().clone());
            }
        }
        let abort = this.link.is_abort_requested();
        let polled = match this.task.as_mut() {
            Some(task) if !abort => {
                std::panic::catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(context)))
            }
            _ => Ok(Poll::Ready(())),
        };
        let reported = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(())) if abort => TaskEnd::Aborted,
            Ok(Poll::Ready(())) => TaskEnd::Returned,
            Err(payload) => TaskEnd::Panicked(panic_text(&*payload)),
        };
        // Destructors run before the end is visible, so that a watcher may rely on them.
        let end = match this.drop_task() {
            Ok(()) => reported,
            Err(text) => TaskEnd::Panicked(text),
        };
        this.link.finish(end.clone());
        Poll::Ready(end)
    }
}

impl<F> Drop for SupervisedTask<F> {
    fn drop(&mut self) {
        if self.task.is_some() {
            let end = match self.drop_task() {
                Ok(()) => TaskEnd::Aborted,
                Err(text) => TaskEnd::Panicked(text),
            };
            self.link.finish(end);
        }
    }
}

/// The text of a panic, for payloads that are text.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without text".to_owned()
    }
}
