//! Starting a task supervisor.

use std::sync::Arc;

use super::crew::Crew;
use super::driver::{self, Closing};
use super::handle::TaskSupervisorRef;
use super::options::TaskSupervisorOptions;
use crate::label::Label;
use crate::process::{Context, ExitReason, Node, ProcessSpec, SpawnError, StartInfo};
use crate::runtime::Runtime;

/// A process whose children are tasks. Elixir's `Task.Supervisor`.
///
/// When it is asked to exit it refuses new tasks, asks all tasks at once to shut
/// down, kills each that is late, and ends after the last one.
#[derive(Debug)]
pub enum TaskSupervisor {}

impl TaskSupervisor {
    /// Starts one without a supervisor above it, in the name of the node's owner.
    ///
    /// # Errors
    ///
    /// See [`SpawnError`].
    pub fn start<R: Runtime>(
        node: &Node<R>,
        name: impl Into<Label>,
        options: TaskSupervisorOptions,
    ) -> Result<TaskSupervisorRef<R>, SpawnError> {
        let tasks = TaskSupervisorRef::vacant();
        let spec = ProcessSpec::new(name).trap_exit(true);
        node.start(spec, |context| Self::run(context, &tasks, options))?;
        Ok(tasks)
    }

    /// The body of a task supervisor that serves `tasks` while it lives.
    fn run<R: Runtime>(
        context: Context<R>,
        tasks: &TaskSupervisorRef<R>,
        options: TaskSupervisorOptions,
    ) -> impl Future<Output = ExitReason> + Send + 'static {
        let crew = Arc::new(Crew::new(&context, options));
        tasks.serve(crew.clone());
        context.ready_with(StartInfo::new(tasks.clone()));
        driver::run(context, Closing(crew))
    }
}
