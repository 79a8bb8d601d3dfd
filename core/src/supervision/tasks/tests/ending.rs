//! Who ends with whom, and who is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::stage::*;
use crate::event::{Event, SupervisionEvent};
use crate::failure::Settlement;
use crate::process::{ExitReason, Node, ProcessSpec};
use crate::runtime::Clock;
use crate::supervision::tasks::*;
use crate::supervision::{ShutdownPolicy, Strategy, Supervisor, SupervisorSpec};
use crate::testing::{TestRuntime, run};

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
            assert_eq!(*reason, ExitReason::Normal);
            assert_eq!(settlements(events), [Settlement::Reported]);
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
            assert_eq!(*reason, ExitReason::Normal);
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
            let mut ended: Vec<_> = exit_reasons(events).into_iter().map(|end| end.0).collect();
            let mut seen = Vec::new();
            for event in events {
                if let Event::Supervision(SupervisionEvent::ChildExited { process, .. }) = event {
                    seen.push(*process);
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

#[test]
fn a_value_given_at_the_very_end_of_its_supervisor_is_not_lost() {
    for seed in 0..SEEDS {
        run(seed, |node: Node<TestRuntime>| async move {
            let tasks = TaskSupervisor::start(&node, "tasks", TaskSupervisorOptions::default());
            let tasks = tasks.unwrap();
            let supervisor = tasks.id().unwrap();
            let caller = node.start(ProcessSpec::new("caller"), |context| async move {
                let task = tasks.spawn_async_nolink(&context, "last", move |own| async move {
                    own.node().kill(supervisor);
                    5
                });
                assert_eq!(task.unwrap().wait(LONG).await, Ok(5));
            });
            let caller = caller.unwrap();
            node.exited(caller).await;
            node.exited(supervisor).await;
            let events = node.runtime().events();
            assert_eq!(exit_reason(&events, caller), ExitReason::Normal);
            node.runtime().assert_books_balance();
        });
    }
}

#[test]
fn a_failure_in_a_handle_that_is_dropped_unread_is_still_settled() {
    for (linked, settled) in [(true, Settlement::Escalated), (false, Settlement::Reported)] {
        each_seed(
            TaskSupervisorOptions::default(),
            move |context, tasks| async move {
                context.trap_exit(true);
                let broken = |_| async { panic!("broken") };
                let task: Result<Task<_, ()>, _> = if linked {
                    tasks.spawn_async(&context, "bad", broken)
                } else {
                    tasks.spawn_async_nolink(&context, "bad", broken)
                };
                context.runtime().sleep(SHORT).await;
                drop(task);
            },
            |events, reason| {
                assert_eq!(*reason, ExitReason::Normal);
                assert_eq!(settlements(events), [settled]);
            },
        );
    }
}

#[test]
fn a_handle_stays_good_over_restarts_of_its_supervisor() {
    for seed in 0..SEEDS {
        run(seed, |node: Node<TestRuntime>| async move {
            let (child, tasks) =
                TaskSupervisor::child_spec("tasks", TaskSupervisorOptions::default());
            let spec = SupervisorSpec::new(Strategy::OneForOne).child(child);
            let started = tasks.clone();
            let caller = node.start(ProcessSpec::new("caller"), |context| async move {
                let early = started.start_child(&context, "early", |_| forever());
                assert_eq!(early, Err(StartTaskError::NotRunning));
                context.runtime().sleep(SHORT).await;
                started.start_child(&context, "one", |_| forever()).unwrap();
                let first = started.id().unwrap();
                context.node().kill(first);
                context.runtime().sleep(SHORT).await;
                assert_ne!(started.id(), Some(first));
                assert_eq!(started.task_count(), 0);
                started.start_child(&context, "two", |_| forever()).unwrap();
                context.runtime().sleep(SHORT * 2).await;
            });
            let caller = caller.unwrap();
            node.runtime().sleep(SHORT / 2).await;
            let supervisor = Supervisor::start(&node, "top", spec).await.unwrap();
            node.runtime().sleep(SHORT * 2).await;
            let tree = supervisor.tree().await.unwrap().to_string();
            assert!(
                tree.contains("tasks <n1.1.5> supervisor, running"),
                "{tree}"
            );
            assert!(tree.ends_with("two#1 <n1.1.6> worker, running"), "{tree}");
            node.exited(caller).await;
            supervisor.stop(LONG).await.unwrap();
            let events = node.runtime().events();
            assert_eq!(exit_reason(&events, caller), ExitReason::Normal);
            node.runtime().assert_books_balance();
        });
    }
}
