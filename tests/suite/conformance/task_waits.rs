//! Waiting for tasks: deadlines, late answers, stops, and several at once.

use std::time::Duration;

use steadfast::process::{Context, ExitReason, ProcessSpec};
use steadfast::runtime::Runtime;
use steadfast::supervision::ShutdownPolicy;
use steadfast::supervision::tasks::{
    LateTasks, Task, TaskError, TaskSupervisorRef, WaitMany, Waited, wait_many,
};

use super::harness::{LONG, Ledger, Mark, same};
use super::tasks::{forever, task_supervisor};
use super::{Bench, cases};

cases! {
    d04_a_wait_that_is_over_leaves_nothing_behind,
    d04_a_late_answer_is_discarded,
    d04_an_answer_at_the_last_instant_is_taken,
    d05_a_poll_that_finds_nothing_leaves_the_answer_for_later,
    d05_an_answer_and_an_end_that_are_both_there_are_one_answer,
    d06_a_stop_gives_the_answer_that_is_there,
    d06_a_stop_of_a_task_without_an_answer_gives_none,
    d06_a_stop_of_a_task_that_fails_gives_its_failure,
    d06_a_stop_that_takes_too_long_kills,
    d07_a_task_has_one_owner_who_can_pass_it_on,
    d09_enough_answers_are_enough,
    d09_late_tasks_are_kept_ignored_or_killed_as_told,
}

const SECOND: Duration = Duration::from_secs(1);
/// What a step may cost in simulation, where polling is not free.
const STEP: Duration = Duration::from_millis(1);

/// A task that answers `number` after that many seconds.
fn after<R: Runtime>(
    tasks: &TaskSupervisorRef<R>,
    caller: &Context<R>,
    number: u32,
) -> Task<R, u32> {
    let task = tasks.spawn_async(caller, "slow", move |own| async move {
        own.runtime().sleep(number * SECOND).await;
        number
    });
    task.expect("it starts")
}

async fn d04_a_wait_that_is_over_leaves_nothing_behind<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let watched = bench.clone();
    bench
        .perform(|context| async move {
            let task = after(&tasks, &context, 60);
            let process = task.id();
            let (mark, began) = (watched.mark(), watched.now());
            let late = TaskError::TimedOut {
                name: "slow".into(),
                process,
                limit: 5 * SECOND,
            };
            assert_eq!(task.wait(5 * SECOND).await, Err(late));
            let took = watched.now().since(began);
            assert!(took >= 5 * SECOND && took < 5 * SECOND + STEP, "{took:?}");
            watched.quiet().await;
            // The task was stopped, and nobody hears of it.
            assert_eq!(watched.exits(mark), [(process, ExitReason::SHUTDOWN)]);
            assert_eq!(tasks.task_count(), 0);
            assert_eq!(context.try_signal(), None);
            watched.pass(LONG).await;
            assert_eq!(context.try_signal(), None);
        })
        .await;
    same(&bench, &bench.incidents(Mark::default()), &Vec::new());
}

async fn d04_a_late_answer_is_discarded<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let watched = bench.clone();
    bench
        .perform(|context| async move {
            // It answers all the same, though it was asked to stop.
            let task = tasks.spawn_async(&context, "deaf", |own| async move {
                own.trap_exit(true);
                own.runtime().sleep(3 * SECOND).await;
                7
            });
            let task = task.expect("it starts");
            let process = task.id();
            let answer = task.wait(SECOND).await;
            assert!(
                matches!(answer, Err(TaskError::TimedOut { .. })),
                "{answer:?}"
            );
            assert_eq!(watched.exit_of(process).await, ExitReason::Normal);
            watched.quiet().await;
            assert_eq!(context.try_signal(), None);
            assert_eq!(tasks.task_count(), 0);
        })
        .await;
    same(&bench, &bench.incidents(Mark::default()), &Vec::new());
}

async fn d04_an_answer_at_the_last_instant_is_taken<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let watched = bench.clone();
    bench
        .perform(|context| async move {
            let task = tasks.spawn_async(&context, "quick", |_| async { 7 });
            let task = task.expect("it starts");
            watched.quiet().await;
            assert_eq!(task.wait(Duration::ZERO).await, Ok(7));
        })
        .await;
}

async fn d05_a_poll_that_finds_nothing_leaves_the_answer_for_later<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    bench
        .perform(|context| async move {
            let mut task = after(&tasks, &context, 3);
            let process = task.id();
            assert_eq!(task.poll_for(Duration::ZERO).await, None);
            assert_eq!(task.poll_for(SECOND).await, None);
            assert!(context.node().is_alive(process));
            assert_eq!(task.poll_for(LONG).await, Some(Ok(3)));
            // The answer is given once.
            let again = task.poll_for(LONG).await;
            let taken = TaskError::AnswerTaken {
                name: "slow".into(),
                process,
            };
            assert_eq!(again, Some(Err(taken.clone())));
            assert_eq!(task.wait(LONG).await, Err(taken));
        })
        .await;
}

async fn d05_an_answer_and_an_end_that_are_both_there_are_one_answer<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let watched = bench.clone();
    bench
        .perform(|context| async move {
            let mut task = tasks
                .spawn_async(&context, "quick", |_| async { 7 })
                .expect("it starts");
            let monitor = context.monitor(task.id());
            watched.exit_of(task.id()).await;
            watched.quiet().await;
            assert_eq!(task.poll_for(Duration::ZERO).await, Some(Ok(7)));
            context.demonitor(monitor);
            assert_eq!(context.try_signal(), None);

            let mut bad = tasks
                .spawn_async_nolink(&context, "bad", |_| async { panic!("boom") })
                .expect("it starts");
            watched.exit_of(bad.id()).await;
            watched.quiet().await;
            let answer: Option<Result<(), _>> = bad.poll_for(Duration::ZERO).await;
            assert!(
                matches!(answer, Some(Err(TaskError::Exited { .. }))),
                "{answer:?}"
            );
        })
        .await;
}

async fn d06_a_stop_gives_the_answer_that_is_there<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let watched = bench.clone();
    bench
        .perform(|context| async move {
            for policy in [
                ShutdownPolicy::Brutal,
                ShutdownPolicy::Timeout(SECOND),
                ShutdownPolicy::Infinite,
            ] {
                let task = tasks.spawn_async(&context, "quick", |_| async { 7 });
                let task = task.expect("it starts");
                watched.quiet().await;
                assert_eq!(task.shutdown(policy).await, Ok(Some(7)));
            }
            // One that answers while it is asked to stop is in time, too.
            let task = tasks.spawn_async(&context, "obliging", |own| async move {
                own.trap_exit(true);
                own.exit_requested().await;
                8
            });
            let task = task.expect("it starts");
            watched.quiet().await;
            let answer = task.shutdown(ShutdownPolicy::Timeout(SECOND)).await;
            assert_eq!(answer, Ok(Some(8)));
        })
        .await;
}

async fn d06_a_stop_of_a_task_without_an_answer_gives_none<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let watched = bench.clone();
    bench
        .perform(|context| async move {
            for (policy, reason) in [
                (ShutdownPolicy::Brutal, ExitReason::Killed),
                (ShutdownPolicy::Timeout(SECOND), ExitReason::SHUTDOWN),
                (ShutdownPolicy::Infinite, ExitReason::SHUTDOWN),
            ] {
                let task = tasks.spawn_async(&context, "idle", |_| forever());
                let task = task.expect("it starts");
                let process = task.id();
                watched.quiet().await;
                assert_eq!(task.shutdown(policy).await, Ok(None));
                // It is gone when the stop returns, and the link said nothing.
                assert!(!context.node().is_alive(process));
                assert_eq!(watched.exit_of(process).await, reason);
                assert_eq!(context.try_signal(), None);
            }
        })
        .await;
    same(&bench, &bench.incidents(Mark::default()), &Vec::new());
}

async fn d06_a_stop_of_a_task_that_fails_gives_its_failure<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let watched = bench.clone();
    bench
        .perform(|context| async move {
            let task = tasks.spawn_async_nolink(&context, "bad", |_| async { panic!("boom") });
            let task: Task<R, ()> = task.expect("it starts");
            let (name, process) = (task.name().clone(), task.id());
            watched.quiet().await;
            let answer = task.shutdown(ShutdownPolicy::Infinite).await;
            let reason = ExitReason::Panic("boom".into());
            let failed = TaskError::Exited {
                name,
                process,
                reason,
            };
            assert_eq!(answer, Err(failed));
            // Also one that fails only when it is asked to stop.
            let task = tasks.spawn_async(&context, "rude", |own| async move {
                own.trap_exit(true);
                let reason = own.exit_requested().await;
                assert!(reason.is_abnormal(), "not now");
            });
            let task = task.expect("it starts");
            let (name, process) = (task.name().clone(), task.id());
            watched.quiet().await;
            let answer = task.shutdown(ShutdownPolicy::Infinite).await;
            let reason = ExitReason::Panic("not now".into());
            let failed = TaskError::Exited {
                name,
                process,
                reason,
            };
            assert_eq!(answer, Err(failed));
            assert_eq!(context.try_signal(), None);
        })
        .await;
    same(&bench, &bench.incidents(Mark::default()), &Vec::new());
}

async fn d06_a_stop_that_takes_too_long_kills<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let watched = bench.clone();
    bench
        .perform(|context| async move {
            let task = tasks.spawn_async(&context, "deaf", |own| async move {
                own.trap_exit(true);
                forever().await;
            });
            let task = task.expect("it starts");
            let (name, process) = (task.name().clone(), task.id());
            watched.quiet().await;
            let began = watched.now();
            let answer = task.shutdown(ShutdownPolicy::Timeout(3 * SECOND)).await;
            let took = watched.now().since(began);
            assert!(took >= 3 * SECOND && took < 3 * SECOND + STEP, "{took:?}");
            // As in Elixir, a task that had to be killed has exited with that.
            let reason = ExitReason::Killed;
            let failed = TaskError::Exited {
                name,
                process,
                reason,
            };
            assert_eq!(answer, Err(failed));
            assert_eq!(context.try_signal(), None);
        })
        .await;
}

/// Tells at compile time whether a type can be cloned: a handle that could be would
/// have two owners, and two could wait for one answer.
trait Single<A> {
    const PROVED: () = ();
}

struct Cloneable;

impl<T> Single<()> for T {}
impl<T: Clone> Single<Cloneable> for T {}

async fn d07_a_task_has_one_owner_who_can_pass_it_on<R: Runtime>(bench: Bench<R>) {
    // Ambiguous, and so an error, if a task could be cloned.
    let () = <Task<R, u32> as Single<_>>::PROVED;
    let tasks = task_supervisor(&bench);
    let (answers, handles) = (Ledger::default(), Ledger::default());
    let (given, handed) = (answers.clone(), handles.clone());
    let first = bench.start(ProcessSpec::new("first"), |context| async move {
        handed.write(after(&tasks, &context, 3));
        forever().await;
    });
    bench.quiet().await;
    let task: Task<R, u32> = handles.take_one();
    // Whoever holds the handle owns the task; to wait uses it up.
    let second = bench.start(ProcessSpec::new("second"), |_| async move {
        given.write(task.wait(LONG).await);
    });
    same(&bench, &bench.exit_of(second).await, &ExitReason::Normal);
    same(&bench, &answers.take_one(), &Ok(3));
    assert!(bench.node().is_alive(first));
}

/// What came of each of several tasks, in short.
fn words<R: Runtime>(waited: &[Waited<R, u32>]) -> Vec<String> {
    let words = waited.iter().map(|waited| match waited {
        Waited::Done(Ok(number)) => number.to_string(),
        Waited::Done(Err(error)) => error.to_string(),
        Waited::Pending(_) => "pending".to_owned(),
        Waited::Ignored => "ignored".to_owned(),
        Waited::Killed(TaskError::TimedOut { .. }) => "killed".to_owned(),
        Waited::Killed(error) => format!("killed: {error}"),
    });
    words.collect()
}

async fn d09_enough_answers_are_enough<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let watched = bench.clone();
    bench
        .perform(|context| async move {
            let started = [5, 1, 9, 3, 7].map(|number| after(&tasks, &context, number));
            let began = watched.now();
            let options = WaitMany::new(LONG).count(3).late(LateTasks::Kill);
            let waited = wait_many(started.into(), options).await;
            let took = watched.now().since(began);
            assert!(took >= 5 * SECOND && took < 5 * SECOND + STEP, "{took:?}");
            assert_eq!(words(&waited), ["5", "1", "pending", "3", "pending"]);
            // Those that are left go on, and can be waited for again.
            let left = waited.into_iter().filter_map(|waited| match waited {
                Waited::Pending(task) => Some(task),
                Waited::Done(_) | Waited::Ignored | Waited::Killed(_) => None,
            });
            let waited = wait_many(left.collect(), WaitMany::new(LONG)).await;
            assert_eq!(words(&waited), ["9", "7"]);
            let took = watched.now().since(began);
            assert!(took >= 9 * SECOND && took < 9 * SECOND + STEP, "{took:?}");
            assert!(wait_many::<R, u32>(Vec::new(), options).await.is_empty());
        })
        .await;
}

async fn d09_late_tasks_are_kept_ignored_or_killed_as_told<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let watched = bench.clone();
    bench
        .perform(|context| async move {
            for (late, word, left) in [
                (LateTasks::Keep, "pending", 2),
                (LateTasks::Ignore, "ignored", 2),
                (LateTasks::Kill, "killed", 0),
            ] {
                let started = [1, 50, 2, 60].map(|number| after(&tasks, &context, number));
                let processes = started.each_ref().map(Task::id);
                let began = watched.now();
                let options = WaitMany::new(10 * SECOND).late(late);
                let waited = wait_many(started.into(), options).await;
                let took = watched.now().since(began);
                assert!(took >= 10 * SECOND && took < 10 * SECOND + STEP, "{took:?}");
                assert_eq!(words(&waited), ["1", word, "2", word]);
                assert_eq!(tasks.task_count(), left, "{late:?}");
                // What was ignored runs to its own end, and what is dropped is stopped.
                drop(waited);
                watched.pass(LONG).await;
                assert_eq!(tasks.task_count(), 0);
                let reason = match late {
                    LateTasks::Keep => ExitReason::SHUTDOWN,
                    LateTasks::Ignore => ExitReason::Normal,
                    LateTasks::Kill => ExitReason::Killed,
                };
                assert_eq!(watched.exit_of(processes[3]).await, reason);
                assert_eq!(context.try_signal(), None);
            }
        })
        .await;
    same(&bench, &bench.incidents(Mark::default()), &Vec::new());
}
