//! Processes without supervisors, which also shows that the bench works.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast::process::{Context, ExitReason, ProcessSpec, Signal};
use steadfast::runtime::Runtime;

use super::harness::{Cue, Manner, same};
use super::{Bench, cases};

cases! {
    c50_a_monitor_gives_one_down_with_the_reason,
    c50_a_withdrawn_monitor_gives_no_down,
    c50_a_monitor_of_a_dead_process_gives_down_at_once,
    time_stands_still_while_anything_can_run,
}

/// Starts a player without a supervisor.
fn player<R: Runtime>(bench: &Bench<R>, name: &'static str) -> steadfast::process::ProcessId {
    let stage = bench.stage().clone();
    let body = |context| stage.play(name.into(), Manner::Plain, context);
    let process = bench.node().start(ProcessSpec::new(name), body);
    process.expect("the node takes processes")
}

/// The signals that a watcher has received.
type Received = Arc<Mutex<Vec<Signal>>>;

async fn collect<R: Runtime>(context: Context<R>, received: Received) -> ExitReason {
    loop {
        let signal = context.signal().await;
        received.lock().expect("no holder panics").push(signal);
    }
}

/// Starts a process that does `first` and then collects signals for ever.
fn watcher<R: Runtime>(
    bench: &Bench<R>,
    first: impl FnOnce(&Context<R>) + Send + 'static,
) -> Received {
    let received = Received::default();
    let collected = received.clone();
    let body = |context: Context<R>| async move {
        first(&context);
        collect(context, collected).await
    };
    let started = bench.node().start(ProcessSpec::new("watcher"), body);
    started.expect("the node takes processes");
    received
}

fn downs(received: &Received) -> Vec<ExitReason> {
    let signals = received.lock().expect("no holder panics");
    let reasons = signals.iter().filter_map(|signal| match signal {
        Signal::Down { reason, .. } => Some(reason.clone()),
        Signal::Exit { .. } | Signal::ChildExited { .. } => None,
    });
    reasons.collect()
}

async fn c50_a_monitor_gives_one_down_with_the_reason<R: Runtime>(bench: Bench<R>) {
    let target = player(&bench, "target");
    let received = watcher(&bench, move |context| {
        context.monitor(target);
    });
    bench.quiet().await;
    bench.cue("target", Cue::Panic("boom"));
    let reason = bench.exit_of(target).await;
    same(&bench, &reason, &ExitReason::Panic("boom".into()));
    bench.quiet().await;
    same(&bench, &downs(&received), &vec![reason]);
}

async fn c50_a_withdrawn_monitor_gives_no_down<R: Runtime>(bench: Bench<R>) {
    let target = player(&bench, "target");
    let received = watcher(&bench, move |context| {
        let kept = context.monitor(target);
        context.demonitor(kept);
    });
    bench.quiet().await;
    bench.cue("target", Cue::End(ExitReason::Normal));
    bench.exit_of(target).await;
    bench.quiet().await;
    same(&bench, &downs(&received), &vec![]);
}

async fn c50_a_monitor_of_a_dead_process_gives_down_at_once<R: Runtime>(bench: Bench<R>) {
    let target = player(&bench, "target");
    bench.cue("target", Cue::End(ExitReason::Normal));
    bench.exit_of(target).await;
    let received = watcher(&bench, move |context| {
        context.monitor(target);
    });
    bench.quiet().await;
    same(&bench, &downs(&received), &vec![ExitReason::NoProcess]);
}

async fn time_stands_still_while_anything_can_run<R: Runtime>(bench: Bench<R>) {
    let began = bench.now();
    let target = player(&bench, "target");
    bench.quiet().await;
    bench.pass(Duration::from_secs(60)).await;
    bench.cue("target", Cue::End(ExitReason::failed("late")));
    bench.exit_of(target).await;
    let ended = bench.exit_time(target).expect("it has ended");
    let minute = Duration::from_secs(60) + Duration::from_millis(10);
    let error = ended.since(began + minute);
    assert!(
        ended >= began + minute && error < Duration::from_millis(1),
        "{error:?}"
    );
}
