//! Restart intensity: how many failures in which time are too many.

use std::time::Duration;

use steadfast::event::{Event, SupervisionEvent};
use steadfast::process::{ExitReason, ProcessId};
use steadfast::runtime::Runtime;
use steadfast::supervision::{
    ChildSpec, ChildStatus, DynamicSupervisorSpec, Restart, Strategy, SupervisorSpec,
};

use super::harness::{Cue, LONG, LONG_BACKOFF, Mark, Opening, same};
use super::{Bench, cases};

cases! {
    c20_one_failure_too_many_stops_all_in_reverse_under_every_strategy,
    c20_one_failure_too_many_ends_a_dynamic_supervisor,
    c20_an_escalation_is_one_failure_for_the_parent,
    c20_an_escalation_does_not_restart_a_transient_supervisor,
    c21_failures_spaced_wider_than_the_window_never_escalate,
    c21_the_window_slides,
    c22_every_failed_try_to_restart_counts,
    c22_every_failed_try_to_restart_a_dynamic_child_counts,
    c24_a_restarting_child_is_listed_and_counted_but_not_active,
}

const SECOND: Duration = Duration::from_secs(1);

fn two<R: Runtime>(bench: &Bench<R>, strategy: Strategy) -> SupervisorSpec<R> {
    SupervisorSpec::new(strategy)
        .intensity(1, SECOND)
        .child(bench.worker("a"))
        .child(bench.worker("b"))
}

fn escalated(event: &Event) -> bool {
    matches!(
        event,
        Event::Supervision(SupervisionEvent::IntensityExceeded { .. })
    )
}

async fn c20_one_failure_too_many_stops_all_in_reverse_under_every_strategy<R: Runtime>(
    bench: Bench<R>,
) {
    let again = |strategy| match strategy {
        // No child of these depends on another.
        Strategy::OneForOne | Strategy::DependentsForOne => vec!["start a"],
        Strategy::OneForAll | Strategy::RestForOne => {
            vec![
                "exit c: shutdown",
                "exit b: shutdown",
                "start a",
                "start b",
                "start c",
            ]
        }
    };
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
        Strategy::DependentsForOne,
    ] {
        let spec = two(&bench, strategy).child(bench.worker("c"));
        let top = bench.supervise(spec).await;
        let mark = bench.mark();
        bench.cue("a", Cue::Panic("boom"));
        let mut story = vec!["exit a: panic: boom"];
        story.extend(again(strategy));
        bench.told(top.id(), mark, &story).await;
        same(&bench, &bench.count(mark, escalated), &0);

        let mark = bench.mark();
        bench.cue("a", Cue::Panic("boom"));
        let reason = bench.exit_of(top.id()).await;
        same(&bench, &reason, &ExitReason::SHUTDOWN);
        let story = [
            "exit a: panic: boom",
            "exit c: shutdown",
            "exit b: shutdown",
        ];
        bench.told(top.id(), mark, &story).await;
        same(&bench, &bench.count(mark, escalated), &1);
        same(&bench, &bench.node().process_count(), &0);
    }
}

async fn c20_one_failure_too_many_ends_a_dynamic_supervisor<R: Runtime>(bench: Bench<R>) {
    let spec = DynamicSupervisorSpec::new().intensity(1, SECOND);
    let top = bench.supervise_dynamic(spec).await;
    for name in ["a", "b"] {
        top.start_child(bench.worker(name))
            .await
            .expect("it starts");
    }
    // The window is one for all children.
    bench.cue("a", Cue::Panic("boom"));
    bench.quiet().await;
    same(&bench, &bench.node().is_alive(top.id()), &true);
    bench.cue("b", Cue::Panic("boom"));
    let reason = bench.exit_of(top.id()).await;
    same(&bench, &reason, &ExitReason::SHUTDOWN);
    same(&bench, &bench.node().process_count(), &0);
}

/// The processes that `supervisor` has started as `child`.
fn incarnations<R: Runtime>(bench: &Bench<R>, supervisor: ProcessId, name: &str) -> Vec<ProcessId> {
    bench.since(Mark::default(), |facts| {
        let starts = facts.iter().filter_map(|fact| {
            let SupervisionEvent::ChildStarted {
                supervisor: of,
                child,
                process,
                ..
            } = fact.supervision()?
            else {
                return None;
            };
            (*of == supervisor && child.as_str() == name).then_some(*process)
        });
        starts.collect()
    })
}

async fn c20_an_escalation_is_one_failure_for_the_parent<R: Runtime>(bench: Bench<R>) {
    let inner = ChildSpec::supervisor("inner", two(&bench, Strategy::OneForOne));
    let outer = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(1, Duration::from_secs(60))
        .child(inner);
    let top = bench.supervise(outer).await;
    let mark = bench.mark();
    bench.cue("a", Cue::Panic("boom"));
    bench.quiet().await;
    bench.cue("a", Cue::Panic("boom"));
    bench
        .told(top.id(), mark, &["exit inner: shutdown", "start inner"])
        .await;
    // The new one starts with an empty window, so it takes two failures again, which
    // are the second one of the parent: more than it allows.
    let inner = *incarnations(&bench, top.id(), "inner")
        .last()
        .expect("it runs");
    let mark = bench.mark();
    bench.cue("a", Cue::Panic("boom"));
    bench
        .told(inner, mark, &["exit a: panic: boom", "start a"])
        .await;
    bench.cue("a", Cue::Panic("boom"));
    let reason = bench.exit_of(top.id()).await;
    same(&bench, &reason, &ExitReason::SHUTDOWN);
}

async fn c20_an_escalation_does_not_restart_a_transient_supervisor<R: Runtime>(bench: Bench<R>) {
    // The end is `shutdown`, which is not abnormal.
    let inner = ChildSpec::supervisor("inner", two(&bench, Strategy::OneForOne));
    let outer = SupervisorSpec::new(Strategy::OneForOne).child(inner.restart(Restart::Transient));
    let top = bench.supervise(outer).await;
    let mark = bench.mark();
    bench.cue("a", Cue::Panic("boom"));
    bench.quiet().await;
    bench.cue("b", Cue::Panic("boom"));
    bench.told(top.id(), mark, &["exit inner: shutdown"]).await;
}

async fn c21_failures_spaced_wider_than_the_window_never_escalate<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise(two(&bench, Strategy::OneForOne)).await;
    for _failure in 0..50 {
        let mark = bench.mark();
        bench.cue("a", Cue::Panic("boom"));
        bench
            .told(top.id(), mark, &["exit a: panic: boom", "start a"])
            .await;
        bench.pass(SECOND).await;
    }
}

async fn c21_the_window_slides<R: Runtime>(bench: Bench<R>) {
    // Failures at 0, 0.9, 1.1 and 1.2 s: the last three are within one second.
    // Buckets of one second, whether they begin at whole seconds or at the first
    // failure after the last bucket, would see two and two.
    let spec = two(&bench, Strategy::OneForOne).intensity(2, SECOND);
    let top = bench.supervise(spec).await;
    let fail_and_wait = async |tenths: u32| {
        bench.cue("a", Cue::Panic("boom"));
        bench.pass(SECOND / 10 * tenths).await;
    };
    fail_and_wait(9).await;
    fail_and_wait(2).await;
    fail_and_wait(1).await;
    same(&bench, &bench.count(Mark::default(), escalated), &0);
    bench.cue("a", Cue::Panic("boom"));
    let reason = bench.exit_of(top.id()).await;
    same(&bench, &reason, &ExitReason::SHUTDOWN);
    same(&bench, &bench.count(Mark::default(), escalated), &1);
}

async fn c22_every_failed_try_to_restart_counts<R: Runtime>(bench: Bench<R>) {
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ] {
        let spec = SupervisorSpec::new(strategy)
            .intensity(3, SECOND)
            .child(bench.worker("a"));
        let top = bench.supervise(spec).await;
        let mark = bench.mark();
        bench.next_openings("a", vec![Opening::Fail("no"); 3]);
        bench.cue("a", Cue::Panic("boom"));
        let reason = bench.exit_of(top.id()).await;
        same(&bench, &reason, &ExitReason::SHUTDOWN);
        let story = [
            "exit a: panic: boom",
            "fail a: error: no",
            "fail a: error: no",
            "fail a: error: no",
        ];
        bench.told(top.id(), mark, &story).await;
    }
    // One fewer, and it comes up.
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(3, SECOND)
        .child(bench.worker("a"));
    let top = bench.supervise(spec).await;
    let mark = bench.mark();
    bench.next_openings("a", vec![Opening::Fail("no"); 2]);
    bench.cue("a", Cue::Panic("boom"));
    let story = [
        "exit a: panic: boom",
        "fail a: error: no",
        "fail a: error: no",
        "start a",
    ];
    bench.told(top.id(), mark, &story).await;
}

async fn c22_every_failed_try_to_restart_a_dynamic_child_counts<R: Runtime>(bench: Bench<R>) {
    let spec = DynamicSupervisorSpec::new().intensity(3, SECOND);
    let top = bench.supervise_dynamic(spec).await;
    for tries in [2, 3] {
        bench.pass(2 * SECOND).await;
        let child = bench.worker("a").restart(Restart::Transient);
        top.start_child(child).await.expect("it starts");
        bench.next_openings("a", vec![Opening::Fail("no"); tries]);
        bench.cue("a", Cue::Panic("boom"));
        bench.quiet().await;
        let ended = tries == 3;
        same(&bench, &bench.node().is_alive(top.id()), &!ended);
        if !ended {
            // It came up in the end, and goes before the next round.
            bench.cue("a", Cue::End(ExitReason::Normal));
            bench.quiet().await;
        }
    }
    let reason = bench.exit_of(top.id()).await;
    same(&bench, &reason, &ExitReason::SHUTDOWN);
}

async fn c24_a_restarting_child_is_listed_and_counted_but_not_active<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .backoff(LONG_BACKOFF)
        .child(bench.worker("a"))
        .child(bench.worker("b"));
    let top = bench.supervise(spec).await;
    bench.cue("a", Cue::Panic("boom"));
    bench.quiet().await;
    let info = top.which_child("a").await.expect("it is there");
    same(&bench, &info.status, &ChildStatus::Restarting);
    same(&bench, &info.process, &None);
    let count = top.count_children().await.expect("it answers");
    same(&bench, &(count.specs, count.active), &(2, 1));
    same(&bench, &(count.workers, count.supervisors), &(2, 0));

    bench.pass(LONG).await;
    let count = top.count_children().await.expect("it answers");
    same(&bench, &(count.specs, count.active), &(2, 2));
}
