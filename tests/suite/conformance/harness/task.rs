//! A task that tells the journal when it is polled and when it is over.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use steadfast::Label;
use steadfast::runtime::{Clock, Identity};
use steadfast_sim::trace::{TaskEvent, TaskId};

use super::journal::Journal;

/// Which tasks there were, and which of them is being polled. Meant for one thread;
/// on several, only the counts are of use.
#[derive(Default)]
pub(crate) struct Tasks {
    started: AtomicU64,
    polls: AtomicU64,
    polled: AtomicU64,
}

impl Tasks {
    /// How often a task was polled so far.
    pub(crate) fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }
}

/// A task under watch.
pub(crate) struct WatchedTask<R: Clock, F> {
    runtime: R,
    journal: Journal,
    id: TaskId,
    task: Option<Pin<Box<F>>>,
}

impl<R: Clock + Identity, F: Future<Output = ()>> WatchedTask<R, F> {
    /// Watches a task that is about to be spawned.
    pub(crate) fn new(
        runtime: R,
        journal: Journal,
        name: Label,
        place: &Location<'_>,
        task: F,
    ) -> Self {
        let tasks = journal.tasks();
        let id = |ordinal| TaskId {
            node: runtime.node(),
            incarnation: runtime.incarnation(),
            ordinal,
        };
        let owner = tasks.polled.load(Ordering::Relaxed);
        let new = id(tasks.started.fetch_add(1, Ordering::Relaxed) + 1);
        let spawned = TaskEvent::Spawned {
            task: new,
            owner: (owner != 0).then(|| id(owner)),
            name,
            place: format!("{}:{}", place.file(), place.line()).into(),
        };
        journal.write_task(runtime.now(), spawned);
        Self {
            runtime,
            journal,
            id: new,
            task: Some(Box::pin(task)),
        }
    }
}

impl<R: Clock, F: Future<Output = ()>> WatchedTask<R, F> {
    /// Polls the task.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(task) = &mut self.task else {
            return Poll::Ready(());
        };
        let tasks = self.journal.tasks();
        tasks.polls.fetch_add(1, Ordering::Relaxed);
        let outer = tasks.polled.swap(self.id.ordinal, Ordering::Relaxed);
        // The tasks of core contain their panics, so the next line is reached.
        let polled = task.as_mut().poll(context);
        tasks.polled.store(outer, Ordering::Relaxed);
        if polled.is_ready() {
            self.over("returned");
        }
        polled
    }
}

impl<R: Clock, F> WatchedTask<R, F> {
    fn over(&mut self, end: &str) {
        if self.task.take().is_some() {
            let (task, end) = (self.id, end.into());
            let ended = TaskEvent::Ended { task, end };
            self.journal.write_task(self.runtime.now(), ended);
        }
    }
}

impl<R: Clock, F> Drop for WatchedTask<R, F> {
    fn drop(&mut self) {
        self.over("aborted");
    }
}
