//! The process that checks one service, again and again.

use std::sync::Arc;

use super::health::{Health, HealthCheck, Observation};
use super::hub::Hub;
use crate::label::Label;
use crate::process::{Context, ProcessId};
use crate::runtime::Runtime;
use crate::supervision::ShutdownPolicy;
use crate::supervision::tasks::{TaskError, TaskSpec, TaskSupervisorRef};

/// Checks the service called `name` for ever. Each run is a task of `runs`.
pub(super) async fn run<R: Runtime>(
    context: Context<R>,
    hub: Arc<Hub<R>>,
    runs: TaskSupervisorRef<R>,
    name: Label,
    check: HealthCheck<R>,
) {
    loop {
        let process = hub.with_board(|board| board.process(&name));
        if let Some(process) = process {
            let observation = observe(&context, &runs, &name, &check, process).await;
            hub.record(&context, &name, process, observation);
        }
        context.runtime().sleep(check.interval).await;
    }
}

/// Runs the check once.
async fn observe<R: Runtime>(
    context: &Context<R>,
    runs: &TaskSupervisorRef<R>,
    name: &Label,
    check: &HealthCheck<R>,
    process: ProcessId,
) -> Observation {
    let body = check.body.clone();
    let spec = TaskSpec::new(name).shutdown(ShutdownPolicy::Brutal);
    let started = runs.spawn_async_nolink(context, spec, move |own| body(own, process));
    let task = match started {
        Ok(task) => task,
        Err(refused) => return Observation::Failed(format!("not checked: {refused}").into()),
    };
    match task.wait(check.limit).await {
        Ok(Ok(Health::Good)) => Observation::Good,
        Ok(Ok(Health::Degraded(how))) => Observation::Degraded(how),
        Ok(Err(reason)) => Observation::Failed(format!("check failed: {reason}").into()),
        Err(TaskError::Exited { reason, .. }) => {
            Observation::Failed(format!("check failed: {reason}").into())
        }
        Err(TaskError::TimedOut { limit, .. }) => {
            Observation::Failed(format!("no answer within {limit:?}").into())
        }
        Err(
            error @ (TaskError::SupervisorEnded { .. }
            | TaskError::AnswerTaken { .. }
            | TaskError::NotStarted(_)),
        ) => Observation::Failed(format!("not checked: {error}").into()),
    }
}
