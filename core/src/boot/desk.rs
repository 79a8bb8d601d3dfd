//! The process that restarts services on request, one request at a time.

use std::sync::Arc;
use std::time::Duration;

use super::error::RestartServiceError;
use super::hub::Hub;
use super::status::BootState;
use crate::label::Label;
use crate::process::{Context, FullPolicy, Reply};
use crate::runtime::Runtime;
use crate::supervision::{CallError, RestartGroupError};

/// How many requests may wait.
pub(super) const ORDERS_MAX: usize = 64;

/// A request: this service is to be restarted.
pub(super) struct Order {
    pub(super) service: Label,
    pub(super) reply: Reply<Result<(), RestartServiceError>>,
}

/// Serves requests until its supervisor ends it.
pub(super) async fn run<R: Runtime>(context: Context<R>, hub: Arc<Hub<R>>) {
    let (address, mut orders) = context.mailbox(ORDERS_MAX, FullPolicy::Reject);
    hub.open_desk(address);
    context.ready();
    while let Some(order) = orders.receive().await {
        let done = restart(&hub, &order.service).await;
        order.reply.answer(done);
    }
}

/// Lets the supervisor stop the service and its dependents in reverse order and start
/// them in order. A service that fails to start is tried again by the supervisor.
async fn restart<R: Runtime>(hub: &Hub<R>, service: &Label) -> Result<(), RestartServiceError> {
    let state = hub.with_board(|board| board.state());
    let services = hub.services().filter(|_| state == BootState::Running);
    let services = services.ok_or(RestartServiceError::NotRunning)?;
    // How long stops and starts may take is up to each service; the desk waits.
    let services = services.with_limit(Duration::MAX);
    match services.restart_group(service).await {
        Ok(()) => Ok(()),
        Err(RestartGroupError::Failed { child, reason }) => Err(RestartServiceError::Failed {
            service: child,
            reason,
        }),
        Err(RestartGroupError::NotFound) => Err(RestartServiceError::Interrupted),
        Err(RestartGroupError::Call(call)) => Err(interrupted(call)),
    }
}

const fn interrupted(call: CallError) -> RestartServiceError {
    match call {
        CallError::Gone | CallError::Stopping => RestartServiceError::Interrupted,
        CallError::TimedOut { limit } => RestartServiceError::TimedOut { limit },
        CallError::Overloaded { limit } => RestartServiceError::Overloaded { limit },
    }
}
