//! The same promises on real threads, where things happen at once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::stage::{LONG, exit_reasons};
use crate::event::Event;
use crate::process::{Context, ExitReason, Node, ProcessSpec};
use crate::runtime::tokio::TokioRuntime;
use crate::runtime::{Clock, NodeId};
use crate::supervision::ShutdownPolicy;
use crate::supervision::tasks::*;
use crate::testing::assert_books_balance;

type Own = Context<TokioRuntime>;

const CALLERS: u32 = 8;
const ROUNDS: u32 = 60;

async fn one_of_each(context: &Own, tasks: &TaskSupervisorRef<TokioRuntime>, round: u32) {
    let value = tasks.spawn_async(context, "value", move |_| async move { round });
    assert_eq!(value.unwrap().wait(LONG).await, Ok(round));

    let bad = tasks.spawn_async_nolink(context, "bad", |_| async { panic!("told to") });
    let bad: Result<(), _> = bad.unwrap().wait(LONG).await;
    assert!(matches!(bad, Err(TaskError::Exited { .. })), "{bad:?}");

    // Ends by itself, while it is being dropped, or because of that.
    let raced = tasks.spawn_async(context, "raced", |_| async {});
    drop(raced);
    let raced = tasks.spawn_async_nolink(context, "raced", |_| async { panic!("told to") });
    let raced: Task<_, ()> = raced.unwrap();
    raced.ignore();
    let raced = tasks.spawn_async(context, "raced", |_| async { 1 });
    let raced = raced.unwrap().kill().await;
    assert!(matches!(raced, Ok(None | Some(1))), "{raced:?}");

    let idle = tasks.spawn_async(context, "idle", |_| std::future::pending::<()>());
    let policy = ShutdownPolicy::Timeout(LONG);
    assert_eq!(idle.unwrap().shutdown(policy).await, Ok(None));

    let errand = tasks.start_child(context, "errand", |_| async {
        ExitReason::failed("told to")
    });
    errand.unwrap();
}

async fn a_stream(context: &Own, tasks: &TaskSupervisorRef<TokioRuntime>) {
    let options = StreamOptions::new(4).timeout(LONG, OnTimeout::Kill);
    let work = |_: Own, number: u32| async move { number };
    let mut stream = tasks.stream(context, 0..100, options, work).unwrap();
    for expected in 0..50 {
        assert_eq!(stream.next().await, Some(Ok(expected)));
    }
}

#[test]
fn nothing_is_lost_or_left_when_many_callers_work_at_once() {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = events.clone();
    let callers = executor.block_on(async {
        let runtime = TokioRuntime::builder(NodeId(1))
            .observer(move |event: &Event| seen.lock().unwrap().push(event.clone()))
            .build();
        let node = Node::new(runtime.unwrap());
        let tasks =
            TaskSupervisor::start(&node, "tasks", TaskSupervisorOptions::default()).unwrap();
        let mut callers = Vec::new();
        for _ in 0..CALLERS {
            let tasks = tasks.clone();
            let body = move |context: Own| async move {
                for round in 0..ROUNDS {
                    one_of_each(&context, &tasks, round).await;
                }
                a_stream(&context, &tasks).await;
            };
            callers.push(node.start(ProcessSpec::new("caller"), body).unwrap());
        }
        for caller in &callers {
            node.exited(*caller).await;
        }
        tasks.stop().await;
        // The supervisor is stopped while a caller still starts tasks.
        let tasks = TaskSupervisor::start(&node, "more", TaskSupervisorOptions::default()).unwrap();
        let busy = tasks.clone();
        let body = move |context: Own| async move {
            while busy.start_child(&context, "late", |_| async {}).is_ok() {
                context.runtime().sleep(Duration::ZERO).await;
            }
        };
        let busy = node.start(ProcessSpec::new("busy"), body).unwrap();
        node.runtime().sleep(Duration::from_millis(5)).await;
        tasks.stop().await;
        node.exited(busy).await;
        assert!(node.stop(LONG).await);
        assert_eq!(node.process_count(), 0);
        callers
    });
    let events = std::mem::take(&mut *events.lock().unwrap());
    for (process, reason) in exit_reasons(&events) {
        assert!(
            reason == ExitReason::Normal || !callers.contains(&process),
            "{process}: {reason}"
        );
    }
    assert_books_balance(events);
}
