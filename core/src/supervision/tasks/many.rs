//! Waiting for several tasks at once.

use std::fmt;
use std::task::Poll;
use std::time::Duration;

use super::error::TaskError;
use super::task::Task;
use crate::runtime::{Runtime, timeout};
use crate::supervision::ShutdownPolicy;

/// How to wait for several tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitMany {
    /// How long to wait for all of them together.
    pub limit: Duration,
    /// How many answers are enough.
    pub count: usize,
    /// What happens to those that have not answered when `limit` passes.
    pub late: LateTasks,
}

/// What happens to tasks that have not answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LateTasks {
    /// They are given back, still running.
    Keep,
    /// They are handed over to their supervisor; see [`Task::ignore`].
    Ignore,
    /// They are killed.
    Kill,
}

impl WaitMany {
    /// Waits for all answers, at most `limit`, and gives late tasks back.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self {
            limit,
            count: usize::MAX,
            late: LateTasks::Keep,
        }
    }

    /// Sets [`count`](Self::count).
    #[must_use]
    pub const fn count(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    /// Sets [`late`](Self::late).
    #[must_use]
    pub const fn late(mut self, late: LateTasks) -> Self {
        self.late = late;
        self
    }
}

/// What came of one of several tasks.
pub enum Waited<R: Runtime, T> {
    /// It answered.
    Done(Result<T, TaskError>),
    /// It has not answered and still runs.
    Pending(Task<R, T>),
    /// It did not answer in time and was handed over to its supervisor.
    Ignored,
    /// It did not answer in time and was killed: [`TaskError::TimedOut`].
    Killed(TaskError),
}

// Not derived: that would ask the runtime to be `Debug`.
impl<R: Runtime, T: fmt::Debug> fmt::Debug for Waited<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(answer) => f.debug_tuple("Done").field(answer).finish(),
            Self::Pending(task) => f.debug_tuple("Pending").field(task).finish(),
            Self::Ignored => f.write_str("Ignored"),
            Self::Killed(error) => f.debug_tuple("Killed").field(error).finish(),
        }
    }
}

/// Waits until `options.count` tasks have answered, or all of them, or the limit
/// has passed. What came of each, in the order of `tasks`. Elixir's `yield_many`.
///
/// When enough have answered in time the others are given back as
/// [`Waited::Pending`]; [`WaitMany::late`] is only about the limit.
///
/// # Cancel safety
///
/// Dropping the future drops the tasks: they are shut down.
pub async fn wait_many<R: Runtime, T>(
    tasks: Vec<Task<R, T>>,
    options: WaitMany,
) -> Vec<Waited<R, T>> {
    let Some(runtime) = tasks.first().map(Task::runtime).cloned() else {
        return Vec::new();
    };
    let enough = options.count.min(tasks.len());
    let mut waited: Vec<_> = tasks.into_iter().map(Waited::Pending).collect();
    let mut done = 0;
    let answers = std::future::poll_fn(|context| {
        for place in &mut waited {
            if done == enough {
                break;
            }
            if let Waited::Pending(task) = place
                && let Poll::Ready(answer) = task.poll_answer(context)
            {
                *place = Waited::Done(answer);
                done += 1;
            }
        }
        if done == enough {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    if timeout(&runtime, options.limit, answers).await.is_ok() {
        return waited;
    }
    settle_late(waited, options).await
}

/// Deals with the tasks that have not answered in time.
async fn settle_late<R: Runtime, T>(
    mut waited: Vec<Waited<R, T>>,
    options: WaitMany,
) -> Vec<Waited<R, T>> {
    if options.late == LateTasks::Kill {
        // All at once; their ends are waited for one by one below.
        for place in &mut waited {
            if let Waited::Pending(task) = place {
                task.begin_stop(ShutdownPolicy::Brutal);
            }
        }
    }
    let mut settled = Vec::with_capacity(waited.len());
    for place in waited {
        settled.push(match (place, options.late) {
            (Waited::Pending(task), LateTasks::Ignore) => {
                task.ignore();
                Waited::Ignored
            }
            (Waited::Pending(task), LateTasks::Kill) => {
                let timed_out = task.timed_out(options.limit).give_back();
                match task.kill().await {
                    Ok(None) => Waited::Killed(timed_out),
                    Ok(Some(value)) => Waited::Done(Ok(value)),
                    Err(failed) => Waited::Done(Err(failed)),
                }
            }
            (place, LateTasks::Keep | LateTasks::Ignore | LateTasks::Kill) => place,
        });
    }
    settled
}
