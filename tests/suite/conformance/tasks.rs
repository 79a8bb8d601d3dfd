//! Tasks: where they belong, whom their failures reach, and how they end.

use std::time::Duration;

use steadfast::failure::Severity;
use steadfast::process::{Context, ExitReason, ProcessId, ProcessSpec, Signal};
use steadfast::runtime::Runtime;
use steadfast::supervision::tasks::{
    StreamOptions, TaskError, TaskSupervisor, TaskSupervisorOptions, TaskSupervisorRef,
};
use steadfast::supervision::{Strategy, SupervisorSpec};

use super::harness::{LONG, Ledger, Mark, STOP_LIMIT, same};
use super::{Bench, cases, cases_on_threads};

cases! {
    d01_an_awaited_task_gives_its_value_and_is_a_child_of_the_supervisor,
    d01_a_task_is_linked_to_its_caller,
    d02_a_linked_task_that_panics_fails_its_caller_with_the_reason,
    d02_a_linked_task_that_panics_is_a_signal_for_a_caller_that_traps_exits,
    d02_an_unlinked_task_that_panics_is_an_error_for_its_caller_only,
    d16_a_task_knows_on_whose_behalf_it_works,
    d17_a_supervisor_that_is_killed_takes_all_its_tasks_along,
    d17_a_supervisor_that_is_stopped_takes_all_its_tasks_along,
}

cases_on_threads! {
    d01_an_awaited_task_gives_its_value_and_is_a_child_of_the_supervisor,
    d02_a_linked_task_that_panics_fails_its_caller_with_the_reason,
    d02_an_unlinked_task_that_panics_is_an_error_for_its_caller_only,
    d16_a_task_knows_on_whose_behalf_it_works,
}

const SECOND: Duration = Duration::from_secs(1);
/// What a step may cost in simulation, where polling is not free.
const STEP: Duration = Duration::from_millis(1);

/// A task supervisor at the top of the node.
pub(super) fn task_supervisor<R: Runtime>(bench: &Bench<R>) -> TaskSupervisorRef<R> {
    let options = TaskSupervisorOptions::default();
    let started = TaskSupervisor::start(bench.node(), "tasks", options);
    started.expect("it starts")
}

pub(super) async fn forever() {
    std::future::pending::<()>().await;
}

fn boom() -> ExitReason {
    ExitReason::Panic("boom".into())
}

async fn d01_an_awaited_task_gives_its_value_and_is_a_child_of_the_supervisor<R: Runtime>(
    bench: Bench<R>,
) {
    let tasks = task_supervisor(&bench);
    let journal = bench.clone();
    bench
        .perform(|context| async move {
            let task = tasks.spawn_async(&context, "answer", |own| async move {
                own.runtime().sleep(SECOND).await;
                own.id()
            });
            let task = task.expect("it starts");
            let (process, name) = (task.id(), task.name().to_string());
            assert_eq!(name, "answer");
            assert_eq!(journal.parent_of(process), tasks.id());
            assert_eq!(tasks.tasks(), [(process, "answer#1".into())]);
            let path = context.node().path(process).map(|path| path.to_string());
            assert_eq!(path.as_deref(), Some("tasks/answer#1"));
            assert_eq!(task.wait(LONG).await, Ok(process));
            // The value comes when all of the task is gone.
            assert!(!context.node().is_alive(process));
        })
        .await;
}

async fn d01_a_task_is_linked_to_its_caller<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let (processes, started) = (Ledger::default(), tasks.clone());
    let told = processes.clone();
    let caller = bench.start(ProcessSpec::new("caller"), |context| async move {
        let linked = started.spawn_async(&context, "linked", |_| forever());
        let linked = linked.expect("it starts");
        told.write(linked.id());
        linked.ignore();
        let linked = started.spawn_async(&context, "linked", |_| forever());
        let linked = linked.expect("it starts");
        told.write(linked.id());
        forever().await;
        drop(linked);
    });
    bench.quiet().await;
    let processes: Vec<ProcessId> = processes.take();
    let mark = bench.mark();
    bench.node().exit(caller, &ExitReason::failed("no"));
    bench.quiet().await;
    // The one that was handed over to the supervisor is tied to nobody any more.
    let ended: Vec<_> = bench.exits(mark);
    assert!(ended.contains(&(caller, ExitReason::failed("no"))));
    let task = ended.iter().find(|(process, _)| *process == processes[1]);
    assert!(task.is_some(), "{ended:?}");
    same(&bench, &ended.len(), &2);
    same(&bench, &tasks.task_count(), &1);
}

async fn d02_a_linked_task_that_panics_fails_its_caller_with_the_reason<R: Runtime>(
    bench: Bench<R>,
) {
    let tasks = task_supervisor(&bench);
    let mark = bench.mark();
    let caller = bench.start(ProcessSpec::new("caller"), |context| async move {
        let task = tasks.spawn_async(&context, "bad", |_| async { panic!("boom") });
        let _never: Result<(), _> = task.expect("it starts").wait(LONG).await;
    });
    same(&bench, &bench.exit_of(caller).await, &boom());
    bench.quiet().await;
    // The link has told it; nobody else need be told.
    same(&bench, &bench.exits(mark).len(), &2);
    same(&bench, &bench.incidents(mark), &Vec::new());
}

async fn d02_a_linked_task_that_panics_is_a_signal_for_a_caller_that_traps_exits<R: Runtime>(
    bench: Bench<R>,
) {
    let tasks = task_supervisor(&bench);
    bench
        .perform(|context| async move {
            context.trap_exit(true);
            let task = tasks.spawn_async(&context, "bad", |_| async { panic!("boom") });
            let task = task.expect("it starts");
            let process = task.id();
            let answer: Result<(), _> = task.wait(LONG).await;
            assert!(
                matches!(answer, Err(TaskError::Exited { .. })),
                "{answer:?}"
            );
            let signal = Signal::Exit {
                from: Some(process),
                reason: boom(),
                linked: true,
            };
            assert_eq!(context.try_signal(), Some(signal));
            assert_eq!(context.try_signal(), None);
        })
        .await;
}

async fn d02_an_unlinked_task_that_panics_is_an_error_for_its_caller_only<R: Runtime>(
    bench: Bench<R>,
) {
    let tasks = task_supervisor(&bench);
    let mark = bench.mark();
    bench
        .perform(|context| async move {
            let bystander = tasks.spawn_async_nolink(&context, "good", |own| async move {
                own.runtime().sleep(SECOND).await;
                7
            });
            let bystander = bystander.expect("it starts");
            let bad = tasks.spawn_async_nolink(&context, "bad", |_| async { panic!("boom") });
            let bad = bad.expect("it starts");
            let expected = TaskError::Exited {
                name: "bad".into(),
                process: bad.id(),
                reason: boom(),
            };
            let answer: Result<(), _> = bad.wait(LONG).await;
            assert_eq!(answer, Err(expected));
            assert_eq!(context.try_signal(), None);
            assert_eq!(bystander.wait(LONG).await, Ok(7));
        })
        .await;
    same(&bench, &bench.incidents(mark), &Vec::new());

    // When nobody waits, the supervisor reports it.
    let tasks = task_supervisor(&bench);
    let mark = bench.mark();
    bench
        .perform(|context| async move {
            let started = tasks.start_child(&context, "bad", |_| async {
                Err::<(), _>(ExitReason::failed("no"))
            });
            started.expect("it starts");
        })
        .await;
    bench.quiet().await;
    let reported = bench.incidents(mark);
    same(&bench, &reported.len(), &1);
    same(&bench, &reported[0].0, &Severity::Error);
    assert!(reported[0].1.contains("error: no"), "{reported:?}");
}

/// What a task sees of its callers, nearest first.
fn ancestry<R: Runtime>(own: &Context<R>) -> Vec<ProcessId> {
    own.callers().to_vec()
}

async fn d16_a_task_knows_on_whose_behalf_it_works<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    bench
        .perform(|context| async move {
            assert!(context.callers().is_empty());
            let caller = context.id();
            let inner = tasks.clone();
            let task = tasks.spawn_async(&context, "outer", |own| async move {
                let below = inner.spawn_async(&own, "inner", |own| async move { ancestry(&own) });
                let below = below.expect("it starts").wait(LONG).await;
                (own.id(), ancestry(&own), below)
            });
            let answer = task.expect("it starts").wait(LONG).await;
            let (process, outer, below) = answer.expect("it answers");
            assert_eq!(outer, [caller]);
            assert_eq!(below, Ok(vec![process, caller]));

            // So do children and the tasks of a stream.
            let seen = Ledger::default();
            let told = seen.clone();
            let child = tasks.start_child(&context, "child", |own| async move {
                told.write(ancestry(&own));
            });
            context.node().exited(child.expect("it starts")).await;
            let options = StreamOptions::new(2);
            let work = |own: Context<R>, _: u32| async move { ancestry(&own) };
            let mut stream = tasks
                .stream(&context, 0..3, options, work)
                .expect("the options are right");
            while let Some(item) = stream.next().await {
                seen.write(item.expect("it answers"));
            }
            assert_eq!(seen.take(), vec![vec![caller]; 4]);
        })
        .await;
}

async fn d17_a_supervisor_that_is_killed_takes_all_its_tasks_along<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let supervisor = tasks.id().expect("it runs");
    let (started, answers) = (tasks.clone(), Ledger::default());
    let told = answers.clone();
    let waiting = bench.start(ProcessSpec::new("caller"), |context| async move {
        for _ in 0..5 {
            // Tasks that would not stop by themselves.
            let deaf = started.start_child(&context, "deaf", |own| async move {
                own.trap_exit(true);
                forever().await;
            });
            deaf.expect("it starts");
        }
        let task = started.spawn_async_nolink(&context, "task", |_| forever());
        let task = task.expect("it starts");
        let (name, process) = (task.name().clone(), task.id());
        let answer = task.wait(LONG).await;
        assert_eq!(answer, Err(TaskError::SupervisorEnded { name, process }));
        told.write(context.runtime().now());
    });
    bench.quiet().await;
    same(&bench, &tasks.task_count(), &6);
    let (mark, began) = (bench.mark(), bench.now());
    bench.node().kill(supervisor);
    same(
        &bench,
        &bench.exit_of(supervisor).await,
        &ExitReason::Killed,
    );
    // The waiting caller is told, and no task outlives its supervisor.
    same(&bench, &bench.exit_of(waiting).await, &ExitReason::Normal);
    assert!(answers.take_one().since(began) < STEP);
    same(&bench, &bench.node().process_count(), &0);
    let ends = bench.exits(mark);
    let order = ends.iter().position(|(process, _)| *process == supervisor);
    assert!(order >= Some(6), "{ends:?}");
    same(&bench, &tasks.task_count(), &0);
}

async fn d17_a_supervisor_that_is_stopped_takes_all_its_tasks_along<R: Runtime>(bench: Bench<R>) {
    let options = TaskSupervisorOptions::default();
    let (child, tasks) = TaskSupervisor::child_spec("tasks", options);
    let top = bench
        .supervise(SupervisorSpec::new(Strategy::OneForOne).child(child))
        .await;
    let started = tasks.clone();
    bench
        .perform(|context| async move {
            for _ in 0..5 {
                let task = started.start_child(&context, "task", |_| forever());
                task.expect("it starts");
            }
        })
        .await;
    same(&bench, &tasks.task_count(), &5);
    let mark = bench.mark();
    let stopped = top.stop(STOP_LIMIT).await;
    same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
    same(&bench, &bench.node().process_count(), &0);
    same(&bench, &bench.exits(mark).len(), &7);
    same(&bench, &bench.incidents(Mark::default()), &Vec::new());
}
