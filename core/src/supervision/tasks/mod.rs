//! Tasks under a supervisor: work with a result, bounded in number and in time.
//!
//! A [`TaskSupervisor`] is a process whose children are tasks. Tasks are temporary:
//! they are never restarted. The words are those of Elixir's `Task` and
//! `Task.Supervisor`, where they have one:
//!
//! | here | there |
//! |---|---|
//! | [`TaskSupervisorRef::start_child`] | `Task.Supervisor.start_child` |
//! | [`TaskSupervisorRef::spawn_async`] | `Task.Supervisor.async` |
//! | [`TaskSupervisorRef::spawn_async_nolink`] | `Task.Supervisor.async_nolink` |
//! | [`TaskSupervisorRef::stream`], [`stream_nolink`](TaskSupervisorRef::stream_nolink) | `Task.Supervisor.async_stream`, `async_stream_nolink` |
//! | [`Task::wait`] | `Task.await` |
//! | [`Task::poll_for`], [`wait_many`] | `Task.yield`, `Task.yield_many` |
//! | [`Task::shutdown`], [`Task::ignore`] | `Task.shutdown`, `Task.ignore` |
//! | [`Context::callers`](crate::process::Context::callers) | `$callers` |
//!
//! Three rules differ, because a handle here has an owner that the compiler knows:
//! a [`Task`] that is dropped is shut down, a deadline that passes is an error value
//! instead of an exit, and the normal end of a linked task that its owner was told of
//! by the handle is no signal besides.
//!
//! ```
//! use std::time::Duration;
//! # use steadfast::process::{ExitReason, Node, ProcessSpec};
//! # use steadfast::runtime::{NodeId, tokio::TokioRuntime};
//! use steadfast::supervision::tasks::{TaskSupervisor, TaskSupervisorOptions};
//!
//! # let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # executor.block_on(async {
//! # let node = Node::new(TokioRuntime::builder(NodeId(1)).build()?);
//! let tasks = TaskSupervisor::start(&node, "tasks", TaskSupervisorOptions::default())?;
//! let body = async move |context| {
//!     let sum = tasks.spawn_async(&context, "sum", |_| async { (1..=10).sum::<u32>() })?;
//!     assert_eq!(sum.wait(Duration::from_secs(1)).await?, 55);
//!     Ok::<(), ExitReason>(())
//! };
//! let caller = node.start(ProcessSpec::new("caller"), body)?;
//! assert_eq!(node.exited(caller).await, ExitReason::Normal);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every abnormal end of a task is a failure that is settled once: given back to
//! whoever waits for the task, escalated to the caller that is linked to it, or
//! reported by the task supervisor when nobody waits.

mod driver;
mod error;
mod handle;
mod many;
mod options;
mod roster;
mod shift;
mod stream;
mod supervisor;
mod task;
#[cfg(test)]
mod tests;

pub use error::{StartTaskError, StreamOptionsError, TaskError};
pub use handle::TaskSupervisorRef;
pub use many::{LateTasks, WaitMany, Waited, wait_many};
pub use options::{OnTimeout, StreamOptions, TaskSpec, TaskSupervisorOptions};
pub use stream::{StreamError, TaskStream};
pub use supervisor::TaskSupervisor;
pub use task::Task;
