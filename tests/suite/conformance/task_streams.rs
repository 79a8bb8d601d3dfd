//! Bounded streams of tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use steadfast::event::{Event, ProcessEvent};
use steadfast::process::{Context, ExitReason, ProcessId, ProcessSpec, Signal};
use steadfast::runtime::Runtime;
use steadfast::supervision::tasks::{
    OnTimeout, StreamError, StreamOptions, StreamOptionsError, TaskError,
};

use super::harness::{LONG, Ledger, Mark, same};
use super::tasks::{forever, task_supervisor};
use super::{Bench, cases};

cases! {
    d10_never_more_tasks_run_than_allowed,
    d10_an_ordered_stream_keeps_the_order_though_the_slowest_is_first,
    d10_an_unordered_stream_gives_what_is_done_first,
    d10_results_that_wait_for_their_turn_are_bounded,
    d11_a_consumer_that_stops_early_ends_the_rest_and_hears_nothing_more,
    d11_a_consumer_that_crashes_ends_the_rest,
    d11_a_stream_that_is_read_to_its_end_leaves_nothing,
    d12_a_late_task_is_killed_and_its_place_says_so_with_its_input,
    d12_a_late_task_ends_the_stream_and_its_caller_if_told_to,
    d12_a_failure_takes_its_place_or_fails_the_caller,
    d14_wrong_options_are_refused_and_start_nothing,
}

const SECOND: Duration = Duration::from_secs(1);
/// What a step may cost in simulation, where polling is not free.
const STEP: Duration = Duration::from_millis(1);

/// Works for that many seconds.
async fn work<R: Runtime>(own: Context<R>, seconds: u32) -> u32 {
    own.runtime().sleep(seconds * SECOND).await;
    seconds
}

fn options<I>(max_concurrency: usize) -> StreamOptions<I> {
    StreamOptions::new(max_concurrency).timeout(LONG, OnTimeout::Kill)
}

/// The most tasks that ever existed at once, by what was announced.
fn most<R: Runtime>(bench: &Bench<R>, mark: Mark) -> usize {
    bench.since(mark, |facts| {
        let (mut present, mut most) = (0_usize, 0);
        for fact in facts {
            if let Event::Process(ProcessEvent::Spawned { path, .. }) = &fact.event {
                present += usize::from(path.starts_with("tasks/stream#"));
            }
            if fact.exited().is_some() {
                present = present.saturating_sub(1);
            }
            most = most.max(present);
        }
        most
    })
}

async fn d10_never_more_tasks_run_than_allowed<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let mark = bench.mark();
    bench
        .perform(|context| async move {
            let running = Arc::new(AtomicUsize::new(0));
            let work = move |own: Context<R>, seconds: u32| {
                let running = running.clone();
                async move {
                    let others = running.fetch_add(1, Ordering::Relaxed);
                    own.runtime().sleep(seconds * SECOND).await;
                    running.fetch_sub(1, Ordering::Relaxed);
                    others + 1
                }
            };
            let inputs = (0..40).map(|number| number % 7);
            let mut stream = tasks
                .stream(&context, inputs, options(4), work)
                .expect("the options are right");
            let mut seen = Vec::new();
            while let Some(item) = stream.next().await {
                seen.push(item.expect("it answers"));
            }
            assert_eq!(seen.len(), 40);
            assert_eq!(seen.into_iter().max(), Some(4));
        })
        .await;
    same(&bench, &most(&bench, mark), &4);
}

async fn d10_an_ordered_stream_keeps_the_order_though_the_slowest_is_first<R: Runtime>(
    bench: Bench<R>,
) {
    let tasks = task_supervisor(&bench);
    let watched = bench.clone();
    bench
        .perform(|context| async move {
            let began = watched.now();
            let mut stream = tasks
                .stream(&context, [9, 1, 5, 2], options(2), work)
                .expect("the options are right");
            let mut given = Vec::new();
            while let Some(item) = stream.next().await {
                given.push(item.expect("it answers"));
            }
            assert_eq!(given, [9, 1, 5, 2]);
            // Two at once: the first beside the other three.
            let took = watched.now().since(began);
            assert!(took >= 9 * SECOND && took < 9 * SECOND + STEP, "{took:?}");
            assert!(stream.next().await.is_none());
        })
        .await;
}

async fn d10_an_unordered_stream_gives_what_is_done_first<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let watched = bench.clone();
    bench
        .perform(|context| async move {
            let began = watched.now();
            let mut stream = tasks
                .stream(&context, [9, 1, 5, 2], options(2).ordered(false), work)
                .expect("the options are right");
            let mut given = Vec::new();
            while let Some(item) = stream.next().await {
                let second = watched.now().since(began).as_secs();
                given.push((item.expect("it answers"), second));
            }
            assert_eq!(given, [(1, 1), (5, 6), (2, 8), (9, 9)]);
        })
        .await;
}

async fn d10_results_that_wait_for_their_turn_are_bounded<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let started = Arc::new(AtomicUsize::new(0));
    let (counted, count) = (started.clone(), started);
    bench
        .perform(|context| async move {
            let work = move |own: Context<R>, seconds: u32| {
                counted.fetch_add(1, Ordering::Relaxed);
                work(own, seconds)
            };
            let inputs = std::iter::once(60).chain(std::iter::repeat_n(1, 100));
            let mut stream = tasks
                .stream(&context, inputs, options(2).waiting_max(5), work)
                .expect("the options are right");
            assert_eq!(stream.next().await, Some(Ok(60)));
            // The slow one, and as many after it as there is room for.
            assert_eq!(count.load(Ordering::Relaxed), 6);
            let mut rest = 0;
            while let Some(item) = stream.next().await {
                assert_eq!(item, Ok(1));
                rest += 1;
            }
            assert_eq!(rest, 100);
        })
        .await;
}

async fn d11_a_consumer_that_stops_early_ends_the_rest_and_hears_nothing_more<R: Runtime>(
    bench: Bench<R>,
) {
    let tasks = task_supervisor(&bench);
    let watched = bench.clone();
    let mark = bench.mark();
    bench
        .perform(|context| async move {
            context.trap_exit(true);
            for ordered in [true, false] {
                let options = options(8).ordered(ordered);
                let mut stream = tasks
                    .stream(&context, 1.., options, work)
                    .expect("the options are right");
                assert_eq!(stream.next().await, Some(Ok(1)));
                assert_eq!(stream.next().await, Some(Ok(2)));
                drop(stream);
                watched.quiet().await;
                assert_eq!(tasks.task_count(), 0);
                watched.pass(LONG).await;
                assert_eq!(context.try_signal(), None);
            }
        })
        .await;
    same(&bench, &bench.incidents(mark), &Vec::new());
}

async fn d11_a_consumer_that_crashes_ends_the_rest<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let (streaming, count) = (tasks.clone(), Ledger::default());
    let told = count.clone();
    let consumer = bench.start(ProcessSpec::new("consumer"), |context| async move {
        let mut stream = streaming
            .stream_nolink(&context, 1.., options(8), work)
            .expect("the options are right");
        let first = stream.next().await;
        told.write(streaming.task_count());
        assert!(first.is_none(), "{first:?}");
    });
    let reason = bench.exit_of(consumer).await;
    same(&bench, &reason, &ExitReason::Panic("Some(Ok(1))".into()));
    bench.quiet().await;
    assert!(count.take_one() > 0, "others were running");
    same(&bench, &tasks.task_count(), &0);
}

async fn d11_a_stream_that_is_read_to_its_end_leaves_nothing<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    bench
        .perform(|context| async move {
            context.trap_exit(true);
            let mut stream = tasks
                .stream(&context, 0..5, options(2), work)
                .expect("the options are right");
            while let Some(item) = stream.next().await {
                item.expect("it answers");
            }
            assert_eq!(tasks.task_count(), 0);
            assert_eq!(context.try_signal(), None);
            let mut empty = tasks
                .stream(&context, std::iter::empty(), options(2), work)
                .expect("the options are right");
            assert_eq!(empty.next().await, None);
        })
        .await;
}

async fn d12_a_late_task_is_killed_and_its_place_says_so_with_its_input<R: Runtime>(
    bench: Bench<R>,
) {
    let tasks = task_supervisor(&bench);
    let mark = bench.mark();
    bench
        .perform(|context| async move {
            for keep in [true, false] {
                let limit = 5 * SECOND;
                let mut options = StreamOptions::new(2).timeout(limit, OnTimeout::Kill);
                if keep {
                    options = options.keep_inputs();
                }
                let mut stream = tasks
                    .stream(&context, [1, 50, 4, 60, 2], options, work)
                    .expect("the options are right");
                let mut given = Vec::new();
                while let Some(item) = stream.next().await {
                    given.push(item.map_err(|late| {
                        let timed_out = matches!(
                            late.error,
                            TaskError::TimedOut { limit: set, .. } if set == limit
                        );
                        assert!(timed_out, "{late:?}");
                        late.input
                    }));
                }
                let input = |number: u32| keep.then_some(number);
                let expected = [Ok(1), Err(input(50)), Ok(4), Err(input(60)), Ok(2)];
                assert_eq!(given, expected);
                assert_eq!(tasks.task_count(), 0);
                assert_eq!(context.try_signal(), None);
            }
        })
        .await;
    let killed = bench.exits(mark).into_iter();
    let killed = killed.filter(|(_, why)| *why == ExitReason::Killed);
    same(&bench, &killed.count(), &4);
    same(&bench, &bench.incidents(mark), &Vec::new());
}

async fn d12_a_late_task_ends_the_stream_and_its_caller_if_told_to<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    // The default, as in Elixir: five seconds, then the caller exits.
    let streaming = tasks.clone();
    let began = bench.now();
    let caller = bench.start(ProcessSpec::new("caller"), |context| async move {
        let mut stream = streaming
            .stream(&context, [1, 50, 2], StreamOptions::new(3), work)
            .expect("the options are right");
        while stream.next().await.is_some() {}
        forever().await;
    });
    let reason = bench.exit_of(caller).await;
    let text = reason.to_string();
    assert!(text.contains("did not answer within 5s"), "{text}");
    let took = bench.now().since(began);
    assert!(took >= 5 * SECOND && took < 5 * SECOND + STEP, "{took:?}");
    bench.quiet().await;
    same(&bench, &tasks.task_count(), &0);

    // A caller that traps exits reads it, and is asked to exit.
    bench
        .perform(|context| async move {
            context.trap_exit(true);
            let mut stream = tasks
                .stream(&context, [1, 50, 2], StreamOptions::new(3), work)
                .expect("the options are right");
            assert_eq!(stream.next().await, Some(Ok(1)));
            let late = stream.next().await;
            let is_late = matches!(
                late,
                Some(Err(StreamError {
                    error: TaskError::TimedOut { .. },
                    input: None
                }))
            );
            assert!(is_late, "{late:?}");
            assert_eq!(stream.next().await, None);
            let asked = context.try_signal();
            let is_asked = matches!(asked, Some(Signal::Exit { linked: false, .. }));
            assert!(is_asked, "{asked:?}");
        })
        .await;
}

async fn d12_a_failure_takes_its_place_or_fails_the_caller<R: Runtime>(bench: Bench<R>) {
    /// The second of three tasks fails.
    async fn picky<R: Runtime>(own: Context<R>, number: u32) -> (ProcessId, u32) {
        assert!(number != 2, "not two");
        (own.id(), number)
    }
    let tasks = task_supervisor(&bench);
    let reason = ExitReason::Panic("not two".into());
    let (loose, expected) = (tasks.clone(), reason.clone());
    bench
        .perform(|context| async move {
            let options = options(1).keep_inputs();
            let mut stream = loose
                .stream_nolink(&context, [1, 2, 3], options, picky)
                .expect("the options are right");
            let mut given = Vec::new();
            while let Some(item) = stream.next().await {
                given.push(item.map(|(_, number)| number).map_err(|failed| {
                    let TaskError::Exited { reason, .. } = failed.error else {
                        panic!("{failed}");
                    };
                    assert_eq!(reason, expected);
                    failed.input
                }));
            }
            assert_eq!(given, [Ok(1), Err(Some(2)), Ok(3)]);
        })
        .await;
    let caller = bench.start(ProcessSpec::new("caller"), |context| async move {
        let mut stream = tasks
            .stream(&context, [1, 2, 3], options(1), picky)
            .expect("the options are right");
        while stream.next().await.is_some() {}
    });
    same(&bench, &bench.exit_of(caller).await, &reason);
}

async fn d14_wrong_options_are_refused_and_start_nothing<R: Runtime>(bench: Bench<R>) {
    let tasks = task_supervisor(&bench);
    let mark = bench.mark();
    bench
        .perform(|context| async move {
            let zero = Duration::ZERO;
            for (options, error) in [
                (StreamOptions::new(0), StreamOptionsError::NoConcurrency),
                (
                    StreamOptions::new(1).timeout(zero, OnTimeout::Kill),
                    StreamOptionsError::NoTime,
                ),
                (
                    StreamOptions::new(1).timeout(zero, OnTimeout::Exit),
                    StreamOptionsError::NoTime,
                ),
                (
                    StreamOptions::new(1).waiting_max(0),
                    StreamOptionsError::NoRoom,
                ),
            ] {
                let refused = tasks.stream(&context, [1], options, work);
                assert_eq!(refused.err(), Some(error));
            }
        })
        .await;
    same(&bench, &most(&bench, mark), &0);
}
