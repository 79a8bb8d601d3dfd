//! How children are stopped, and what is said about those who stop badly.

use std::time::Duration;

use steadfast::event::{Event, FailureEvent, SupervisionEvent};
use steadfast::failure::Severity;
use steadfast::process::{Context, ExitReason, ProcessId};
use steadfast::runtime::Runtime;
use steadfast::supervision::{
    ChildSpec, ChildStatus, DynamicSupervisorSpec, Restart, ShutdownPolicy, StartedChild, Strategy,
    SupervisorSpec,
};

use super::harness::{Cue, LONG, Manner, Mark, STOP_LIMIT, same};
use super::{Bench, cases, cases_on_threads};

cases! {
    c25_a_brutal_stop_kills_at_once_and_is_no_error,
    c26_a_child_that_ignores_its_stop_is_killed_after_the_limit_and_not_before,
    c26_a_child_that_stops_within_the_limit_is_not_killed,
    c27_an_infinite_stop_waits_as_long_as_it_takes,
    c29_dynamic_children_stop_side_by_side,
    c30_a_child_that_ends_by_itself_while_being_stopped_is_seen_once,
    c30_a_dynamic_child_that_ends_by_itself_while_being_stopped_is_seen_once,
    c31_a_dynamic_child_that_stops_badly_is_reported_and_the_others_still_stop,
    c32_a_child_that_unlinked_itself_is_stopped_all_the_same,
}

cases_on_threads! {
    c30_a_child_that_ends_by_itself_while_being_stopped_is_seen_once,
    c30_a_dynamic_child_that_ends_by_itself_while_being_stopped_is_seen_once,
}

const SECOND: Duration = Duration::from_secs(1);
/// What a step may cost in simulation, where polling is not free.
const STEP: Duration = Duration::from_millis(1);

fn under<R: Runtime>(child: ChildSpec<R>) -> SupervisorSpec<R> {
    SupervisorSpec::new(Strategy::OneForOne).child(child)
}

/// The errors that were reported since `mark`.
fn errors<R: Runtime>(bench: &Bench<R>, mark: Mark) -> usize {
    bench.count(mark, |event| {
        let Event::Failure(event) = event else {
            return false;
        };
        matches!(
            event,
            FailureEvent::Incident {
                severity: Severity::Error,
                ..
            }
        )
    })
}

/// How often a supervisor saw the end of `process`, expected or not.
fn seen<R: Runtime>(bench: &Bench<R>, ended: ProcessId) -> usize {
    bench.count(Mark::default(), |event| {
        let Event::Supervision(event) = event else {
            return false;
        };
        matches!(event, SupervisionEvent::ChildExited { process, .. } if *process == ended)
    })
}

async fn c25_a_brutal_stop_kills_at_once_and_is_no_error<R: Runtime>(bench: Bench<R>) {
    let child = bench.player("a", Manner::Defy);
    let spec = under(child.shutdown(ShutdownPolicy::Brutal));
    let top = bench.supervise(spec).await;
    let (mark, began) = (bench.mark(), bench.now());
    same(&bench, &top.terminate_child("a").await, &Ok(()));
    assert!(bench.now().since(began) < STEP);
    bench.told(top.id(), mark, &["exit a: killed"]).await;
    same(&bench, &errors(&bench, mark), &0);
    let status = top.which_child("a").await.map(|child| child.status);
    same(&bench, &status, &Ok(ChildStatus::Stopped));
}

async fn c26_a_child_that_ignores_its_stop_is_killed_after_the_limit_and_not_before<R: Runtime>(
    bench: Bench<R>,
) {
    let child = bench.player("a", Manner::Defy);
    let spec = under(child.shutdown(ShutdownPolicy::Timeout(3 * SECOND)));
    let top = bench.supervise(spec).await;
    let (mark, began) = (bench.mark(), bench.now());
    same(&bench, &top.terminate_child("a").await, &Ok(()));
    let took = bench.now().since(began);
    assert!(took >= 3 * SECOND && took < 3 * SECOND + STEP, "{took:?}");
    bench.told(top.id(), mark, &["exit a: killed"]).await;
    same(&bench, &errors(&bench, mark), &1);
}

async fn c26_a_child_that_stops_within_the_limit_is_not_killed<R: Runtime>(bench: Bench<R>) {
    let child = bench.player("a", Manner::Linger(3 * SECOND - STEP));
    let spec = under(child.shutdown(ShutdownPolicy::Timeout(3 * SECOND)));
    let top = bench.supervise(spec).await;
    let mark = bench.mark();
    same(&bench, &top.terminate_child("a").await, &Ok(()));
    bench.told(top.id(), mark, &["exit a: shutdown"]).await;
    same(&bench, &errors(&bench, mark), &0);
}

async fn c27_an_infinite_stop_waits_as_long_as_it_takes<R: Runtime>(bench: Bench<R>) {
    let child = bench.player("a", Manner::Linger(LONG));
    let spec = under(child.shutdown(ShutdownPolicy::Infinite));
    let top = bench.supervise(spec).await;
    let (mark, began) = (bench.mark(), bench.now());
    same(
        &bench,
        &top.stop(STOP_LIMIT).await,
        &Ok(ExitReason::SHUTDOWN),
    );
    let took = bench.now().since(began);
    assert!(took >= LONG && took < LONG + STEP, "{took:?}");
    bench.told(top.id(), mark, &["exit a: shutdown"]).await;
    same(&bench, &errors(&bench, mark), &0);
}

async fn c29_dynamic_children_stop_side_by_side<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise_dynamic(DynamicSupervisorSpec::new()).await;
    let names = ["a", "b", "c", "d", "e"];
    for (name, seconds) in names.into_iter().zip(1..) {
        let child = bench.player(name, Manner::Linger(seconds * SECOND));
        let child = child.shutdown(ShutdownPolicy::Timeout(10 * SECOND));
        top.start_child(child).await.expect("it starts");
    }
    // One of each other kind among them.
    let defiant = bench.player("f", Manner::Defy);
    let defiant = defiant.shutdown(ShutdownPolicy::Timeout(2 * SECOND));
    top.start_child(defiant).await.expect("it starts");
    let brutal = bench.player("g", Manner::Defy);
    let brutal = brutal.shutdown(ShutdownPolicy::Brutal);
    top.start_child(brutal).await.expect("it starts");

    let began = bench.now();
    same(
        &bench,
        &top.stop(STOP_LIMIT).await,
        &Ok(ExitReason::SHUTDOWN),
    );
    let took = bench.now().since(began);
    // The longest takes five seconds; one after the other they would take 17.
    assert!(took >= 5 * SECOND && took < 5 * SECOND + STEP, "{took:?}");
    same(&bench, &bench.node().process_count(), &0);
}

/// Ways in which a child ends by itself.
fn own_ends() -> [Cue; 3] {
    [
        Cue::End(ExitReason::Normal),
        Cue::End(ExitReason::failed("no")),
        Cue::Panic("boom"),
    ]
}

async fn c30_a_child_that_ends_by_itself_while_being_stopped_is_seen_once<R: Runtime>(
    bench: Bench<R>,
) {
    let spec = SupervisorSpec::new(Strategy::OneForOne).intensity(100, LONG);
    let top = bench.supervise(spec).await;
    for cue in own_ends() {
        for restart in [Restart::Permanent, Restart::Temporary] {
            let child = bench.player("a", Manner::Obey).restart(restart);
            let started = top.start_child(child).await.expect("it starts");
            let mark = bench.mark();
            // Both are under way before either is seen; which one comes first is up
            // to the schedule.
            bench.cue("a", cue.clone());
            let stopped = top.terminate_child("a").await;
            if restart == Restart::Permanent {
                same(&bench, &stopped, &Ok(()));
                same(&bench, &top.delete_child("a").await, &Ok(()));
            }
            let count = top.count_children().await.expect("it answers");
            same(&bench, &count.specs, &0);
            same(&bench, &seen(&bench, started.process), &1);
            assert!(errors(&bench, mark) <= 1);
            // A cue that came too late for the first is not left for the next.
            bench.clear_cues("a");
        }
    }
}

async fn c30_a_dynamic_child_that_ends_by_itself_while_being_stopped_is_seen_once<R: Runtime>(
    bench: Bench<R>,
) {
    for cue in own_ends() {
        let spec = DynamicSupervisorSpec::new().intensity(100, LONG);
        let top = bench.supervise_dynamic(spec).await;
        let mut processes = Vec::new();
        for name in ["a", "b", "c"] {
            let child = bench.player(name, Manner::Obey);
            processes.push(top.start_child(child).await.expect("it starts").process);
        }
        for name in ["a", "b", "c"] {
            bench.cue(name, cue.clone());
        }
        let stopped = top.stop(STOP_LIMIT).await;
        same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
        for process in processes {
            same(&bench, &seen(&bench, process), &1);
        }
        for name in ["a", "b", "c"] {
            bench.clear_cues(name);
        }
    }
}

async fn c31_a_dynamic_child_that_stops_badly_is_reported_and_the_others_still_stop<R: Runtime>(
    bench: Bench<R>,
) {
    let top = bench.supervise_dynamic(DynamicSupervisorSpec::new()).await;
    let mut processes = Vec::new();
    for (name, manner) in [
        ("a", Manner::Obey),
        ("b", Manner::Answer(ExitReason::failed("no"))),
        ("c", Manner::Linger(SECOND)),
        ("d", Manner::Answer(ExitReason::Panic("boom".into()))),
    ] {
        let started = top.start_child(bench.player(name, manner)).await;
        let StartedChild { process, .. } = started.expect("it starts");
        processes.push(process);
    }
    let mark = bench.mark();
    same(
        &bench,
        &top.stop(STOP_LIMIT).await,
        &Ok(ExitReason::SHUTDOWN),
    );
    same(&bench, &errors(&bench, mark), &2);
    for process in processes {
        same(&bench, &seen(&bench, process), &1);
    }
}

async fn c32_a_child_that_unlinked_itself_is_stopped_all_the_same<R: Runtime>(bench: Bench<R>) {
    // Parenthood is not a link here, so there is nothing that a child could cut;
    // an attempt must not confuse its supervisor.
    let top_of = bench.clone();
    let child = ChildSpec::worker("a", move |context: Context<R>| {
        let bench = top_of.clone();
        async move {
            let parent = bench.parent_of(context.id()).expect("it has a parent");
            context.unlink(parent);
            context.exit_requested().await
        }
    });
    let top = bench.supervise(under(child.trap_exit(true))).await;
    bench.quiet().await;
    let (mark, began) = (bench.mark(), bench.now());
    same(
        &bench,
        &top.stop(STOP_LIMIT).await,
        &Ok(ExitReason::SHUTDOWN),
    );
    assert!(bench.now().since(began) < STEP);
    bench.told(top.id(), mark, &["exit a: shutdown"]).await;
    same(&bench, &errors(&bench, mark), &0);
}
