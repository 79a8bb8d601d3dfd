//! A node with a task supervisor and one process that uses it.

use std::time::Duration;

use crate::event::{Event, FailureEvent, ProcessEvent};
use crate::failure::Settlement;
use crate::process::{Context, ExitReason, Node, ProcessId, ProcessSpec};
use crate::supervision::tasks::{TaskSupervisor, TaskSupervisorOptions, TaskSupervisorRef};
use crate::testing::{TestRuntime, run};

pub(super) type Tasks = TaskSupervisorRef<TestRuntime>;

pub(super) const SEEDS: u64 = 50;
pub(super) const SHORT: Duration = Duration::from_millis(10);
pub(super) const LONG: Duration = Duration::from_secs(60);

/// Runs `body` as a process beside a task supervisor, for each seed; everything is
/// stopped then and both promises are checked. Gives how the process ended.
pub(super) fn each_seed<B, F>(
    options: TaskSupervisorOptions,
    body: B,
    check: impl Fn(&[Event], &ExitReason),
) where
    B: Fn(Context<TestRuntime>, Tasks) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    for seed in 0..SEEDS {
        let (runtime, caller) = run(seed, |node: Node<TestRuntime>| {
            let tasks = TaskSupervisor::start(&node, "tasks", options).unwrap();
            let caller = node
                .start(ProcessSpec::new("caller"), |context| {
                    body(context, tasks.clone())
                })
                .unwrap();
            async move {
                node.exited(caller).await;
                tasks.stop().await;
                assert_eq!(node.process_count(), 0);
                (node.runtime().clone(), caller)
            }
        });
        runtime.assert_books_balance();
        let events = runtime.events();
        check(&events, &exit_reason(&events, caller));
    }
}

/// How a process ended.
pub(super) fn exit_reason(events: &[Event], process: ProcessId) -> ExitReason {
    let mut ends = exit_reasons(events).into_iter();
    let end = ends.find(|(ended, _)| *ended == process);
    end.expect("the process has ended").1
}

/// How all processes ended, in order.
pub(super) fn exit_reasons(events: &[Event]) -> Vec<(ProcessId, ExitReason)> {
    let mut reasons = Vec::new();
    for event in events {
        if let Event::Process(ProcessEvent::Exited { process, reason }) = event {
            reasons.push((*process, reason.clone()));
        }
    }
    reasons
}

pub(super) fn well(_: &[Event], reason: &ExitReason) {
    assert_eq!(*reason, ExitReason::Normal);
}

pub(super) fn settlements(events: &[Event]) -> Vec<Settlement> {
    let mut settlements = Vec::new();
    for event in events {
        if let Event::Failure(FailureEvent::Settled { how, .. }) = event {
            settlements.push(*how);
        }
    }
    settlements
}

pub(super) async fn forever() {
    std::future::pending::<()>().await;
}
