//! Promises of [`Clock`].

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::harness::{Harness, NODES};
use super::patience::{PATIENCE, WATCH, patiently, poll_once, race};
use super::verdict::{Verdict, ensure, ensure_eq, promises};
use crate::label::Label;
use crate::runtime::{Clock, Elapsed, Spawner, TaskEnd, Timestamp, timeout};

promises! {
    "clock.monotonic" "The clock never goes back." monotonic;
    "clock.advances" "The clock moves on while time passes." advances;
    "clock.shared" "All clones of a value read the same clock." shared;
    "clock.never_early" "A sleep never ends before its deadline." never_early;
    "clock.ends" "A sleep ends once its deadline has passed." ends;
    "clock.past" "A sleep whose deadline has passed ends at once." past;
    "clock.many" "Many sleeps at the same time all end, none of them early." many;
    "clock.far" "A sleep until the end of time does not end and does no harm." far;
    "clock.withdrawn" "A sleep that is dropped wakes nobody and disturbs no other." withdrawn;
    "clock.in_tasks" "Tasks sleep as everyone does." in_tasks;
    "clock.timeout" "A time limit ends work that takes longer, and not before." time_limit;
    "clock.timeout_prefers_work" "Work that is ready wins against its limit, even a limit of zero." prefers_work;
}

async fn monotonic<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let mut last = runtime.now();
    for round in 0..2_000_u32 {
        if round % 500 == 0 {
            harness.pass(Duration::from_millis(1)).await;
        }
        let now = runtime.now();
        ensure!(now >= last, "{now} was read after {last}");
        last = now;
    }
    Ok(())
}

async fn advances<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let before = runtime.now();
    harness.pass(WATCH).await;
    let passed = runtime.now().since(before);
    // Clocks may run at different rates, but none stands still.
    ensure!(passed >= WATCH / 2, "{passed:?} went by in {WATCH:?}");
    Ok(())
}

async fn shared<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    harness.pass(WATCH / 10).await;
    let clone = runtime.clone();
    let (first, second, third) = (runtime.now(), clone.now(), runtime.now());
    let ordered = first <= second && second <= third;
    ensure!(ordered, "{first}, on a clone {second}, then {third}");
    Ok(())
}

async fn never_early<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    for microseconds in [0, 1, 10, 300, 999, 1_000, 1_001, 2_500, 7_300, 15_000] {
        let deadline = runtime.now() + Duration::from_micros(microseconds);
        patiently(
            &*harness,
            "the end of a sleep",
            runtime.sleep_until(deadline),
        )
        .await?;
        let now = runtime.now();
        ensure!(now >= deadline, "a sleep until {deadline} ended at {now}");
    }
    Ok(())
}

async fn ends<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    patiently(&*harness, "the end of a sleep", runtime.sleep(WATCH)).await?;
    // The future belongs to nobody: the value that made it may be gone.
    let sleep = {
        let clone = runtime.clone();
        clone.sleep(WATCH / 10)
    };
    patiently(&*harness, "the end of a sleep", sleep).await
}

async fn past<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    harness.pass(WATCH / 10).await;
    let now = runtime.now();
    for deadline in [Timestamp::ZERO, now - Duration::from_nanos(1), now] {
        let polled = poll_once(runtime.sleep_until(deadline));
        ensure_eq!(polled, Poll::Ready(()), "at {now} a sleep until {deadline}");
    }
    Ok(())
}

async fn many<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let start = runtime.now();
    let tasks: Vec<_> = (0..200)
        .map(|number: u64| {
            // In no order, and some at the same instant.
            let deadline = start + WATCH * ((number * 37 % 100) as u32) / 100;
            let (clock, sleep) = (runtime.clone(), runtime.sleep_until(deadline));
            runtime.spawn(Label::from("sleeper"), async move {
                sleep.await;
                assert!(clock.now() >= deadline, "a sleep ended early");
            })
        })
        .collect();
    for task in &tasks {
        let end = patiently(&*harness, "the end of a sleep", task.ended()).await?;
        ensure_eq!(end, TaskEnd::Returned, "a sleeper");
    }
    Ok(())
}

async fn far<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let ended = race(&*harness, WATCH, runtime.sleep_until(Timestamp::MAX)).await;
    ensure_eq!(ended, None, "a sleep until the end of time");
    let ended = race(&*harness, WATCH, runtime.sleep(Duration::MAX)).await;
    ensure_eq!(ended, None, "a sleep of the longest duration");
    patiently(&*harness, "the end of a sleep", runtime.sleep(WATCH / 10)).await
}

async fn withdrawn<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    for _ in 0..100 {
        let given_up = runtime.sleep(PATIENCE);
        ensure!(poll_once(given_up).is_pending(), "it ended at once");
    }
    let deadline = runtime.now() + WATCH / 10;
    patiently(
        &*harness,
        "the end of a sleep",
        runtime.sleep_until(deadline),
    )
    .await?;
    let now = runtime.now();
    ensure!(now >= deadline, "a sleep until {deadline} ended at {now}");
    Ok(())
}

async fn in_tasks<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let clock = runtime.clone();
    let task = runtime.spawn(Label::from("sleeper"), async move {
        for _ in 0..5 {
            let deadline = clock.now() + Duration::from_micros(700);
            clock.sleep_until(deadline).await;
            assert!(clock.now() >= deadline, "a sleep ended early");
        }
    });
    let end = patiently(&*harness, "the end of a task", task.ended()).await?;
    ensure_eq!(end, TaskEnd::Returned, "the task");
    Ok(())
}

async fn time_limit<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let limit = WATCH / 3;
    let deadline = runtime.now() + limit;
    let limited = timeout(&runtime, limit, std::future::pending::<()>());
    let ended = patiently(&*harness, "the limit", limited).await?;
    ensure_eq!(ended, Err(Elapsed { limit }), "work without an end");
    let now = runtime.now();
    ensure!(now >= deadline, "a limit until {deadline} was met at {now}");
    Ok(())
}

async fn prefers_work<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    for limit in [Duration::ZERO, WATCH] {
        let ended = timeout(&runtime, limit, std::future::ready(7)).await;
        ensure_eq!(ended, Ok(7), "ready work under a limit of {limit:?}");
    }
    Ok(())
}
