//! The process that restarts services on request, one request at a time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::error::RestartServiceError;
use super::hub::Hub;
use super::status::BootState;
use crate::label::Label;
use crate::process::{Context, FullPolicy, Reply};
use crate::runtime::Runtime;
use crate::supervision::{CallError, RestartChildError, SupervisorRef, TerminateChildError};

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

/// Stops the service and its dependents in reverse order and starts them in order.
///
/// Meanwhile the supervisor goes on restarting what fails; a service that it has
/// started again in between is not started twice.
async fn restart<R: Runtime>(hub: &Hub<R>, service: &Label) -> Result<(), RestartServiceError> {
    let (group, state) = hub.with_board(|board| {
        let mut group = vec![service.clone()];
        group.extend(board.plan().dependents(service));
        (group, board.state())
    });
    let services = hub.services().filter(|_| state == BootState::Running);
    let services = services.ok_or(RestartServiceError::NotRunning)?;
    // How long stops and starts may take is up to each service; the desk waits.
    let services = services.with_limit(Duration::MAX);
    for name in group.iter().rev() {
        match services.terminate_child(name).await {
            // Not there: nothing to stop, and the start will say so.
            Ok(()) | Err(TerminateChildError::NotFound) => {}
            Err(TerminateChildError::Call(call)) => return Err(interrupted(call)),
        }
    }
    let mut down = BTreeSet::new();
    let mut failed = Ok(());
    for name in group {
        if down.contains(&name) {
            continue;
        }
        if let Err(error) = start(&services, &name).await {
            // What depends on it stays down too; the others of the group start.
            down.extend(hub.with_board(|board| board.plan().dependents(&name)));
            failed = failed.and(Err(error));
        }
    }
    failed
}

async fn start<R: Runtime>(
    services: &SupervisorRef<R>,
    name: &Label,
) -> Result<(), RestartServiceError> {
    match services.restart_child(name).await {
        // It is up, is being brought up by the supervisor, or does not want to run.
        Ok(_)
        | Err(
            RestartChildError::Running | RestartChildError::Restarting | RestartChildError::Ignored,
        ) => Ok(()),
        Err(RestartChildError::Failed(reason)) => Err(RestartServiceError::Failed {
            service: name.clone(),
            reason,
        }),
        Err(RestartChildError::NotFound) => Err(RestartServiceError::Interrupted),
        Err(RestartChildError::Call(call)) => Err(interrupted(call)),
    }
}

const fn interrupted(call: CallError) -> RestartServiceError {
    match call {
        CallError::Gone | CallError::Stopping => RestartServiceError::Interrupted,
        CallError::TimedOut { limit } => RestartServiceError::TimedOut { limit },
        CallError::Overloaded { limit } => RestartServiceError::Overloaded { limit },
    }
}
