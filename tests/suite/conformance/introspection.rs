//! What a supervisor answers about its children, above all while they change.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use steadfast::event::SupervisionEvent;
use steadfast::process::{ExitReason, ProcessId, ProcessSpec};
use steadfast::runtime::Runtime;
use steadfast::supervision::tasks::{TaskSupervisor, TaskSupervisorOptions};
use steadfast::supervision::{
    CallError, ChildInfo, ChildKind, ChildSpec, ChildStatus, DynamicSupervisorSpec, Restart,
    RestartChildError, StartChildError, Strategy, SupervisorRef, SupervisorSpec, WhichChildError,
};

use super::harness::{Cue, Fact, LONG, LONG_BACKOFF, Ledger, Mark, Opening, same};
use super::{Bench, cases, cases_on_threads};

cases! {
    c44_a_child_is_described_by_its_id,
    c44_children_are_listed_newest_first,
    c44_dynamic_children_are_listed_newest_first,
    c64_once_a_restart_is_seen_the_old_process_is_never_answered,
    c64_once_a_restart_is_seen_the_new_process_is_answered_at_once,
    c64_a_nested_supervisor_is_found_anew_after_its_restart,
    c64_a_task_supervisor_is_meant_anew_after_its_restart,
    c75_an_id_that_waits_for_its_restart_is_present_and_not_started,
    c75_an_id_in_a_loop_of_failing_restarts_is_present_and_not_started,
}

cases_on_threads! {
    c44_a_child_is_described_by_its_id,
    c44_dynamic_children_are_listed_newest_first,
    c64_once_a_restart_is_seen_the_old_process_is_never_answered,
    c64_once_a_restart_is_seen_the_new_process_is_answered_at_once,
    c64_a_nested_supervisor_is_found_anew_after_its_restart,
    c64_a_task_supervisor_is_meant_anew_after_its_restart,
}

fn ids(children: &[ChildInfo]) -> Vec<String> {
    children.iter().map(|child| child.id.to_string()).collect()
}

async fn c44_a_child_is_described_by_its_id<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(bench.worker("a"))
        .child(bench.worker("b").restart(Restart::Transient));
    let top = bench.supervise(spec).await;
    let running = top.which_child("b").await.expect("it is there");
    let process = running.process.expect("it runs");
    let path = bench.node().path(process).map(|path| path.to_string());
    same(&bench, &path.as_deref(), &Some("top/b"));
    let described = ChildInfo {
        id: "b".into(),
        process: Some(process),
        status: ChildStatus::Running,
        kind: ChildKind::Worker,
        restart: Restart::Transient,
        starts: 1,
    };
    same(&bench, &running, &described);

    same(&bench, &top.terminate_child("b").await, &Ok(()));
    let stopped = ChildInfo {
        process: None,
        status: ChildStatus::Stopped,
        ..described
    };
    same(&bench, &top.which_child("b").await, &Ok(stopped));

    same(&bench, &top.delete_child("b").await, &Ok(()));
    for unknown in ["b", "never"] {
        let answer = top.which_child(unknown).await;
        same(&bench, &answer, &Err(WhichChildError::NotFound));
    }
}

async fn c44_children_are_listed_newest_first<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(bench.worker("a"))
        .child(bench.worker("b"))
        .child(bench.worker("c"));
    let top = bench.supervise(spec).await;
    let listed = || async { ids(&top.which_children().await.expect("it answers")) };
    same(&bench, &listed().await, &owned(&["c", "b", "a"]));

    let started = top.start_child(bench.worker("d")).await;
    started.expect("it starts");
    same(&bench, &listed().await, &owned(&["d", "c", "b", "a"]));

    // Neither a restart nor a stop moves a child.
    let mark = bench.mark();
    bench.cue("a", Cue::Panic("boom"));
    bench
        .told(top.id(), mark, &["exit a: panic: boom", "start a"])
        .await;
    same(&bench, &top.terminate_child("b").await, &Ok(()));
    same(&bench, &listed().await, &owned(&["d", "c", "b", "a"]));

    same(&bench, &top.delete_child("b").await, &Ok(()));
    same(&bench, &listed().await, &owned(&["d", "c", "a"]));
    let started = top.start_child(bench.worker("b")).await;
    started.expect("it starts");
    same(&bench, &listed().await, &owned(&["b", "d", "c", "a"]));
}

async fn c44_dynamic_children_are_listed_newest_first<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise_dynamic(DynamicSupervisorSpec::new()).await;
    let mut processes = Vec::new();
    for name in ["a", "b", "a"] {
        let started = top.start_child(bench.worker(name)).await;
        processes.push(started.expect("it starts").process);
    }
    let children = top.which_children().await.expect("it answers");
    same(&bench, &ids(&children), &owned(&["a#3", "b#2", "a#1"]));
    let listed: Vec<_> = children.iter().rev().map(|child| child.process).collect();
    let expected: Vec<_> = processes.iter().copied().map(Some).collect();
    same(&bench, &listed, &expected);

    same(&bench, &top.terminate_child(processes[1]).await, &Ok(()));
    let children = top.which_children().await.expect("it answers");
    same(&bench, &ids(&children), &owned(&["a#3", "a#1"]));
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The process that `child` was last started with before `mark`.
fn last_start<R: Runtime>(bench: &Bench<R>, mark: Mark, child: &str) -> Option<ProcessId> {
    bench.before(mark, |facts| {
        let events = facts.iter().rev().filter_map(Fact::supervision);
        let mut starts = events.filter_map(|event| started(event, child));
        starts.next()
    })
}

fn started(event: &SupervisionEvent, of: &str) -> Option<ProcessId> {
    let SupervisionEvent::ChildStarted { child, process, .. } = event else {
        return None;
    };
    (child == of).then_some(*process)
}

/// Waits until a start of `child` since `mark` is announced.
async fn restart_of<R: Runtime>(bench: &Bench<R>, mark: Mark, child: &str) -> ProcessId {
    let look = |facts: &[Fact]| {
        let events = facts.iter().filter_map(Fact::supervision);
        let mut starts = events.filter_map(|event| started(event, child));
        starts.next()
    };
    bench.until_since(mark, "the restart", look).await
}

/// Makes `child` crash and waits until its restart is announced.
async fn crash<R: Runtime>(bench: &Bench<R>, child: &'static str) -> ProcessId {
    let mark = bench.mark();
    bench.cue(child, Cue::Panic("boom"));
    restart_of(bench, mark, child).await
}

async fn c64_once_a_restart_is_seen_the_old_process_is_never_answered<R: Runtime>(bench: Bench<R>) {
    const CRASHES: usize = 30;
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(100, LONG)
        .child(bench.worker("a"));
    let top = bench.supervise(spec).await;
    let (over, answers) = (Arc::new(AtomicBool::new(false)), Ledger::default());
    let mut askers = Vec::new();
    for _ in 0..4 {
        let (asking, top, over) = (bench.clone(), top.clone(), over.clone());
        let answers: Ledger<Option<ProcessId>> = answers.clone();
        let asker = bench.start(ProcessSpec::new("asker"), |_| async move {
            let mut last = None;
            while !over.load(Ordering::Relaxed) {
                let mark = asking.mark();
                let answered = top.which_child("a").await.expect("it is there").process;
                let known = last_start(&asking, mark, "a");
                // Later processes have higher numbers.
                assert!(answered.is_none() || answered >= known, "{answered:?}");
                if answered != last {
                    answers.write(answered);
                    last = answered;
                }
            }
        });
        askers.push(asker);
    }
    for _ in 0..CRASHES {
        crash(&bench, "a").await;
    }
    over.store(true, Ordering::Relaxed);
    for asker in askers {
        same(&bench, &bench.exit_of(asker).await, &ExitReason::Normal);
    }
    // The questions were asked in the midst of it.
    let answers: BTreeSet<_> = answers.take().into_iter().flatten().collect();
    assert!(answers.len() > 1, "only {answers:?} was ever answered");
}

async fn c64_once_a_restart_is_seen_the_new_process_is_answered_at_once<R: Runtime>(
    bench: Bench<R>,
) {
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ] {
        let spec = SupervisorSpec::new(strategy)
            .intensity(100, LONG)
            .child(bench.worker("a"))
            .child(bench.worker("b"));
        let top = bench.supervise(spec).await;
        for _ in 0..10 {
            let new = crash(&bench, "a").await;
            let answer = top.which_child("a").await;
            same(&bench, &answer.map(|child| child.process), &Ok(Some(new)));
        }
        top.stop(LONG).await.expect("it stops");
    }
}

async fn c64_a_nested_supervisor_is_found_anew_after_its_restart<R: Runtime>(bench: Bench<R>) {
    let inner = SupervisorSpec::new(Strategy::OneForOne).child(bench.worker("a"));
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(100, LONG)
        .child(ChildSpec::supervisor("inner", inner));
    let top = bench.supervise(spec).await;
    let mut old = find(&top).await;
    for _ in 0..10 {
        let mark = bench.mark();
        bench.node().kill(old.id());
        let new = restart_of(&bench, mark, "inner").await;
        let found = find(&top).await;
        same(&bench, &found.id(), &new);
        let child = found.which_child("a").await;
        let process = child.map(|child| child.process);
        same(&bench, &process, &Ok(last_start(&bench, bench.mark(), "a")));
        let gone = old.which_child("a").await;
        same(&bench, &gone, &Err(CallError::Gone.into()));
        old = found;
    }
}

async fn find<R: Runtime>(top: &SupervisorRef<R>) -> SupervisorRef<R> {
    let found = top.child_supervisor("inner").await;
    found.expect("it runs")
}

async fn c64_a_task_supervisor_is_meant_anew_after_its_restart<R: Runtime>(bench: Bench<R>) {
    let options = TaskSupervisorOptions::default();
    let (child, tasks) = TaskSupervisor::child_spec("tasks", options);
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(100, LONG)
        .child(child);
    let top = bench.supervise(spec).await;
    for _ in 0..10 {
        let (mark, old) = (bench.mark(), tasks.id().expect("it runs"));
        bench.node().kill(old);
        let new = restart_of(&bench, mark, "tasks").await;
        same(&bench, &tasks.id(), &Some(new));
        let answer = top.which_child("tasks").await;
        same(&bench, &answer.map(|child| child.process), &Ok(Some(new)));
    }
}

async fn c75_an_id_that_waits_for_its_restart_is_present_and_not_started<R: Runtime>(
    bench: Bench<R>,
) {
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .backoff(LONG_BACKOFF)
        .child(bench.worker("a"));
    let top = bench.supervise(spec).await;
    let mark = bench.mark();
    bench.cue("a", Cue::Panic("boom"));
    bench.told(top.id(), mark, &["exit a: panic: boom"]).await;
    stuck(&bench, &top).await;
    // It was disturbed by none of that.
    bench.pass(LONG).await;
    bench
        .told(top.id(), mark, &["exit a: panic: boom", "start a"])
        .await;
}

async fn c75_an_id_in_a_loop_of_failing_restarts_is_present_and_not_started<R: Runtime>(
    bench: Bench<R>,
) {
    /// More than the loop gets through before its child is stopped.
    const FAILURES: u32 = 2000;
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(FAILURES, LONG)
        .child(bench.worker("a"));
    let top = bench.supervise(spec).await;
    let fails = (0..FAILURES).map(|_| Opening::Fail("no"));
    bench.next_openings("a", fails);
    bench.cue("a", Cue::Panic("boom"));
    let failures = |facts: &[Fact]| {
        let events = facts.iter().filter_map(Fact::supervision);
        events
            .filter(|event| matches!(event, SupervisionEvent::ChildStartFailed { .. }))
            .count()
    };
    let looping = |facts: &[Fact]| (failures(facts) >= 3).then_some(());
    bench.until("the loop", looping).await;
    stuck(&bench, &top).await;
    same(&bench, &top.terminate_child("a").await, &Ok(()));
    let failed = bench.since(Mark::default(), failures);
    assert!(failed < FAILURES as usize, "the loop was over");
    let answer = top.which_child("a").await;
    let status = answer.map(|child| child.status);
    same(&bench, &status, &Ok(ChildStatus::Stopped));
    bench.quiet().await;
    same(&bench, &bench.since(Mark::default(), failures), &failed);
}

/// Every call that wants `a` to run is told that it is being restarted.
async fn stuck<R: Runtime>(bench: &Bench<R>, top: &SupervisorRef<R>) {
    let started = top.start_child(bench.worker("a")).await;
    let error = started.expect_err("the id is in use");
    same(bench, &error, &StartChildError::AlreadyPresent);
    let restarted = top.restart_child("a").await;
    let error = restarted.expect_err("it is being restarted");
    same(bench, &error, &RestartChildError::Restarting);
}
