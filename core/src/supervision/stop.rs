//! Stopping a supervisor from outside.

use std::time::Duration;

use super::error::StopError;
use crate::process::{ExitReason, Node, ProcessId};
use crate::runtime::{Runtime, timeout};

/// Asks the process to shut down, kills it after `limit`, and waits until it and
/// everything below it is gone.
pub(super) async fn stop<R: Runtime>(
    node: &Node<R>,
    process: ProcessId,
    limit: Duration,
) -> Result<ExitReason, StopError> {
    let ended = node.watch_exit(process);
    node.exit(process, &ExitReason::SHUTDOWN);
    match timeout(node.runtime(), limit, ended).await {
        Ok(Some(reason)) => Ok(reason),
        Ok(None) => Err(StopError::Gone),
        Err(_) => {
            let ended = node.watch_exit(process);
            node.kill(process);
            // No answer means that it ended between the limit and the kill.
            drop(ended.await);
            Err(StopError::Killed { limit })
        }
    }
}
