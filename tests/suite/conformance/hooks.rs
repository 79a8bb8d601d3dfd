//! Code of the user that runs at the edges of a child's life: starts and stops that
//! panic, and destructors.

use std::time::Duration;

use steadfast::process::{Context, ExitReason, ProcessId};
use steadfast::runtime::Runtime;
use steadfast::supervision::{
    ChildSpec, Restart, ShutdownPolicy, StartChildError, StartError, Strategy, Supervisor,
    SupervisorSpec,
};

use super::harness::{Cue, LONG, Ledger, Manner, Opening, STOP_LIMIT, same};
use super::{Bench, cases};

cases! {
    c54_a_panic_in_the_first_start_ends_the_start_of_the_supervisor,
    c54_a_panic_before_the_first_step_is_a_panic_of_the_child,
    c54_panics_in_restarts_use_up_the_intensity_and_nothing_hangs,
    c54_panics_while_stopping_hold_up_nobody,
    c54_a_destructor_that_panics_holds_up_nobody,
    c60_destructors_have_run_before_an_end_is_told,
    c60_a_process_killed_twice_ends_once,
    c60_a_kill_overrides_a_stop_in_progress,
}

/// What a step may cost in simulation, where polling is not free.
const STEP: Duration = Duration::from_millis(1);

fn panicked(text: &'static str) -> ExitReason {
    ExitReason::Panic(text.into())
}

async fn c54_a_panic_in_the_first_start_ends_the_start_of_the_supervisor<R: Runtime>(
    bench: Bench<R>,
) {
    bench.next_openings("b", [Opening::Panic("no luck")]);
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(bench.worker("a"))
        .child(bench.worker("b"))
        .child(bench.worker("c"));
    let began = bench.now();
    let started = Supervisor::start(bench.node(), "top", spec).await;
    let failed = StartError::ChildFailed {
        child: "b".into(),
        reason: panicked("no luck"),
    };
    same(&bench, &started.err(), &Some(failed));
    same(&bench, &bench.node().process_count(), &0);
    assert!(bench.now().since(began) < STEP);
}

async fn c54_a_panic_before_the_first_step_is_a_panic_of_the_child<R: Runtime>(bench: Bench<R>) {
    /// Panics when it is called rather than when it is run.
    fn body<R: Runtime>(_: Context<R>) -> std::future::Pending<()> {
        panic!("no body")
    }
    let top = bench
        .supervise(SupervisorSpec::new(Strategy::OneForOne))
        .await;
    let child = ChildSpec::worker("a", body).acknowledged(LONG);
    let failed = top.start_child(child).await.err();
    let expected = StartChildError::Failed(panicked("no body"));
    same(&bench, &failed, &Some(expected));
    // Without an acknowledgement it is up once its process exists.
    let child = ChildSpec::worker("a", body).restart(Restart::Temporary);
    let process = top.start_child(child).await.expect("it starts").process;
    same(&bench, &bench.exit_of(process).await, &panicked("no body"));
    bench.quiet().await;
    let count = top.count_children().await.expect("it answers");
    same(&bench, &count.specs, &0);
}

async fn c54_panics_in_restarts_use_up_the_intensity_and_nothing_hangs<R: Runtime>(
    bench: Bench<R>,
) {
    let spec = SupervisorSpec::new(Strategy::OneForAll)
        .intensity(5, LONG)
        .child(bench.worker("a"))
        .child(bench.worker("b"));
    let top = bench.supervise(spec).await;
    bench.next_openings("b", (0..5).map(|_| Opening::Panic("no luck")));
    let (mark, began) = (bench.mark(), bench.now());
    bench.cue("b", Cue::Panic("boom"));
    same(
        &bench,
        &bench.exit_of(top.id()).await,
        &ExitReason::SHUTDOWN,
    );
    assert!(bench.now().since(began) < STEP);
    let mut story = vec!["exit b: panic: boom", "exit a: shutdown"];
    for _ in 0..5 {
        story.extend(["start a", "fail b: panic: no luck", "exit a: shutdown"]);
    }
    bench.told(top.id(), mark, &story).await;
    same(&bench, &bench.node().process_count(), &0);
}

async fn c54_panics_while_stopping_hold_up_nobody<R: Runtime>(bench: Bench<R>) {
    let rude = |name: &'static str| {
        let body = |context: Context<R>| async move {
            let reason = context.exit_requested().await;
            assert!(reason.is_abnormal(), "not now");
        };
        let child = ChildSpec::worker(name, body).trap_exit(true);
        child.shutdown(ShutdownPolicy::Infinite)
    };
    let inner = SupervisorSpec::new(Strategy::OneForOne)
        .child(rude("deep"))
        .child(rude("deeper"));
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(rude("a"))
        .child(bench.worker("b"))
        .child(ChildSpec::supervisor("inner", inner))
        .child(rude("c"));
    let top = bench.supervise(spec).await;
    bench.quiet().await;
    let (mark, began) = (bench.mark(), bench.now());
    let stopped = top.stop(STOP_LIMIT).await;
    same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
    assert!(bench.now().since(began) < STEP);
    same(&bench, &bench.node().process_count(), &0);
    let story = [
        "exit c: panic: not now",
        "exit inner: shutdown",
        "exit b: shutdown",
        "exit a: panic: not now",
    ];
    bench.told(top.id(), mark, &story).await;
    same(&bench, &bench.incidents(mark).len(), &4);
}

/// Does something when it is dropped.
struct AtEnd<F: FnMut()>(F);

impl<F: FnMut()> Drop for AtEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

async fn c54_a_destructor_that_panics_holds_up_nobody<R: Runtime>(bench: Bench<R>) {
    let messy = |name: &'static str| {
        let child = ChildSpec::worker(name, |_context: Context<R>| async move {
            let guard = AtEnd(|| panic!("no way out"));
            std::future::pending::<()>().await;
            drop(guard);
        });
        child.restart(Restart::Temporary)
    };
    for shutdown in [ShutdownPolicy::Brutal, ShutdownPolicy::Infinite] {
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .child(bench.worker("a"))
            .child(messy("b").shutdown(shutdown))
            .child(messy("c").shutdown(shutdown));
        let top = bench.supervise(spec).await;
        bench.quiet().await;
        let (mark, began) = (bench.mark(), bench.now());
        let stopped = top.stop(STOP_LIMIT).await;
        same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
        assert!(bench.now().since(began) < STEP);
        let story = [
            "exit c: panic: no way out",
            "exit b: panic: no way out",
            "exit a: shutdown",
        ];
        bench.told(top.id(), mark, &story).await;
    }
    // Nor when all go down with a supervisor that is killed.
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(messy("b"))
        .child(messy("c"));
    let top = bench.supervise(spec).await;
    bench.quiet().await;
    bench.node().kill(top.id());
    same(&bench, &bench.exit_of(top.id()).await, &ExitReason::Killed);
    same(&bench, &bench.node().process_count(), &0);
}

/// A child that runs for ever and writes down, when it is dropped, whether its end
/// has been told by then.
fn tidy<R: Runtime>(
    bench: &Bench<R>,
    name: &'static str,
    told: &Ledger<(ProcessId, bool)>,
) -> ChildSpec<R> {
    let (bench, told) = (bench.clone(), told.clone());
    ChildSpec::worker(name, move |context: Context<R>| {
        let (bench, told, process) = (bench.clone(), told.clone(), context.id());
        async move {
            let guard = AtEnd(move || told.write((process, bench.exit_time(process).is_some())));
            std::future::pending::<()>().await;
            drop(guard);
        }
    })
}

async fn c60_destructors_have_run_before_an_end_is_told<R: Runtime>(bench: Bench<R>) {
    let told = Ledger::default();
    for shutdown in [
        ShutdownPolicy::Brutal,
        ShutdownPolicy::Timeout(Duration::from_secs(1)),
        ShutdownPolicy::Infinite,
    ] {
        let child = tidy(&bench, "a", &told).shutdown(shutdown);
        let top = bench
            .supervise(SupervisorSpec::new(Strategy::OneForOne).child(child.clone()))
            .await;
        bench.quiet().await;
        let ended = top.which_child("a").await.expect("it is there").process;
        same(&bench, &top.terminate_child("a").await, &Ok(()));
        let ended = ended.expect("it runs");
        same(&bench, &told.take(), &vec![(ended, false)]);

        // One that ignores its stop is killed, and dropped no less.
        let deaf = top
            .start_child(tidy(&bench, "deaf", &told).trap_exit(true))
            .await;
        let deaf = deaf.expect("it starts").process;
        bench.quiet().await;
        same(&bench, &top.terminate_child("deaf").await, &Ok(()));
        same(&bench, &told.take(), &vec![(deaf, false)]);

        let again = top.restart_child("a").await.expect("it starts").process;
        bench.quiet().await;
        bench.node().kill(top.id());
        bench.exit_of(top.id()).await;
        same(&bench, &told.take(), &vec![(again, false)]);
    }
}

async fn c60_a_process_killed_twice_ends_once<R: Runtime>(bench: Bench<R>) {
    let told = Ledger::default();
    let child = tidy(&bench, "a", &told).restart(Restart::Temporary);
    let top = bench
        .supervise(SupervisorSpec::new(Strategy::OneForOne).child(child))
        .await;
    bench.quiet().await;
    let process = top.which_child("a").await.expect("it is there").process;
    let process = process.expect("it runs");
    let mark = bench.mark();
    for _ in 0..3 {
        bench.node().kill(process);
    }
    bench.exit_of(process).await;
    bench.node().kill(process);
    bench.quiet().await;
    same(&bench, &told.take(), &vec![(process, false)]);
    same(
        &bench,
        &bench.exits(mark),
        &vec![(process, ExitReason::Killed)],
    );
    let once = vec![(top.id(), ExitReason::Killed)];
    same(&bench, &bench.seen(process), &once);
}

async fn c60_a_kill_overrides_a_stop_in_progress<R: Runtime>(bench: Bench<R>) {
    let slow = bench.player("a", Manner::Linger(LONG));
    let spec = SupervisorSpec::new(Strategy::OneForOne).child(
        slow.shutdown(ShutdownPolicy::Infinite)
            .restart(Restart::Temporary),
    );
    let top = bench.supervise(spec).await;
    let process = top.which_child("a").await.expect("it is there").process;
    let process = process.expect("it runs");
    bench.node().exit(process, &ExitReason::SHUTDOWN);
    bench.quiet().await;
    assert!(bench.node().is_alive(process));
    let began = bench.now();
    bench.node().kill(process);
    same(&bench, &bench.exit_of(process).await, &ExitReason::Killed);
    assert!(bench.now().since(began) < STEP);
}
