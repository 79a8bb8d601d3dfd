//! Who is told of an end, and how often: supervisors, linked processes, peers.

use std::error::Error;
use std::fmt;

use steadfast::event::SupervisionEvent;
use steadfast::failure::Severity;
use steadfast::process::{Context, ExitReason, ProcessId, ProcessSpec, Signal};
use steadfast::runtime::Runtime;
use steadfast::supervision::{
    ChildSpec, Restart, RestartLimit, ShutdownPolicy, StartChildError, Strategy, Supervisor,
    SupervisorRef, SupervisorSpec,
};

use super::harness::{Cue, Fact, LONG, Ledger, Manner, Mark, Opening, STOP_LIMIT, same};
use super::{Bench, cases};

cases! {
    c47_a_supervisor_learns_every_reason_once,
    c47_a_panic_before_a_child_is_up_is_told_with_its_text,
    c47_a_panic_while_a_child_stops_is_told_with_its_text,
    c49_linking_twice_gives_one_notice,
    c49_unlinking_once_undoes_linking_twice,
    c49_a_child_linked_to_its_supervisor_is_seen_once,
    c49_a_child_that_moved_is_none_of_its_old_supervisors_business,
    c50_a_withdrawn_monitor_takes_back_a_notice_that_is_queued,
    c50_each_monitor_gives_its_own_notice,
    c55_a_supervised_restart_is_no_news_for_peers,
    c55_peers_are_told_of_an_end_for_good_once,
    c55_a_peer_that_does_not_trap_exits_ends_too,
}

/// An error with a cause.
#[derive(Debug)]
struct NoConfiguration;

#[derive(Debug)]
struct NoFile;

impl fmt::Display for NoConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no configuration")
    }
}

impl fmt::Display for NoFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such file")
    }
}

impl Error for NoFile {}

impl Error for NoConfiguration {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&NoFile)
    }
}

fn boom() -> ExitReason {
    ExitReason::Panic("boom".into())
}

/// The process of a child that runs.
async fn process_of<R: Runtime>(top: &SupervisorRef<R>, id: &str) -> ProcessId {
    let child = top.which_child(id).await.expect("it is there");
    child.process.expect("it runs")
}

async fn c47_a_supervisor_learns_every_reason_once<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(100, LONG)
        .child(bench.worker("a"));
    let top = bench.supervise(spec).await;
    let chain = ExitReason::error(&NoConfiguration);
    same(
        &bench,
        &chain.to_string().as_str(),
        &"error: no configuration: no such file",
    );
    for (cue, reason) in [
        (Some(Cue::End(ExitReason::Normal)), ExitReason::Normal),
        (Some(Cue::End(ExitReason::SHUTDOWN)), ExitReason::SHUTDOWN),
        (
            Some(Cue::End(ExitReason::Shutdown(Some("7 left".into())))),
            ExitReason::Shutdown(Some("7 left".into())),
        ),
        (Some(Cue::End(chain.clone())), chain),
        (Some(Cue::Panic("boom")), boom()),
        (None, ExitReason::Killed),
    ] {
        let (mark, old) = (bench.mark(), process_of(&top, "a").await);
        match cue {
            Some(cue) => bench.cue("a", cue),
            None => bench.node().kill(old),
        }
        let exit = format!("exit a: {reason}");
        bench.told(top.id(), mark, &[&exit, "start a"]).await;
        same(&bench, &bench.seen(old), &vec![(top.id(), reason.clone())]);
        // An abnormal end is reported once, with the reason and the process.
        let reported = bench.incidents(mark);
        same(&bench, &reported.len(), &usize::from(reason.is_abnormal()));
        for (severity, what) in reported {
            same(&bench, &severity, &Severity::Warning);
            let told = what.contains(&reason.to_string()) && what.contains(&old.to_string());
            assert!(told, "{what}");
        }
    }
}

async fn c47_a_panic_before_a_child_is_up_is_told_with_its_text<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne).intensity(100, LONG);
    let top = bench.supervise(spec).await;
    bench.next_openings("a", [Opening::Panic("no luck")]);
    let mark = bench.mark();
    let failed = top.start_child(bench.worker("a")).await;
    let reason = ExitReason::Panic("no luck".into());
    let told = Some(StartChildError::Failed(reason.clone()));
    same(&bench, &failed.err(), &told);
    let process = bench.spawned(mark, "top/a").await;
    let once = vec![(top.id(), reason)];
    same(&bench, &bench.seen(process), &once);
    // It was given back to the caller, so it is no incident besides.
    same(&bench, &bench.incidents(mark), &Vec::new());

    // During a restart there is no caller.
    top.start_child(bench.worker("a")).await.expect("it starts");
    bench.next_openings("a", [Opening::Panic("no luck")]);
    let mark = bench.mark();
    bench.cue("a", Cue::End(ExitReason::Normal));
    let story = ["exit a: normal", "fail a: panic: no luck", "start a"];
    bench.told(top.id(), mark, &story).await;
    let process = bench.spawned(mark, "top/a").await;
    same(&bench, &bench.seen(process), &once);
    same(&bench, &bench.incidents(mark).len(), &1);
}

async fn c47_a_panic_while_a_child_stops_is_told_with_its_text<R: Runtime>(bench: Bench<R>) {
    let child = ChildSpec::worker("a", |context: Context<R>| async move {
        let reason = context.exit_requested().await;
        assert!(reason.is_abnormal(), "not now");
    });
    let spec = SupervisorSpec::new(Strategy::OneForOne).child(child.trap_exit(true));
    let top = bench.supervise(spec).await;
    let (mark, process) = (bench.mark(), process_of(&top, "a").await);
    same(&bench, &top.terminate_child("a").await, &Ok(()));
    let reason = ExitReason::Panic("not now".into());
    same(&bench, &bench.seen(process), &vec![(top.id(), reason)]);
    let reported = bench.incidents(mark);
    same(&bench, &reported.len(), &1);
    let (severity, what) = &reported[0];
    same(&bench, severity, &Severity::Error);
    assert!(what.contains("panic: not now"), "{what}");
}

/// Starts a process that traps exits, does `first` and writes down its signals.
fn listener<R: Runtime>(
    bench: &Bench<R>,
    first: impl FnOnce(&Context<R>) + Send + 'static,
) -> (ProcessId, Ledger<Signal>) {
    let ledger = Ledger::default();
    let heard = ledger.clone();
    let spec = ProcessSpec::new("listener").trap_exit(true);
    let process = bench.start(spec, |context| async move {
        first(&context);
        listen(context, heard).await
    });
    (process, ledger)
}

/// Writes down signals until the process is asked to exit.
async fn listen<R: Runtime>(context: Context<R>, heard: Ledger<Signal>) -> ExitReason {
    loop {
        let signal = context.signal().await;
        if let Signal::Exit {
            reason,
            linked: false,
            ..
        } = signal
        {
            return reason;
        }
        heard.write(signal);
    }
}

fn end_of(process: ProcessId, reason: ExitReason) -> Signal {
    Signal::Exit {
        from: Some(process),
        reason,
        linked: true,
    }
}

async fn c49_linking_twice_gives_one_notice<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(100, LONG)
        .child(bench.worker("a"));
    let top = bench.supervise(spec).await;
    let target = process_of(&top, "a").await;
    let (first, heard) = listener(&bench, move |context| {
        context.link(target);
        context.link(target);
    });
    // A link has no direction: this one is there already, and the third is another's.
    let (_, heard_by_other) = listener(&bench, move |context| {
        context.link(first);
        context.link(target);
        context.link(first);
    });
    bench.quiet().await;
    bench.cue("a", Cue::Panic("boom"));
    bench.exit_of(target).await;
    bench.quiet().await;
    let once = vec![end_of(target, boom())];
    same(&bench, &heard.take(), &once);
    same(&bench, &heard_by_other.take(), &once);

    // The restarted child is another process, which nobody is linked to.
    bench.cue("a", Cue::Panic("boom"));
    bench.quiet().await;
    same(&bench, &heard.take(), &Vec::new());
}

async fn c49_unlinking_once_undoes_linking_twice<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne).child(bench.worker("a"));
    let top = bench.supervise(spec).await;
    let target = process_of(&top, "a").await;
    let (_, heard) = listener(&bench, move |context| {
        context.link(target);
        context.link(target);
        context.unlink(target);
    });
    bench.quiet().await;
    bench.cue("a", Cue::Panic("boom"));
    bench.exit_of(target).await;
    bench.quiet().await;
    same(&bench, &heard.take(), &Vec::new());
}

async fn c49_a_child_linked_to_its_supervisor_is_seen_once<R: Runtime>(bench: Bench<R>) {
    let (journal, stage) = (bench.clone(), bench.stage().clone());
    let child = ChildSpec::worker("a", move |context: Context<R>| {
        let parent = journal.parent_of(context.id()).expect("it has a parent");
        context.link(parent);
        context.link(parent);
        stage.clone().play("a".into(), Manner::Plain, context)
    });
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(100, LONG)
        .child(child);
    let top = bench.supervise(spec).await;
    bench.quiet().await;
    for _ in 0..3 {
        let (mark, old) = (bench.mark(), process_of(&top, "a").await);
        bench.cue("a", Cue::Panic("boom"));
        bench
            .told(top.id(), mark, &["exit a: panic: boom", "start a"])
            .await;
        same(&bench, &bench.seen(old), &vec![(top.id(), boom())]);
        same(&bench, &bench.incidents(mark).len(), &1);
    }
}

async fn c49_a_child_that_moved_is_none_of_its_old_supervisors_business<R: Runtime>(
    bench: Bench<R>,
) {
    let spec = || SupervisorSpec::new(Strategy::OneForAll).intensity(100, LONG);
    let old = Supervisor::start(bench.node(), "old", spec().child(bench.worker("b"))).await;
    let old = old.expect("it starts");
    let new = Supervisor::start(bench.node(), "new", spec()).await;
    let new = new.expect("it starts");
    old.start_child(bench.worker("a")).await.expect("it starts");
    same(&bench, &old.terminate_child("a").await, &Ok(()));
    same(&bench, &old.delete_child("a").await, &Ok(()));
    let moved = new.start_child(bench.worker("a")).await;
    let moved = moved.expect("it starts").process;

    let mark = bench.mark();
    bench.cue("a", Cue::Panic("boom"));
    bench
        .told(new.id(), mark, &["exit a: panic: boom", "start a"])
        .await;
    bench.told(old.id(), mark, &[]).await;
    same(&bench, &bench.seen(moved), &vec![(new.id(), boom())]);

    let again = process_of(&new, "a").await;
    bench.node().kill(old.id());
    bench.exit_of(old.id()).await;
    bench.quiet().await;
    assert!(bench.node().is_alive(again));
    let stopped = new.stop(STOP_LIMIT).await;
    same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
}

async fn c50_a_withdrawn_monitor_takes_back_a_notice_that_is_queued<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne).child(bench.worker("a"));
    let top = bench.supervise(spec).await;
    let target = process_of(&top, "a").await;
    let stage = bench.clone();
    bench
        .perform(move |context| async move {
            let (kept, withdrawn) = (context.monitor(target), context.monitor(target));
            stage.cue("a", Cue::Panic("boom"));
            stage.exit_of(target).await;
            // Both notices are there by now.
            context.demonitor(withdrawn);
            let notice = Signal::Down {
                monitor: kept,
                process: target,
                reason: boom(),
            };
            assert_eq!(context.signal().await, notice);
            assert_eq!(context.try_signal(), None);
        })
        .await;
}

async fn c50_each_monitor_gives_its_own_notice<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne).child(bench.worker("a"));
    let top = bench.supervise(spec).await;
    let target = process_of(&top, "a").await;
    let stage = bench.clone();
    bench
        .perform(move |context| async move {
            let mut monitors = vec![context.monitor(target), context.monitor(target)];
            stage.cue("a", Cue::Panic("boom"));
            stage.exit_of(target).await;
            stage.quiet().await;
            while let Some(Signal::Down { monitor, .. }) = context.try_signal() {
                let place = monitors.iter().position(|known| *known == monitor);
                monitors.remove(place.expect("it is one of ours, once"));
            }
            assert!(monitors.is_empty());
        })
        .await;
}

/// A child that writes down its signals.
fn hearer<R: Runtime>(name: &'static str, heard: &Ledger<Signal>) -> ChildSpec<R> {
    let heard = heard.clone();
    let body = move |context| listen(context, heard.clone());
    ChildSpec::worker(name, body).trap_exit(true)
}

async fn c55_a_supervised_restart_is_no_news_for_peers<R: Runtime>(bench: Bench<R>) {
    let heard = Ledger::default();
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(100, LONG)
        .child(hearer("a", &heard).peers(["b"]))
        .child(bench.worker("b"));
    let top = bench.supervise(spec).await;
    let mark = bench.mark();
    for _ in 0..3 {
        bench.next_openings("b", [Opening::Fail("no")]);
        bench.cue("b", Cue::Panic("boom"));
        bench.quiet().await;
    }
    let once = ["exit b: panic: boom", "fail b: error: no", "start b"];
    bench.told(top.id(), mark, &once.repeat(3)).await;
    same(&bench, &heard.take(), &Vec::new());
    // Nor is the end of the supervisor with all of them.
    let stopped = top.stop(STOP_LIMIT).await;
    same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
    same(&bench, &heard.take(), &Vec::new());
}

async fn c55_peers_are_told_of_an_end_for_good_once<R: Runtime>(bench: Bench<R>) {
    let limit = RestartLimit {
        intensity: 0,
        period: LONG,
    };
    let normal = || Some(Cue::End(ExitReason::Normal));
    let panic = || Some(Cue::Panic("boom"));
    for (restart, own_limit, cue, reason) in [
        (Restart::Transient, None, normal(), ExitReason::Normal),
        (Restart::Temporary, None, normal(), ExitReason::Normal),
        (Restart::Temporary, None, panic(), boom()),
        (Restart::Permanent, Some(limit), panic(), boom()),
        // Terminated on request.
        (Restart::Permanent, None, None, ExitReason::SHUTDOWN),
    ] {
        // The tie holds both ways, whoever declared it, and for nobody else.
        let (declared, declaring, stranger) =
            (Ledger::default(), Ledger::default(), Ledger::default());
        let mut b = bench.worker("b").restart(restart).peers(["a"]);
        if let Some(limit) = own_limit {
            b = b.limit(limit);
        }
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .intensity(100, LONG)
            .child(hearer("a", &declared))
            .child(b)
            .child(hearer("c", &declaring).peers(["b"]))
            .child(hearer("d", &stranger).peers(["a", "c"]));
        let top = bench.supervise(spec).await;
        let process = process_of(&top, "b").await;
        match cue {
            Some(cue) => bench.cue("b", cue),
            None => same(&bench, &top.terminate_child("b").await, &Ok(())),
        }
        bench.exit_of(process).await;
        bench.quiet().await;
        let once = vec![end_of(process, reason)];
        same(&bench, &declared.take(), &once);
        same(&bench, &declaring.take(), &once);
        same(&bench, &stranger.take(), &Vec::new());
        let stopped = top.stop(STOP_LIMIT).await;
        same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
        same(&bench, &declared.take(), &Vec::new());
    }
}

async fn c55_a_peer_that_does_not_trap_exits_ends_too<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(100, LONG)
        .child(bench.worker("a").peers(["b"]))
        .child(bench.worker("b").restart(Restart::Temporary))
        .child(bench.worker("c").shutdown(ShutdownPolicy::Brutal));
    let top = bench.supervise(spec).await;
    let mark = bench.mark();
    bench.cue("b", Cue::Panic("boom"));
    // It is a child like any other, so it is restarted.
    let story = ["exit b: panic: boom", "exit a: panic: boom", "start a"];
    bench.told(top.id(), mark, &story).await;
    let restarts = bench.since(Mark::default(), |facts| {
        let events = facts.iter().filter_map(Fact::supervision);
        events
            .filter(|event| matches!(event, SupervisionEvent::RestartScheduled { .. }))
            .count()
    });
    same(&bench, &restarts, &1);
}
