//! What code holds of a task supervisor.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{StartTaskError, StreamOptionsError};
use super::options::{StreamOptions, TaskSpec};
use super::shift::Shift;
use super::stream::TaskStream;
use super::task::Task;
use crate::label::Label;
use crate::process::{Context, ExitReason, IntoExit, ProcessId};
use crate::runtime::Runtime;

/// A task supervisor, for starting tasks. Cheap to clone.
///
/// It stays good over restarts of the supervisor: it always means the process that
/// runs now. While none runs, starts are refused with
/// [`StartTaskError::NotRunning`].
///
/// `work` is called inside the task with the task's own context, so that a panic in
/// it is a panic of the task.
pub struct TaskSupervisorRef<R: Runtime>(Arc<Mutex<Option<Arc<Shift<R>>>>>);

impl<R: Runtime> Clone for TaskSupervisorRef<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Runtime> TaskSupervisorRef<R> {
    /// Starts a task for its effects only. Its failure is reported by the task
    /// supervisor; the caller learns nothing of it. It is not tied to the caller:
    /// it lives on when the caller ends, and ends with the task supervisor.
    ///
    /// # Errors
    ///
    /// See [`StartTaskError`].
    pub fn start_child<W, F>(
        &self,
        caller: &Context<R>,
        spec: impl Into<TaskSpec>,
        work: W,
    ) -> Result<ProcessId, StartTaskError>
    where
        W: FnOnce(Context<R>) -> F + Send + 'static,
        F: Future + Send + 'static,
        F::Output: IntoExit,
    {
        let body = move |context| async move { work(context).await.into_exit() };
        self.shift()?.spawn(caller, spec.into(), false, None, body)
    }

    /// Starts a task for its value and links it to the caller: when the task fails,
    /// the caller gets an exit signal with its reason; when the caller fails, so
    /// does the task.
    ///
    /// # Errors
    ///
    /// See [`StartTaskError`].
    pub fn spawn_async<T, W, F>(
        &self,
        caller: &Context<R>,
        spec: impl Into<TaskSpec>,
        work: W,
    ) -> Result<Task<R, T>, StartTaskError>
    where
        T: Send + 'static,
        W: FnOnce(Context<R>) -> F + Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        Task::start(self.shift()?, caller, spec.into(), true, work)
    }

    /// Starts a task for its value, not linked: when the task fails, whoever waits
    /// for it gets an error, and nobody else is touched.
    ///
    /// # Errors
    ///
    /// See [`StartTaskError`].
    pub fn spawn_async_nolink<T, W, F>(
        &self,
        caller: &Context<R>,
        spec: impl Into<TaskSpec>,
        work: W,
    ) -> Result<Task<R, T>, StartTaskError>
    where
        T: Send + 'static,
        W: FnOnce(Context<R>) -> F + Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        Task::start(self.shift()?, caller, spec.into(), false, work)
    }

    /// Runs `work` on each input, a bounded number at once, each in a task that is
    /// linked to the caller. Nothing is started before the first
    /// [`next`](TaskStream::next).
    ///
    /// # Errors
    ///
    /// See [`StreamOptionsError`].
    pub fn stream<'a, Inputs, T, W, F>(
        &self,
        caller: &'a Context<R>,
        inputs: Inputs,
        options: StreamOptions<Inputs::Item>,
        work: W,
    ) -> Result<TaskStream<'a, R, Inputs::IntoIter, W, T>, StreamOptionsError>
    where
        Inputs: IntoIterator,
        Inputs::Item: Send + 'static,
        T: Send + 'static,
        W: Fn(Context<R>, Inputs::Item) -> F + Send + Sync + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        TaskStream::new(
            self.clone(),
            caller,
            inputs.into_iter(),
            options,
            true,
            work,
        )
    }

    /// As [`stream`](Self::stream), with tasks that are not linked: one that fails
    /// is an error in its place of the stream.
    ///
    /// # Errors
    ///
    /// See [`StreamOptionsError`].
    pub fn stream_nolink<'a, Inputs, T, W, F>(
        &self,
        caller: &'a Context<R>,
        inputs: Inputs,
        options: StreamOptions<Inputs::Item>,
        work: W,
    ) -> Result<TaskStream<'a, R, Inputs::IntoIter, W, T>, StreamOptionsError>
    where
        Inputs: IntoIterator,
        Inputs::Item: Send + 'static,
        T: Send + 'static,
        W: Fn(Context<R>, Inputs::Item) -> F + Send + Sync + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        TaskStream::new(
            self.clone(),
            caller,
            inputs.into_iter(),
            options,
            false,
            work,
        )
    }

    /// The process of the supervisor; `None` if it has not been started.
    #[must_use]
    pub fn id(&self) -> Option<ProcessId> {
        self.current().map(|shift| shift.supervisor())
    }

    /// The tasks that exist, oldest first, with the ids that events name them by.
    #[must_use]
    pub fn tasks(&self) -> Vec<(ProcessId, Label)> {
        let shift = self.current();
        shift.map_or_else(Vec::new, |shift| shift.with_roster(|roster| roster.list()))
    }

    /// How many tasks exist, those on their way out included.
    #[must_use]
    pub fn task_count(&self) -> usize {
        let shift = self.current();
        shift.map_or(0, |shift| shift.with_roster(|roster| roster.len()))
    }

    /// Asks the supervisor to shut down and waits until it and all tasks have
    /// ended. For one without a supervisor above it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the wait only.
    pub async fn stop(&self) {
        if let Some(shift) = self.current() {
            let ended = shift.node().exited(shift.supervisor());
            shift.node().exit(shift.supervisor(), &ExitReason::SHUTDOWN);
            // However it ended, it is gone.
            drop(ended.await);
        }
    }

    pub(super) fn vacant() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    pub(super) fn serve(&self, shift: Arc<Shift<R>>) {
        let before = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(shift);
        // An earlier run may be the last holder of its node; not under the lock.
        drop(before);
    }

    pub(super) fn shift(&self) -> Result<Arc<Shift<R>>, StartTaskError> {
        self.current().ok_or(StartTaskError::NotRunning)
    }

    fn current(&self) -> Option<Arc<Shift<R>>> {
        let shift = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shift.clone()
    }
}

impl<R: Runtime> fmt::Debug for TaskSupervisorRef<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskSupervisorRef")
            .field("process", &self.id())
            .field("tasks", &self.task_count())
            .finish()
    }
}
