//! What tasks promise, over many interleavings.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::event::{Event, FailureEvent, ProcessEvent, SupervisionEvent};
use crate::failure::Settlement;
use crate::process::{Context, ExitReason, Node, ProcessId, ProcessSpec, Signal};
use crate::runtime::Clock;
use crate::supervision::ShutdownPolicy;
use crate::testing::{TestRuntime, run};

type Tasks = TaskSupervisorRef<TestRuntime>;

const SEEDS: u64 = 50;
pub(super) const SHORT: Duration = Duration::from_millis(10);
pub(super) const LONG: Duration = Duration::from_secs(60);

/// Runs `body` as a process beside a task supervisor, for each seed; everything is
/// stopped then and both promises are checked. Gives how the process ended.
pub(super) fn each_seed<B, F>(options: TaskSupervisorOptions, body: B, check: impl Fn(&[Event], ExitReason))
where
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
        check(&events, exit_reason(&events, caller));
    }
}

/// How a process ended.
fn exit_reason(events: &[Event], process: ProcessId) -> ExitReason {
    let mut ends = exit_reasons(events).into_iter();
    let end = ends.find(|(ended, _)| *ended == process);
    end.expect("the process has ended").1
}

/// How all processes ended, in order.
pub(super) fn exit_reasons(events: &[Event]) -> Vec<(ProcessId, ExitReason)> {
    let ends = events.iter().filter_map(|event| match event {
        Event::Process(ProcessEvent::Exited { process, reason }) => {
            Some((*process, reason.clone()))
        }
        _ => None,
    });
    ends.collect()
}

pub(super) fn well(_: &[Event], reason: ExitReason) {
    assert_eq!(reason, ExitReason::Normal);
}

pub(super) fn settlements(events: &[Event]) -> Vec<Settlement> {
    let settled = events.iter().filter_map(|event| match event {
        Event::Failure(FailureEvent::Settled { how, .. }) => Some(*how),
        _ => None,
    });
    settled.collect()
}

pub(super) async fn forever() {
    std::future::pending().await
}

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
            assert_eq!(reason, ExitReason::Panic("broken".into()));
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
            assert_eq!(reason, ExitReason::Normal);
            assert_eq!(settlements(events), [Settlement::Returned]);
        },
    );
}

#[test]
fn a_failure_that_nobody_waits_for_is_reported_once() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            tasks
                .start_child(&context, "bad", |_| async {
                    Err::<(), _>(ExitReason::failed("no disk"))
                })
                .unwrap();
            context.runtime().sleep(SHORT).await;
        },
        |events, reason| {
            assert_eq!(reason, ExitReason::Normal);
            assert_eq!(settlements(events), [Settlement::Reported]);
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
            assert_eq!(reason, ExitReason::Normal);
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
            let stopped = stubborn.shutdown(ShutdownPolicy::Timeout(LONG)).await;
            assert_eq!(stopped, Ok(None));
            assert_eq!(context.runtime().now().since(before), LONG);
        },
        |events, reason| {
            assert_eq!(reason, ExitReason::Normal);
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
            assert_eq!(reason, ExitReason::Normal);
            assert!(settlements(events).is_empty());
        },
    );
}

#[test]
fn a_dropped_handle_shuts_its_task_down() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let linked = tasks.spawn_async(&context, "linked", |_| forever());
            let loose = tasks.spawn_async_nolink(&context, "loose", |_| forever());
            drop((linked, loose));
            context.runtime().sleep(SHORT).await;
            assert_eq!(tasks.task_count(), 0);
        },
        well,
    );
}

#[test]
fn a_caller_that_ends_takes_its_tasks_along_but_not_its_children() {
    for seed in 0..SEEDS {
        run(seed, |node: Node<TestRuntime>| async move {
            let tasks = TaskSupervisor::start(&node, "tasks", TaskSupervisorOptions::default());
            let tasks = tasks.unwrap();
            let started = tasks.clone();
            let caller = node.start(ProcessSpec::new("caller"), |context| async move {
                let kept = started.spawn_async_nolink(&context, "kept", |_| forever());
                started
                    .start_child(&context, "child", |_| forever())
                    .unwrap();
                forever().await;
                drop(kept);
            });
            node.runtime().sleep(SHORT).await;
            assert_eq!(tasks.task_count(), 2);
            node.kill(caller.unwrap());
            node.runtime().sleep(SHORT).await;
            let left = tasks.tasks();
            assert_eq!(left.len(), 1);
            assert_eq!(left[0].1, "child#2");
            tasks.stop().await;
            node.runtime().assert_books_balance();
        });
    }
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
            assert_eq!(reason, ExitReason::Normal);
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
fn no_more_tasks_exist_than_allowed() {
    each_seed(
        TaskSupervisorOptions::default().max_children(2),
        |context, tasks| async move {
            let first = tasks.spawn_async(&context, "first", |_| forever()).unwrap();
            tasks
                .start_child(&context, "second", |_| forever())
                .unwrap();
            let third = tasks.start_child(&context, "third", |_| forever());
            assert_eq!(third, Err(StartTaskError::MaxChildren { limit: 2 }));
            assert_eq!(first.kill().await, Ok(None));
            tasks
                .start_child(&context, "fourth", |_| forever())
                .unwrap();
        },
        well,
    );
}

#[test]
fn a_stopping_supervisor_refuses_tasks_and_ends_all_of_them() {
    for seed in 0..SEEDS {
        run(seed, |node: Node<TestRuntime>| async move {
            let options = TaskSupervisorOptions::default().shutdown(ShutdownPolicy::Timeout(LONG));
            let tasks = TaskSupervisor::start(&node, "tasks", options).unwrap();
            let (started, refused) = (tasks.clone(), Arc::new(AtomicUsize::new(0)));
            let count = refused.clone();
            let caller = node.start(ProcessSpec::new("caller"), |context| async move {
                for _ in 0..10 {
                    let stubborn = started.start_child(&context, "stubborn", |own| async move {
                        own.trap_exit(true);
                        forever().await;
                    });
                    stubborn.unwrap();
                }
                context.runtime().sleep(SHORT * 2).await;
                let late = started.start_child(&context, "late", |_| forever());
                assert_eq!(late, Err(StartTaskError::Stopping));
                count.fetch_add(1, Ordering::Relaxed);
                context.runtime().sleep(LONG).await;
                let late = started.start_child(&context, "later", |_| forever());
                assert_eq!(late, Err(StartTaskError::NotRunning));
                count.fetch_add(1, Ordering::Relaxed);
            });
            node.runtime().sleep(SHORT).await;
            let before = node.runtime().now();
            tasks.stop().await;
            // All at once: as long as one, not as ten.
            assert_eq!(node.runtime().now().since(before), LONG);
            node.exited(caller.unwrap()).await;
            assert_eq!(refused.load(Ordering::Relaxed), 2);
            assert_eq!(node.process_count(), 0);
            node.runtime().assert_books_balance();
        });
    }
}

#[test]
fn a_killed_supervisor_takes_its_tasks_along_and_tells_who_waits() {
    for seed in 0..SEEDS {
        run(seed, |node: Node<TestRuntime>| async move {
            let tasks = TaskSupervisor::start(&node, "tasks", TaskSupervisorOptions::default());
            let tasks = tasks.unwrap();
            let supervisor = tasks.id().unwrap();
            let started = tasks.clone();
            let caller = node.start(ProcessSpec::new("caller"), |context| async move {
                let task = started.spawn_async_nolink(&context, "idle", |_| forever());
                let answer = task.unwrap().wait(LONG).await;
                assert!(
                    matches!(answer, Err(TaskError::SupervisorEnded { .. })),
                    "{answer:?}"
                );
            });
            node.runtime().sleep(SHORT).await;
            node.kill(supervisor);
            let caller = caller.unwrap();
            node.exited(caller).await;
            node.exited(supervisor).await;
            let events = node.runtime().events();
            assert_eq!(exit_reason(&events, caller), ExitReason::Normal);
            assert_eq!(node.process_count(), 0);
            node.runtime().assert_books_balance();
        });
    }
}

#[test]
fn a_task_knows_on_whose_behalf_it_works() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            assert!(context.callers().is_empty());
            let inner = tasks.clone();
            let outer = tasks.spawn_async(&context, "outer", |own| async move {
                let task = inner.spawn_async(&own, "inner", |own| async move {
                    (own.callers().to_vec(), own.path().clone())
                });
                let (callers, path) = task.unwrap().wait(LONG).await.unwrap();
                (own.id(), callers, path)
            });
            let (outer, callers, path) = outer.unwrap().wait(LONG).await.unwrap();
            assert_eq!(callers, [outer, context.id()]);
            assert_eq!(path, "tasks/inner#2");
        },
        well,
    );
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

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("a destructor failed");
    }
}

#[test]
fn a_value_whose_destructor_panics_does_not_take_the_supervisor() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let task = tasks.spawn_async(&context, "trap", |own| async move {
                own.runtime().sleep(SHORT).await;
                PanicsWhenDropped
            });
            task.unwrap().ignore();
            context.runtime().sleep(SHORT * 2).await;
            let after = tasks.spawn_async(&context, "after", |_| async { 1 });
            assert_eq!(after.unwrap().wait(LONG).await, Ok(1));
        },
        |events, reason| {
            assert_eq!(reason, ExitReason::Normal);
            assert_eq!(settlements(events), [Settlement::Reported]);
        },
    );
}

#[test]
fn each_end_is_seen_by_the_supervisor_once() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            for number in 0..20_u32 {
                tasks
                    .start_child(&context, "work", move |own| async move {
                        own.runtime().sleep(SHORT * (number % 5)).await;
                        assert!(number % 3 > 0, "every third one fails");
                    })
                    .unwrap();
            }
            context.runtime().sleep(SHORT * 2).await;
        },
        |events, _| {
            let mut ended = Vec::new();
            let mut seen = Vec::new();
            for event in events {
                match event {
                    Event::Process(ProcessEvent::Exited { process, .. }) => ended.push(*process),
                    Event::Supervision(SupervisionEvent::ChildExited { process, .. }) => {
                        seen.push(*process);
                    }
                    _ => {}
                }
            }
            ended.sort();
            seen.sort();
            // The caller and the task supervisor have no supervisor.
            ended.drain(..2);
            assert_eq!(ended, seen);
            assert_eq!(seen.len(), 20);
        },
    );
}
