//! Starting a task supervisor.

use std::sync::Arc;
use std::time::Duration;

use super::driver::{self, Closing};
use super::handle::TaskSupervisorRef;
use super::options::TaskSupervisorOptions;
use super::shift::Shift;
use crate::event::{Event, SupervisionEvent};
use crate::label::Label;
use crate::process::{Context, ExitReason, Node, ProcessSpec, SpawnError, StartInfo};
use crate::runtime::Runtime;
use crate::supervision::{AutoShutdown, ChildKind, ChildSpec, Strategy};

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

    /// A child of a supervisor, and the handle for what runs under that child. The
    /// handle stays good over restarts; until the child has started it answers
    /// [`NotRunning`](super::StartTaskError::NotRunning). Use the spec once: of two
    /// children made from it, the handle means the one that started last.
    pub fn child_spec<R: Runtime>(
        id: impl Into<Label>,
        options: TaskSupervisorOptions,
    ) -> (ChildSpec<R>, TaskSupervisorRef<R>) {
        let tasks = TaskSupervisorRef::vacant();
        let served = tasks.clone();
        let body = move |context| Self::run(context, &served, options);
        (
            ChildSpec::new(id.into(), ChildKind::Supervisor, body),
            tasks,
        )
    }

    /// The body of a task supervisor that serves `tasks` while it lives.
    fn run<R: Runtime>(
        context: Context<R>,
        tasks: &TaskSupervisorRef<R>,
        options: TaskSupervisorOptions,
    ) -> impl Future<Output = ExitReason> + Send + use<R> {
        // Before the handle is good, so that no task is announced earlier.
        context.announce(&Event::Supervision(SupervisionEvent::SupervisorStarted {
            supervisor: context.id(),
            strategy: Strategy::OneForOne,
            // Tasks are temporary: none is ever restarted.
            intensity: 0,
            period: Duration::ZERO,
            auto_shutdown: AutoShutdown::Never,
            dynamic: true,
        }));
        let shift = Arc::new(Shift::new(&context, options));
        tasks.serve(shift.clone());
        context.ready_with(StartInfo::new(tasks.clone()));
        driver::run(context, Closing(shift))
    }
}
