//! Whoever must have acted on an end before anyone else learns of it.

use super::id::ProcessId;

/// Told of every end of a process of a node.
pub(crate) trait ExitHook: Send + Sync {
    /// The process has ended and everything below it; no link, monitor or supervisor
    /// has been told yet. Called once per process, without a lock held. Must neither
    /// wait nor panic.
    fn process_exited(&self, process: ProcessId);
}
