//! Waiting for tasks and stopping them by their handles.

use std::time::Duration;

use super::stage::*;
use crate::event::{Event, SupervisionEvent};
use crate::failure::Settlement;
use crate::process::{Context, ExitReason, Node, Signal};
use crate::runtime::Clock;
use crate::supervision::ShutdownPolicy;
use crate::supervision::tasks::*;
use crate::testing::{TestRuntime, run};

#[test]
fn a_value_arrives_after_its_process_has_ended() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let task = tasks.spawn_async(&context, "answer", |_| async { 42 });
            let task = task.unwrap();
            let process = task.id();
            assert_eq!(task.wait(LONG).await, Ok(42));
            assert!(!context.node().is_alive(process));
        },
        well,
    );
}

#[test]
fn a_linked_task_that_panics_fails_its_caller_with_the_reason() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let task = tasks.spawn_async(&context, "bad", |_| async { panic!("broken") });
            let _never: Result<(), _> = task.unwrap().wait(LONG).await;
            unreachable!("the caller has ended");
        },
        |events, reason| {
            assert_eq!(*reason, ExitReason::Panic("broken".into()));
            assert_eq!(settlements(events), [Settlement::Escalated]);
        },
    );
}

#[test]
fn an_unlinked_task_that_panics_is_an_error_for_who_waits_and_nothing_else() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let task = tasks
                .spawn_async_nolink(&context, "bad", |_| async { panic!("broken") })
                .unwrap();
            let (name, process) = (task.name().clone(), task.id());
            let answer: Result<(), _> = task.wait(LONG).await;
            let reason = ExitReason::Panic("broken".into());
            assert_eq!(
                answer,
                Err(TaskError::Exited {
                    name,
                    process,
                    reason
                })
            );
        },
        |events, reason| {
            assert_eq!(*reason, ExitReason::Normal);
            assert_eq!(settlements(events), [Settlement::Returned]);
        },
    );
}

#[test]
fn a_wait_that_times_out_stops_the_task_and_forgets_its_answer() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let task = tasks
                .spawn_async(&context, "slow", |own| async move {
                    own.trap_exit(true);
                    own.exit_requested().await;
                    7
                })
                .unwrap();
            let answer = task.wait(SHORT).await;
            assert!(
                matches!(answer, Err(TaskError::TimedOut { .. })),
                "{answer:?}"
            );
            context.runtime().sleep(SHORT).await;
            assert_eq!(tasks.task_count(), 0);
            assert_eq!(context.try_signal(), None);
        },
        well,
    );
}

#[test]
fn an_answer_not_yet_there_can_be_polled_for_again_and_is_given_once() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let mut task = tasks
                .spawn_async(&context, "slow", |own| async move {
                    own.runtime().sleep(SHORT * 2).await;
                    "done"
                })
                .unwrap();
            assert_eq!(task.poll_for(SHORT).await, None);
            assert_eq!(task.poll_for(LONG).await, Some(Ok("done")));
            let again = task.poll_for(LONG).await;
            assert!(
                matches!(again, Some(Err(TaskError::AnswerTaken { .. }))),
                "{again:?}"
            );
        },
        well,
    );
}

#[test]
fn a_limit_of_zero_takes_an_answer_that_is_there() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let task = tasks.spawn_async(&context, "quick", |_| async { 1 });
            let task = task.unwrap();
            context.runtime().sleep(SHORT).await;
            assert_eq!(task.wait(Duration::ZERO).await, Ok(1));
        },
        well,
    );
}

#[test]
fn shutting_down_gives_a_value_that_is_there_or_comes_meanwhile() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let ready = tasks.spawn_async(&context, "ready", |_| async { 1 });
            let obliging = tasks.spawn_async(&context, "obliging", |own| async move {
                own.trap_exit(true);
                own.exit_requested().await;
                2
            });
            let idle = tasks.spawn_async(&context, "idle", |_| forever());
            context.runtime().sleep(SHORT).await;
            let policy = ShutdownPolicy::Timeout(SHORT);
            assert_eq!(ready.unwrap().shutdown(policy).await, Ok(Some(1)));
            assert_eq!(obliging.unwrap().shutdown(policy).await, Ok(Some(2)));
            assert_eq!(idle.unwrap().shutdown(policy).await, Ok(None));
        },
        |events, reason| {
            assert_eq!(*reason, ExitReason::Normal);
            assert!(settlements(events).is_empty());
        },
    );
}

#[test]
fn a_task_that_does_not_stop_is_killed_at_its_deadline_and_not_before() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let stubborn = tasks
                .spawn_async(&context, "stubborn", |own| async move {
                    own.trap_exit(true);
                    forever().await;
                })
                .unwrap();
            context.runtime().sleep(SHORT).await;
            let before = context.runtime().now();
            let (name, process) = (stubborn.name().clone(), stubborn.id());
            let stopped = stubborn.shutdown(ShutdownPolicy::Timeout(LONG)).await;
            let reason = ExitReason::Killed;
            let killed = TaskError::Exited {
                name,
                process,
                reason,
            };
            assert_eq!(stopped, Err(killed));
            assert_eq!(context.runtime().now().since(before), LONG);
        },
        |events, reason| {
            assert_eq!(*reason, ExitReason::Normal);
            let kills = events.iter().filter(|event| {
                matches!(
                    event,
                    Event::Supervision(SupervisionEvent::ChildKilled { .. })
                )
            });
            assert_eq!(kills.count(), 1);
        },
    );
}

#[test]
fn a_task_that_fails_while_it_is_stopped_is_an_error() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let task = tasks
                .spawn_async(&context, "bad loser", |own| async move {
                    own.trap_exit(true);
                    own.exit_requested().await;
                    panic!("not so")
                })
                .unwrap();
            context.runtime().sleep(SHORT).await;
            let stopped: Result<Option<()>, _> =
                task.shutdown(ShutdownPolicy::Timeout(SHORT)).await;
            assert!(
                matches!(stopped, Err(TaskError::Exited { .. })),
                "{stopped:?}"
            );
        },
        well,
    );
}

#[test]
fn killing_is_no_failure() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let task = tasks.spawn_async(&context, "idle", |_| forever()).unwrap();
            assert_eq!(task.kill().await, Ok(None));
        },
        |events, reason| {
            assert_eq!(*reason, ExitReason::Normal);
            assert!(settlements(events).is_empty());
        },
    );
}

#[test]
fn an_ignored_task_runs_on_and_its_failure_is_reported() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let task: Task<_, ()> = tasks
                .spawn_async(&context, "late", |own| async move {
                    own.runtime().sleep(SHORT).await;
                    panic!("nobody listens")
                })
                .unwrap();
            task.ignore();
            assert_eq!(tasks.task_count(), 1);
            context.runtime().sleep(SHORT * 2).await;
        },
        |events, reason| {
            assert_eq!(*reason, ExitReason::Normal);
            assert_eq!(settlements(events), [Settlement::Reported]);
        },
    );
}

#[test]
fn waiting_for_many_returns_once_enough_have_answered() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let mut started = Vec::new();
            for pause in [3, 1, 2] {
                let work = move |own: Context<TestRuntime>| async move {
                    own.runtime().sleep(SHORT * pause).await;
                    pause
                };
                started.push(tasks.spawn_async(&context, "one of many", work).unwrap());
            }
            let before = context.runtime().now();
            let waited = wait_many(started, WaitMany::new(LONG).count(2)).await;
            assert_eq!(context.runtime().now().since(before), SHORT * 2);
            assert!(matches!(
                waited[..],
                [Waited::Pending(_), Waited::Done(Ok(1)), Waited::Done(Ok(2))]
            ));
        },
        well,
    );
}

#[test]
fn late_ones_of_many_are_kept_ignored_or_killed_as_asked() {
    for late in [LateTasks::Keep, LateTasks::Ignore, LateTasks::Kill] {
        each_seed(
            TaskSupervisorOptions::default(),
            move |context, tasks| async move {
                let quick = tasks.spawn_async(&context, "quick", |_| async {});
                let slow = tasks.spawn_async(&context, "slow", |_| forever());
                let started = vec![quick.unwrap(), slow.unwrap()];
                let waited = wait_many(started, WaitMany::new(SHORT).late(late)).await;
                assert!(matches!(waited[0], Waited::Done(Ok(()))));
                let left = match (&waited[1], late) {
                    (Waited::Pending(_), LateTasks::Keep) => 1,
                    (Waited::Ignored, LateTasks::Ignore) => 1,
                    (Waited::Killed(TaskError::TimedOut { .. }), LateTasks::Kill) => 0,
                    (other, _) => panic!("{other:?}"),
                };
                assert_eq!(tasks.task_count(), left);
            },
            well,
        );
    }
}

#[test]
fn waiting_for_none_returns_at_once() {
    run(0, |_node: Node<TestRuntime>| async move {
        let none: Vec<Task<TestRuntime, ()>> = Vec::new();
        assert!(wait_many(none, WaitMany::new(LONG)).await.is_empty());
    });
}

#[test]
fn a_caller_that_traps_exits_sees_both_the_signal_and_the_error() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            context.trap_exit(true);
            let task = tasks
                .spawn_async(&context, "bad", |_| async { panic!("broken") })
                .unwrap();
            let process = task.id();
            let answer: Result<(), _> = task.wait(LONG).await;
            assert!(
                matches!(answer, Err(TaskError::Exited { .. })),
                "{answer:?}"
            );
            let signal = context.try_signal();
            assert_eq!(
                signal,
                Some(Signal::Exit {
                    from: Some(process),
                    reason: ExitReason::Panic("broken".into()),
                    linked: true,
                })
            );
        },
        well,
    );
}
