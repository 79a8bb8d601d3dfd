//! Significant children, and supervisors that shut down with them.

use steadfast::event::{Event, SupervisionEvent};
use steadfast::process::ExitReason;
use steadfast::runtime::Runtime;
use steadfast::supervision::{
    AutoShutdown, ChildSpec, Restart, Strategy, SupervisorRef, SupervisorSpec,
};

use super::harness::{Cue, LONG, Mark, STOP_LIMIT, same};
use super::{Bench, cases};

cases! {
    c40_any_a_significant_transient_child_that_ends_normally_ends_the_supervisor,
    c40_any_a_significant_transient_child_that_crashes_is_restarted,
    c40_any_a_significant_temporary_child_ends_the_supervisor_however_it_ends,
    c40_any_an_insignificant_child_ends_nothing,
    c41_all_only_the_last_significant_end_ends_the_supervisor,
    c41_all_the_last_one_that_runs_counts_even_if_another_was_terminated,
    c42_a_significant_child_that_is_terminated_ends_nothing,
    c42_a_significant_bystander_of_a_restart_ends_nothing,
}

const STRATEGIES: [Strategy; 3] = [
    Strategy::OneForOne,
    Strategy::OneForAll,
    Strategy::RestForOne,
];

fn significant<R: Runtime>(bench: &Bench<R>, name: &'static str, restart: Restart) -> ChildSpec<R> {
    bench.worker(name).restart(restart).significant(true)
}

/// A permanent child, then two significant ones, then a permanent one.
fn family<R: Runtime>(
    bench: &Bench<R>,
    strategy: Strategy,
    auto_shutdown: AutoShutdown,
    restart: Restart,
) -> SupervisorSpec<R> {
    SupervisorSpec::new(strategy)
        .intensity(10, LONG)
        .auto_shutdown(auto_shutdown)
        .child(bench.worker("first"))
        .child(significant(bench, "s1", restart))
        .child(significant(bench, "s2", restart))
        .child(bench.worker("last"))
}

/// The supervisor has stopped its children and ended by itself.
async fn shut_down<R: Runtime>(
    bench: &Bench<R>,
    top: &SupervisorRef<R>,
    mark: Mark,
    story: &[&str],
) {
    let reason = bench.exit_of(top.id()).await;
    same(bench, &reason, &ExitReason::SHUTDOWN);
    bench.told(top.id(), mark, story).await;
    same(bench, &decided(bench, mark), &1);
    same(bench, &bench.node().process_count(), &0);
}

/// How often a supervisor decided to shut down.
fn decided<R: Runtime>(bench: &Bench<R>, mark: Mark) -> usize {
    bench.count(mark, |event| {
        matches!(
            event,
            Event::Supervision(SupervisionEvent::AutoShutdown { .. })
        )
    })
}

/// Ends that do not restart a transient child.
fn orderly_ends() -> [(Cue, &'static str); 3] {
    [
        (Cue::End(ExitReason::Normal), "exit s1: normal"),
        (Cue::End(ExitReason::SHUTDOWN), "exit s1: shutdown"),
        (
            Cue::End(ExitReason::Shutdown(Some("done".into()))),
            "exit s1: shutdown: done",
        ),
    ]
}

fn disorderly_ends() -> [(Cue, &'static str); 2] {
    [
        (Cue::End(ExitReason::failed("no")), "exit s1: error: no"),
        (Cue::Panic("boom"), "exit s1: panic: boom"),
    ]
}

async fn c40_any_a_significant_transient_child_that_ends_normally_ends_the_supervisor<
    R: Runtime,
>(
    bench: Bench<R>,
) {
    for strategy in STRATEGIES {
        for (cue, exit) in orderly_ends() {
            let spec = family(
                &bench,
                strategy,
                AutoShutdown::AnySignificant,
                Restart::Transient,
            );
            let top = bench.supervise(spec).await;
            let mark = bench.mark();
            bench.cue("s1", cue);
            let story = [
                exit,
                "exit last: shutdown",
                "exit s2: shutdown",
                "exit first: shutdown",
            ];
            shut_down(&bench, &top, mark, &story).await;
        }
    }
}

async fn c40_any_a_significant_transient_child_that_crashes_is_restarted<R: Runtime>(
    bench: Bench<R>,
) {
    let any = AutoShutdown::AnySignificant;
    let spec = family(&bench, Strategy::OneForOne, any, Restart::Transient);
    let top = bench.supervise(spec).await;
    for (cue, exit) in disorderly_ends() {
        let mark = bench.mark();
        bench.cue("s1", cue);
        bench.told(top.id(), mark, &[exit, "start s1"]).await;
    }
    let mark = bench.mark();
    let info = top.which_child("s1").await.expect("it is there");
    bench.node().kill(info.process.expect("it runs"));
    bench
        .told(top.id(), mark, &["exit s1: killed", "start s1"])
        .await;
    same(&bench, &decided(&bench, Mark::default()), &0);
}

async fn c40_any_a_significant_temporary_child_ends_the_supervisor_however_it_ends<R: Runtime>(
    bench: Bench<R>,
) {
    for (cue, exit) in orderly_ends().into_iter().chain(disorderly_ends()) {
        let any = AutoShutdown::AnySignificant;
        let spec = family(&bench, Strategy::OneForOne, any, Restart::Temporary);
        let top = bench.supervise(spec).await;
        let mark = bench.mark();
        bench.cue("s1", cue);
        let story = [
            exit,
            "exit last: shutdown",
            "exit s2: shutdown",
            "exit first: shutdown",
        ];
        shut_down(&bench, &top, mark, &story).await;
    }
}

async fn c40_any_an_insignificant_child_ends_nothing<R: Runtime>(bench: Bench<R>) {
    let any = AutoShutdown::AnySignificant;
    let spec = family(&bench, Strategy::OneForOne, any, Restart::Transient)
        .child(bench.worker("x").restart(Restart::Transient))
        .child(bench.worker("y").restart(Restart::Temporary));
    let top = bench.supervise(spec).await;
    let mark = bench.mark();
    bench.cue("x", Cue::End(ExitReason::Normal));
    bench.quiet().await;
    bench.cue("y", Cue::Panic("boom"));
    bench
        .told(top.id(), mark, &["exit x: normal", "exit y: panic: boom"])
        .await;
    same(&bench, &decided(&bench, mark), &0);
}

async fn c41_all_only_the_last_significant_end_ends_the_supervisor<R: Runtime>(bench: Bench<R>) {
    for strategy in STRATEGIES {
        for restart in [Restart::Transient, Restart::Temporary] {
            let all = AutoShutdown::AllSignificant;
            let top = bench
                .supervise(family(&bench, strategy, all, restart))
                .await;
            let mark = bench.mark();
            bench.cue("s2", Cue::End(ExitReason::Normal));
            bench.told(top.id(), mark, &["exit s2: normal"]).await;
            same(&bench, &decided(&bench, mark), &0);
            let mark = bench.mark();
            bench.cue("s1", Cue::End(ExitReason::Normal));
            let story = [
                "exit s1: normal",
                "exit last: shutdown",
                "exit first: shutdown",
            ];
            shut_down(&bench, &top, mark, &story).await;
        }
    }
}

async fn c41_all_the_last_one_that_runs_counts_even_if_another_was_terminated<R: Runtime>(
    bench: Bench<R>,
) {
    for restart in [Restart::Transient, Restart::Temporary] {
        let all = AutoShutdown::AllSignificant;
        let spec = family(&bench, Strategy::OneForOne, all, restart);
        let top = bench.supervise(spec).await;
        let mark = bench.mark();
        same(&bench, &top.terminate_child("s2").await, &Ok(()));
        bench.told(top.id(), mark, &["exit s2: shutdown"]).await;
        let mark = bench.mark();
        bench.cue("s1", Cue::End(ExitReason::Normal));
        let story = [
            "exit s1: normal",
            "exit last: shutdown",
            "exit first: shutdown",
        ];
        shut_down(&bench, &top, mark, &story).await;
    }
}

async fn c42_a_significant_child_that_is_terminated_ends_nothing<R: Runtime>(bench: Bench<R>) {
    for strategy in STRATEGIES {
        for auto_shutdown in [AutoShutdown::AnySignificant, AutoShutdown::AllSignificant] {
            for restart in [Restart::Transient, Restart::Temporary] {
                let spec = family(&bench, strategy, auto_shutdown, restart);
                let top = bench.supervise(spec).await;
                let mark = bench.mark();
                same(&bench, &top.terminate_child("s1").await, &Ok(()));
                same(&bench, &top.terminate_child("s2").await, &Ok(()));
                let story = ["exit s1: shutdown", "exit s2: shutdown"];
                bench.told(top.id(), mark, &story).await;
                same(&bench, &decided(&bench, mark), &0);
                let stopped = top.stop(STOP_LIMIT).await;
                same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
            }
        }
    }
}

async fn c42_a_significant_bystander_of_a_restart_ends_nothing<R: Runtime>(bench: Bench<R>) {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        for auto_shutdown in [AutoShutdown::AnySignificant, AutoShutdown::AllSignificant] {
            for restart in [Restart::Transient, Restart::Temporary] {
                let spec = family(&bench, strategy, auto_shutdown, restart);
                let top = bench.supervise(spec).await;
                let mark = bench.mark();
                bench.cue("first", Cue::Panic("boom"));
                let mut story = vec![
                    "exit first: panic: boom",
                    "exit last: shutdown",
                    "exit s2: shutdown",
                    "exit s1: shutdown",
                    "start first",
                ];
                // A temporary one is not brought back, and its end does not count.
                if restart == Restart::Transient {
                    story.extend(["start s1", "start s2"]);
                }
                story.push("start last");
                bench.told(top.id(), mark, &story).await;
                same(&bench, &decided(&bench, mark), &0);
                let stopped = top.stop(STOP_LIMIT).await;
                same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
            }
        }
    }
}
