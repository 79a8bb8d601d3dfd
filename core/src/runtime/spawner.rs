//! Starting tasks.

use std::future::Future;

use super::task::TaskHandle;
use crate::label::Label;

/// Starts tasks whose end is always reported.
///
/// This is the raw capability: only the process module calls it. Everything else
/// starts work through a supervisor, so that every task has a parent.
pub trait Spawner {
    /// Starts `task` under a name for people and traces.
    ///
    /// The task makes progress whether or not the handle is awaited. However it
    /// ends, the handle learns how: see [`TaskEnd`](super::TaskEnd). Dropping the
    /// handle aborts the task. A panic inside the task stays inside it.
    ///
    /// Implementations record the place of the call and wrap the task with
    /// [`supervised_task`](super::supervised_task), which keeps these promises.
    #[track_caller]
    fn spawn<F>(&self, name: Label, task: F) -> TaskHandle
    where
        F: Future<Output = ()> + Send + 'static;
}
