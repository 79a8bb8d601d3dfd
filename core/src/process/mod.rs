//! Processes: supervised tasks with an identity, exit reasons, links and monitors.

mod context;
mod control;
mod exit;
mod exit_hook;
mod id;
mod mailbox;
mod node;
pub(crate) mod reply;
mod signal;
mod table;
mod task;

pub use context::{Context, ProcessSpec};
pub(crate) use control::Start;
pub use control::StartInfo;
pub(crate) use exit::ends_a_process;
pub use exit::{ErrorCause, ExitReason, IntoExit};
pub(crate) use exit_hook::ExitHook;
pub use id::ProcessId;
pub use mailbox::{
    Address, CallError, DeliveryError, DurableMailbox, FullPolicy, LendError, Mailbox, Next, Reply,
    mailbox,
};
pub use node::{Node, SpawnError};
pub use signal::{MonitorRef, Signal};
