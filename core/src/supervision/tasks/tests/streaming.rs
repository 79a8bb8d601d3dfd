//! What a bounded stream of tasks promises, over many interleavings.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::stage::{LONG, SHORT, each_seed, exit_reasons, forever, settlements, well};
use crate::event::{Event, ProcessEvent, SupervisionEvent};
use crate::failure::Settlement;
use crate::process::{Context, ExitReason};
use crate::runtime::Clock;
use crate::supervision::tasks::*;
use crate::testing::TestRuntime;

type Own = Context<TestRuntime>;

/// Sleeps that many times `SHORT`, then gives the number back.
async fn pause(own: Own, times: u32) -> u32 {
    own.runtime().sleep(SHORT * times).await;
    times
}

fn options<I>(max_concurrency: usize) -> StreamOptions<I> {
    StreamOptions::new(max_concurrency).timeout(LONG, OnTimeout::Kill)
}

#[test]
fn an_ordered_stream_gives_results_in_the_order_of_the_inputs() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let mut stream = tasks
                .stream(&context, [5, 1, 3, 2], options(2), pause)
                .unwrap();
            let mut given = Vec::new();
            while let Some(item) = stream.next().await {
                given.push(item.unwrap());
            }
            assert_eq!(given, [5, 1, 3, 2]);
            assert!(stream.next().await.is_none());
        },
        well,
    );
}

#[test]
fn an_unordered_stream_gives_results_as_they_are_done() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let options = options(3).ordered(false);
            let mut stream = tasks
                .stream(&context, [5, 1, 3, 1], options, pause)
                .unwrap();
            let mut given = Vec::new();
            while let Some(item) = stream.next().await {
                given.push(item.unwrap());
            }
            assert_eq!(given, [1, 1, 3, 5]);
        },
        well,
    );
}

#[test]
fn no_more_tasks_run_than_allowed_even_while_late_ones_are_killed() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let running = Arc::new(AtomicUsize::new(0));
            let most = Arc::new(AtomicUsize::new(0));
            let (now, peak) = (running.clone(), most.clone());
            let work = move |own: Own, times: u32| {
                let (now, peak) = (now.clone(), peak.clone());
                async move {
                    peak.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                    let leaving = Leaving(now);
                    own.runtime().sleep(SHORT * times).await;
                    drop(leaving);
                }
            };
            let inputs = (0..40).map(|number| number % 7);
            let options = options(4).timeout(SHORT * 9 / 2, OnTimeout::Kill);
            let mut stream = tasks.stream(&context, inputs, options, work).unwrap();
            let (mut on_time, mut late) = (0, 0);
            while let Some(item) = stream.next().await {
                match item {
                    Ok(()) => on_time += 1,
                    Err(_) => late += 1,
                }
            }
            assert_eq!((on_time, late), (30, 10));
            assert_eq!(most.load(Ordering::Relaxed), 4);
            assert_eq!(running.load(Ordering::Relaxed), 0);
        },
        |events, reason| {
            assert_eq!(*reason, ExitReason::Normal);
            let (mut alive, mut most) = (0, 0);
            for event in events {
                if let Event::Supervision(SupervisionEvent::ChildStarted { .. }) = event {
                    alive += 1;
                }
                if let Event::Process(ProcessEvent::Exited { .. }) = event {
                    alive -= 1;
                }
                most = most.max(alive);
            }
            assert_eq!(most, 4);
        },
    );
}

struct Leaving(Arc<AtomicUsize>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn a_consumer_that_stops_early_ends_the_rest() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let mut stream = tasks.stream(&context, 1.., options(8), pause).unwrap();
            assert_eq!(stream.next().await, Some(Ok(1)));
            drop(stream);
            context.runtime().sleep(Duration::from_nanos(1)).await;
            assert_eq!(tasks.task_count(), 0);
            assert_eq!(context.try_signal(), None);
        },
        |events, reason| {
            assert_eq!(*reason, ExitReason::Normal);
            assert!(settlements(events).is_empty());
        },
    );
}

#[test]
fn a_late_task_is_killed_and_its_place_says_so_with_its_input() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let options = options(2).timeout(SHORT * 2, OnTimeout::Kill).keep_inputs();
            let mut stream = tasks.stream(&context, [1, 9, 1], options, pause).unwrap();
            assert_eq!(stream.next().await, Some(Ok(1)));
            let late = stream.next().await.unwrap().unwrap_err();
            assert_eq!(late.input, Some(9));
            assert!(matches!(late.error, TaskError::TimedOut { .. }), "{late:?}");
            assert_eq!(stream.next().await, Some(Ok(1)));
            assert_eq!(stream.next().await, None);
        },
        |events, reason| {
            assert_eq!(*reason, ExitReason::Normal);
            assert_eq!(settlements(events), [Settlement::Returned]);
        },
    );
}

#[test]
fn a_timeout_under_exit_ends_the_caller_and_all_tasks() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let options = options(2).timeout(SHORT, OnTimeout::Exit);
            let mut stream = tasks.stream(&context, [9, 9], options, pause).unwrap();
            while stream.next().await.is_some() {}
            forever().await;
        },
        |events, reason| {
            let ExitReason::Error(cause) = reason else {
                panic!("{reason}");
            };
            assert!(cause.message.contains("did not answer within"), "{cause}");
            assert_eq!(settlements(events), [Settlement::Escalated]);
        },
    );
}

#[test]
fn a_task_of_an_unlinked_stream_that_fails_is_an_error_in_its_place() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let work = |_: Own, number: u32| async move {
                assert!(number != 2, "two is bad");
                number
            };
            let options = options(2).keep_inputs();
            let mut stream = tasks
                .stream_nolink(&context, [1, 2, 3], options, work)
                .unwrap();
            assert_eq!(stream.next().await, Some(Ok(1)));
            let failed = stream.next().await.unwrap().unwrap_err();
            assert_eq!(failed.input, Some(2));
            assert!(failed.to_string().contains("two is bad"), "{failed}");
            assert_eq!(stream.next().await, Some(Ok(3)));
        },
        well,
    );
}

#[test]
fn a_task_of_a_linked_stream_that_fails_fails_the_caller() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let work = |_: Own, number: u32| async move { assert!(number != 2, "two is bad") };
            let mut stream = tasks.stream(&context, [1, 2, 3], options(1), work).unwrap();
            while stream.next().await.is_some() {}
            unreachable!("the caller has ended");
        },
        |events, reason| {
            assert_eq!(*reason, ExitReason::Panic("two is bad".into()));
            assert_eq!(exit_reasons(events).len(), 4);
        },
    );
}

#[test]
fn a_slow_first_result_holds_back_only_as_many_others_as_there_is_room_for() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let started = Arc::new(AtomicUsize::new(0));
            let count = started.clone();
            let work = move |own: Own, times: u32| {
                count.fetch_add(1, Ordering::Relaxed);
                pause(own, times)
            };
            let inputs = std::iter::once(100).chain(std::iter::repeat_n(0, 50));
            let options = options(2).waiting_max(3);
            let mut stream = tasks.stream(&context, inputs, options, work).unwrap();
            assert_eq!(stream.next().await, Some(Ok(100)));
            // The slow one, and as many after it as may wait for their turn.
            assert_eq!(started.load(Ordering::Relaxed), 4);
        },
        well,
    );
}

#[test]
fn a_stream_that_its_supervisor_refuses_says_so_for_each_input() {
    each_seed(
        TaskSupervisorOptions::default().max_children(1),
        |context, tasks| async move {
            let options = options(2).ordered(false).keep_inputs();
            let mut stream = tasks.stream(&context, [1, 2], options, pause).unwrap();
            let refused = stream.next().await.unwrap().unwrap_err();
            assert_eq!(refused.input, Some(2));
            let limit = StartTaskError::MaxChildren { limit: 1 };
            assert_eq!(refused.error, TaskError::NotStarted(limit));
            assert_eq!(stream.next().await, Some(Ok(1)));
            assert_eq!(stream.next().await, None);
        },
        well,
    );
}

#[test]
fn options_that_cannot_work_are_refused_and_nothing_is_started() {
    each_seed(
        TaskSupervisorOptions::default(),
        |context, tasks| async move {
            let timeout = Duration::ZERO;
            for (options, why) in [
                (options(0), StreamOptionsError::NoConcurrency),
                (options(1).waiting_max(0), StreamOptionsError::NoRoom),
                (
                    options(1).timeout(timeout, OnTimeout::Kill),
                    StreamOptionsError::NoTime,
                ),
            ] {
                let refused = tasks.stream(&context, [1], options, pause);
                assert_eq!(refused.err(), Some(why));
            }
        },
        |events, _| assert_eq!(exit_reasons(events).len(), 2),
    );
}
