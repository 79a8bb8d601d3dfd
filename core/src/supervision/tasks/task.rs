//! A task that somebody waits for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as PollContext, Poll};
use std::time::Duration;

use super::error::{StartTaskError, TaskError};
use super::options::TaskSpec;
use super::shift::{Answer, End, Request, Shift};
use crate::failure::{Failure, Severity};
use crate::label::Label;
use crate::process::reply::{ReplyReceiver, ReplySender, reply};
use crate::process::{Context, ExitReason, ProcessId};
use crate::runtime::{Runtime, timeout};
use crate::supervision::ShutdownPolicy;

/// What a waiting handle is told, after the process of the task has ended.
enum Conclusion<T> {
    Value(T),
    /// Without a value, but not by a failure.
    Ended(ExitReason),
    Failed(Failure<TaskError>),
    SupervisorEnded,
}

/// The handle of a task that gives a `T`. Whoever holds it owns the task.
///
/// Dropping the handle shuts the task down, by the policy of its [`TaskSpec`]; so
/// no task outlives the interest in it, unless it is handed over to its supervisor
/// with [`ignore`](Self::ignore). A value is given out only after the process of
/// the task, and all below it, has ended.
#[must_use = "dropping the handle shuts the task down"]
pub struct Task<R: Runtime, T> {
    shift: Arc<Shift<R>>,
    name: Label,
    process: ProcessId,
    caller: ProcessId,
    linked: bool,
    // Whether the link may have told the caller of the end, now or earlier.
    notified: bool,
    answer: ReplyReceiver<Conclusion<T>>,
    // Nothing more is to be done for the task when the handle goes.
    released: bool,
}

impl<R: Runtime, T: Send + 'static> Task<R, T> {
    pub(super) fn start<W, F>(
        shift: Arc<Shift<R>>,
        caller: &Context<R>,
        spec: TaskSpec,
        linked: bool,
        work: W,
    ) -> Result<Self, StartTaskError>
    where
        W: FnOnce(Context<R>) -> F + Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (sender, answer) = reply();
        let value = Arc::new(Mutex::new(None));
        let name = spec.name.clone();
        let told = answer_with(value.clone(), sender);
        let body = move |context| async move {
            let given = work(context).await;
            *value.lock().unwrap_or_else(PoisonError::into_inner) = Some(given);
            ExitReason::Normal
        };
        let process = shift.spawn(caller, spec, linked, Some(told), body)?;
        Ok(Self {
            shift,
            name,
            process,
            caller: caller.id(),
            linked,
            notified: linked,
            answer,
            released: false,
        })
    }
}

impl<R: Runtime, T> Task<R, T> {
    /// The process of the task.
    pub const fn id(&self) -> ProcessId {
        self.process
    }

    /// The name that it was started with.
    pub const fn name(&self) -> &Label {
        &self.name
    }

    /// Waits for the value.
    ///
    /// # Errors
    ///
    /// [`TaskError::TimedOut`] after `limit`; the task is then stopped, and what it
    /// still answers is discarded. [`TaskError::Exited`] if it ended without a value.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the handle: the task is shut down.
    pub async fn wait(mut self, limit: Duration) -> Result<T, TaskError> {
        match self.poll_for(limit).await {
            Some(answer) => answer,
            None => Err(self.timed_out(limit).give_back()),
        }
    }

    /// Waits for the value, but keeps the task when `limit` passes first: `None`
    /// then, and the value may be waited for again.
    ///
    /// # Errors
    ///
    /// Inside: as [`wait`](Self::wait), without `TimedOut`. After the answer was
    /// given once, every later call gives [`TaskError::AnswerTaken`].
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call takes no answer.
    pub async fn poll_for(&mut self, limit: Duration) -> Option<Result<T, TaskError>> {
        let shift = self.shift.clone();
        let answered = std::future::poll_fn(|context| self.poll_answer(context));
        timeout(shift.node().runtime(), limit, answered).await.ok()
    }

    /// Stops the task: asks it to exit and kills it when it is late, as `policy`
    /// says. A value that is there already, or that the task gives while it stops,
    /// is not lost; `None` if it stopped as asked. Unlinks the caller first.
    ///
    /// # Errors
    ///
    /// [`TaskError::Exited`] if the task failed, with
    /// [`Killed`](ExitReason::Killed) if it had to be killed for being late;
    /// [`TaskError::AnswerTaken`] if its answer was taken before.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the answer; the task is stopped all the same.
    pub async fn shutdown(mut self, policy: ShutdownPolicy) -> Result<Option<T>, TaskError> {
        if self.released {
            return Err(self.answer_taken());
        }
        self.begin_stop(policy);
        std::future::poll_fn(|context| self.poll_stopped(context)).await
    }

    /// Kills the task without asking: [`shutdown`](Self::shutdown) with
    /// [`ShutdownPolicy::Brutal`].
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the answer; the task is killed all the same.
    pub async fn kill(self) -> Result<Option<T>, TaskError> {
        self.shutdown(ShutdownPolicy::Brutal).await
    }

    /// Hands the task over to its supervisor: it goes on without a link, as if
    /// [`start_child`](super::TaskSupervisorRef::start_child) had started it. Its
    /// value is discarded, its failure is reported.
    pub fn ignore(mut self) {
        self.withdraw();
        self.released = true;
    }

    pub(super) fn runtime(&self) -> &R {
        self.shift.node().runtime()
    }

    /// Starts to stop the task; the answer can still be polled for.
    pub(super) fn begin_stop(&mut self, policy: ShutdownPolicy) {
        self.unlink();
        self.shift
            .request(Request::Stop(self.process, Some(policy)));
    }

    pub(super) fn poll_answer(
        &mut self,
        context: &mut PollContext<'_>,
    ) -> Poll<Result<T, TaskError>> {
        if self.released {
            return Poll::Ready(Err(self.answer_taken()));
        }
        Pin::new(&mut self.answer).poll(context).map(|conclusion| {
            self.conclude();
            match conclusion {
                Some(Conclusion::Value(value)) => Ok(value),
                Some(Conclusion::Failed(failure)) => Err(failure.give_back()),
                Some(Conclusion::Ended(reason)) => Err(self.exited(reason)),
                Some(Conclusion::SupervisorEnded) | None => Err(self.supervisor_ended()),
            }
        })
    }

    /// As [`poll_answer`](Self::poll_answer), for a task that this handle has asked to
    /// stop: that it stopped is no error.
    pub(super) fn poll_stopped(
        &mut self,
        context: &mut PollContext<'_>,
    ) -> Poll<Result<Option<T>, TaskError>> {
        Pin::new(&mut self.answer).poll(context).map(|conclusion| {
            self.conclude();
            match conclusion {
                Some(Conclusion::Value(value)) => Ok(Some(value)),
                Some(Conclusion::Failed(failure)) => Err(failure.give_back()),
                Some(Conclusion::Ended(_) | Conclusion::SupervisorEnded) | None => Ok(None),
            }
        })
    }

    /// The limit has passed: a failure, to be settled by whoever decides what next.
    pub(super) fn timed_out(&self, limit: Duration) -> Failure<TaskError> {
        let (name, process) = (self.name.clone(), self.process);
        self.shift.failure(
            self.caller,
            TaskError::TimedOut {
                name,
                process,
                limit,
            },
        )
    }

    /// The task has ended and its handle was told: nothing is left to be done, and the
    /// link has nothing to add to a normal end.
    fn conclude(&mut self) {
        self.released = true;
        self.forget_normal_end();
    }

    /// Takes back what the link told the caller of a normal end.
    fn forget_normal_end(&mut self) {
        if std::mem::take(&mut self.notified) {
            let node = self.shift.node();
            node.forget_normal_end(self.caller, self.process);
        }
    }

    fn exited(&self, reason: ExitReason) -> TaskError {
        let (name, process) = (self.name.clone(), self.process);
        let error = TaskError::Exited {
            name,
            process,
            reason,
        };
        self.shift.failure(self.caller, error).give_back()
    }

    fn supervisor_ended(&self) -> TaskError {
        let (name, process) = (self.name.clone(), self.process);
        let error = TaskError::SupervisorEnded { name, process };
        self.shift.failure(self.caller, error).give_back()
    }

    fn answer_taken(&self) -> TaskError {
        TaskError::AnswerTaken {
            name: self.name.clone(),
            process: self.process,
        }
    }

    /// Unties the task from its caller. Whether a failure of it has reached the
    /// caller over the link.
    fn unlink(&mut self) -> bool {
        std::mem::take(&mut self.linked) && self.shift.unlink(self.process, self.caller)
    }

    /// Gives up the answer. Whether the task has ended by now.
    fn withdraw(&mut self) -> bool {
        let told = self.unlink();
        self.forget_normal_end();
        match self.answer.close() {
            Some(Conclusion::Failed(failure)) if told => drop(failure.escalate()),
            Some(Conclusion::Failed(failure)) => failure.report(Severity::Error),
            Some(Conclusion::Value(_) | Conclusion::Ended(_) | Conclusion::SupervisorEnded) => {}
            None => return false,
        }
        true
    }
}

impl<R: Runtime, T> Drop for Task<R, T> {
    fn drop(&mut self) {
        if !self.released && !self.withdraw() {
            self.shift.request(Request::Stop(self.process, None));
        }
    }
}

impl<R: Runtime, T> fmt::Debug for Task<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("name", &self.name)
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}

/// Turns the end of a task into the conclusion that its handle waits for.
fn answer_with<T: Send + 'static>(
    value: Arc<Mutex<Option<T>>>,
    handle: ReplySender<Conclusion<T>>,
) -> Answer {
    Box::new(move |end| {
        let given = value.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (conclusion, left) = match (given, end) {
            (Some(value), End::Exited { failure, .. }) => (Conclusion::Value(value), failure),
            (Some(value), End::SupervisorEnded) => (Conclusion::Value(value), None),
            (None, End::SupervisorEnded) => (Conclusion::SupervisorEnded, None),
            (
                None,
                End::Exited {
                    failure: Some(failure),
                    ..
                },
            ) => (Conclusion::Failed(failure), None),
            (
                None,
                End::Exited {
                    failure: None,
                    reason,
                },
            ) => (Conclusion::Ended(reason), None),
        };
        match handle.send(conclusion) {
            Err(Conclusion::Failed(failure)) => Some(failure),
            Ok(())
            | Err(Conclusion::Value(_) | Conclusion::Ended(_) | Conclusion::SupervisorEnded) => {
                left
            }
        }
    })
}
