//! Processes without supervisors, which also shows that the bench works.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast::process::{Context, ExitReason, FullPolicy, ProcessSpec, Signal, mailbox};
use steadfast::runtime::Runtime;

use super::harness::{Cue, Manner, same};
use super::{Bench, cases};

cases! {
    c50_a_monitor_gives_one_down_with_the_reason,
    c50_a_withdrawn_monitor_gives_no_down,
    c50_a_monitor_of_a_dead_process_gives_down_at_once,
    a_panic_before_the_first_step_is_the_end_of_the_process_alone,
    a_repeated_request_to_exit_waits_once,
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

async fn a_panic_before_the_first_step_is_the_end_of_the_process_alone<R: Runtime>(
    bench: Bench<R>,
) {
    /// Panics when it is called rather than when it is run.
    fn body<R: Runtime>(_: Context<R>) -> std::future::Pending<()> {
        panic!("no body")
    }
    let panicked = ExitReason::Panic("no body".into());
    let root = bench.node().start(ProcessSpec::new("root"), body);
    let root = root.expect("the node takes processes");
    same(&bench, &bench.exit_of(root).await, &panicked);

    let told = Received::default();
    let signals = told.clone();
    let parent = |context: Context<R>| async move {
        let child = context.spawn_child(ProcessSpec::new("child"), body);
        let child = child.expect("the parent lives");
        let signal = context.signal().await;
        signals.lock().expect("no holder panics").push(signal);
        ExitReason::failed(child.to_string())
    };
    let parent = bench.node().start(ProcessSpec::new("parent"), parent);
    let parent = parent.expect("the node takes processes");
    let ended = bench.exit_of(parent).await;
    assert!(matches!(ended, ExitReason::Error(_)), "{ended}");
    let signals = told.lock().expect("no holder panics").clone();
    let [Signal::ChildExited { reason, .. }] = &signals[..] else {
        panic!("{signals:?}");
    };
    same(&bench, reason, &panicked);
    same(&bench, &bench.node().process_count(), &0);
}

async fn a_repeated_request_to_exit_waits_once<R: Runtime>(bench: Bench<R>) {
    let received = Received::default();
    let collected = received.clone();
    let (gate, mut opens) = mailbox(1, FullPolicy::Reject);
    let busy = |context: Context<R>| async move {
        opens.receive().await;
        collect(context, collected).await
    };
    let spec = ProcessSpec::new("busy").trap_exit(true);
    let busy = bench.node().start(spec, busy);
    let busy = busy.expect("the node takes processes");
    let (first, second) = (ExitReason::SHUTDOWN, ExitReason::failed("again"));
    for reason in [&first, &second, &first, &second, &first] {
        bench.node().exit(busy, reason);
    }
    gate.try_send(()).expect("there is room");
    bench.quiet().await;
    let request = |reason: &ExitReason| Signal::Exit {
        from: None,
        reason: reason.clone(),
        linked: false,
    };
    let waited = received.lock().expect("no holder panics").clone();
    same(&bench, &waited, &vec![request(&first), request(&second)]);
    // One that was looked at does not stand in for the next.
    bench.node().exit(busy, &first);
    bench.quiet().await;
    let last = received.lock().expect("no holder panics").last().cloned();
    same(&bench, &last, &Some(request(&first)));
    same(
        &bench,
        &received.lock().expect("no holder panics").len(),
        &3,
    );
    bench.node().kill(busy);
    bench.exit_of(busy).await;
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
