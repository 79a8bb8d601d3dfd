//! Starting children: ignoring, handing something over, failing, ids in use, and
//! what the calls about one child answer.

use steadfast::process::ExitReason;
use steadfast::runtime::Runtime;
use steadfast::supervision::{
    ChildStatus, DynamicSupervisorSpec, Restart, RestartChildError, StartChildError, StartedChild,
    Strategy, SupervisorRef, SupervisorSpec, TerminateChildError, WhichChildError,
};

use super::harness::{Cue, LONG, LONG_BACKOFF, Mark, Opening, STOP_LIMIT, same};
use super::{Bench, cases};

cases! {
    c04_a_permanent_or_transient_child_that_ignores_its_start_keeps_its_spec,
    c04_a_temporary_child_that_ignores_its_start_loses_its_spec,
    c04_a_dynamic_child_that_ignores_its_start_is_dropped,
    c05_what_a_child_hands_over_reaches_whoever_started_it,
    c06_a_child_that_fails_to_start_leaves_no_spec,
    c06_a_failed_restart_on_request_keeps_the_spec,
    c07_an_id_in_use_is_refused,
    c09_a_restart_on_request_names_what_is_in_its_way,
    c10_a_child_is_stopped_once_and_again_without_complaint,
    c10_a_dynamic_child_is_stopped_even_while_it_is_being_restarted,
}

/// What the supervisor says of a child.
async fn status<R: Runtime>(top: &SupervisorRef<R>, child: &str) -> Option<ChildStatus> {
    match top.which_child(child).await {
        Ok(info) => {
            let has_process = matches!(
                info.status,
                ChildStatus::Running | ChildStatus::Starting | ChildStatus::Stopping
            );
            assert_eq!(info.process.is_some(), has_process, "{info:?}");
            Some(info.status)
        }
        Err(WhichChildError::NotFound) => None,
        Err(error) => panic!("{error}"),
    }
}

/// The number that a child handed over.
fn number(started: &StartedChild) -> Option<u64> {
    let info = started.info.as_ref()?;
    info.downcast::<u64>().map(|number| *number)
}

fn empty<R: Runtime>() -> SupervisorSpec<R> {
    SupervisorSpec::new(Strategy::OneForOne)
}

async fn c04_a_permanent_or_transient_child_that_ignores_its_start_keeps_its_spec<R: Runtime>(
    bench: Bench<R>,
) {
    for name in ["a", "b", "d"] {
        bench.next_openings(name, [Opening::Ignore]);
    }
    let spec = empty()
        .child(bench.worker("a"))
        .child(bench.worker("b").restart(Restart::Transient))
        .child(bench.worker("c"));
    let top = bench.supervise(spec).await;
    bench
        .told(
            top.id(),
            Mark::default(),
            &["ignore a", "ignore b", "start c"],
        )
        .await;
    same(
        &bench,
        &status(&top, "a").await,
        &Some(ChildStatus::Stopped),
    );
    same(
        &bench,
        &status(&top, "b").await,
        &Some(ChildStatus::Stopped),
    );

    let refused = top.start_child(bench.worker("d")).await.err();
    same(&bench, &refused, &Some(StartChildError::Ignored));
    same(
        &bench,
        &status(&top, "d").await,
        &Some(ChildStatus::Stopped),
    );
    // A spec that is kept can be started later.
    let started = top.restart_child("d").await.map(|_| ());
    same(&bench, &started, &Ok(()));
}

async fn c04_a_temporary_child_that_ignores_its_start_loses_its_spec<R: Runtime>(bench: Bench<R>) {
    bench.next_openings("a", [Opening::Ignore]);
    bench.next_openings("b", [Opening::Ignore]);
    let temporary = |name| bench.worker(name).restart(Restart::Temporary);
    let top = bench.supervise(empty().child(temporary("a"))).await;
    same(&bench, &status(&top, "a").await, &None);
    let refused = top.start_child(temporary("b")).await.err();
    same(&bench, &refused, &Some(StartChildError::Ignored));
    same(&bench, &status(&top, "b").await, &None);
    // Nothing of them is in the way.
    let started = top.start_child(temporary("a")).await.map(|_| ());
    same(&bench, &started, &Ok(()));
}

async fn c04_a_dynamic_child_that_ignores_its_start_is_dropped<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise_dynamic(DynamicSupervisorSpec::new()).await;
    for restart in [Restart::Permanent, Restart::Transient, Restart::Temporary] {
        bench.next_openings("a", [Opening::Ignore]);
        let refused = top.start_child(bench.worker("a").restart(restart)).await;
        same(&bench, &refused.err(), &Some(StartChildError::Ignored));
    }
    let count = top.count_children().await.expect("it answers");
    same(&bench, &count.specs, &0);
    // A later stop is clean.
    let stopped = top.stop(STOP_LIMIT).await;
    same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
}

async fn c05_what_a_child_hands_over_reaches_whoever_started_it<R: Runtime>(bench: Bench<R>) {
    let numbers = [Opening::UpWith(1), Opening::UpWith(2), Opening::UpWith(3)];
    bench.next_openings("a", numbers);
    let top = bench.supervise(empty()).await;
    let started = top.start_child(bench.worker("a")).await;
    same(&bench, &started.ok().as_ref().and_then(number), &Some(1));

    // An automatic restart works as if nothing was handed over.
    let mark = bench.mark();
    bench.cue("a", Cue::Panic("boom"));
    bench
        .told(top.id(), mark, &["exit a: panic: boom", "start a"])
        .await;

    same(&bench, &top.terminate_child("a").await, &Ok(()));
    let started = top.restart_child("a").await;
    same(&bench, &started.ok().as_ref().and_then(number), &Some(3));

    let dynamic = bench.supervise_dynamic(DynamicSupervisorSpec::new()).await;
    bench.next_openings("b", [Opening::UpWith(4)]);
    let started = dynamic.start_child(bench.worker("b")).await;
    same(&bench, &started.ok().as_ref().and_then(number), &Some(4));
}

async fn c06_a_child_that_fails_to_start_leaves_no_spec<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise(empty()).await;
    let dynamic = bench.supervise_dynamic(DynamicSupervisorSpec::new()).await;
    let late = ExitReason::failed("the start was not acknowledged in time");
    for (opening, reason) in [
        (Opening::Fail("no"), ExitReason::failed("no")),
        (Opening::Panic("boom"), ExitReason::Panic("boom".into())),
        (Opening::Return, ExitReason::Normal),
        (Opening::Hang, late),
    ] {
        bench.next_openings("a", [opening.clone(), opening]);
        let failed = Some(StartChildError::Failed(reason));
        let refused = top.start_child(bench.worker("a")).await.err();
        same(&bench, &refused, &failed);
        same(&bench, &status(&top, "a").await, &None);
        let refused = dynamic.start_child(bench.worker("a")).await.err();
        same(&bench, &refused, &failed);
        let count = dynamic.count_children().await.expect("it answers");
        same(&bench, &count.specs, &0);
    }
    let started = top.start_child(bench.worker("a")).await.map(|_| ());
    same(&bench, &started, &Ok(()));
}

async fn c06_a_failed_restart_on_request_keeps_the_spec<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise(empty().child(bench.worker("a"))).await;
    same(&bench, &top.terminate_child("a").await, &Ok(()));
    for (opening, reason) in [
        (Opening::Fail("no"), ExitReason::failed("no")),
        (Opening::Panic("boom"), ExitReason::Panic("boom".into())),
    ] {
        bench.next_openings("a", [opening]);
        let refused = top.restart_child("a").await.err();
        same(&bench, &refused, &Some(RestartChildError::Failed(reason)));
        same(
            &bench,
            &status(&top, "a").await,
            &Some(ChildStatus::Stopped),
        );
    }
    // The failed starts were on request, so none of them counted as a restart, of
    // which the supervisor allows only one.
    same(&bench, &top.restart_child("a").await.map(|_| ()), &Ok(()));
}

async fn c07_an_id_in_use_is_refused<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise(empty().child(bench.worker("a"))).await;
    let running = top.which_child("a").await.expect("it is there").process;
    let running = running.expect("it runs");
    let mark = bench.mark();
    let refused = top.start_child(bench.worker("a")).await.err();
    same(
        &bench,
        &refused,
        &Some(StartChildError::AlreadyStarted(running)),
    );
    bench.told(top.id(), mark, &[]).await;

    same(&bench, &top.terminate_child("a").await, &Ok(()));
    let refused = top.start_child(bench.worker("a")).await.err();
    same(&bench, &refused, &Some(StartChildError::AlreadyPresent));

    // Once the spec is deleted the id is free.
    same(&bench, &top.delete_child("a").await, &Ok(()));
    let started = top.start_child(bench.worker("a")).await.map(|_| ());
    same(&bench, &started, &Ok(()));
}

async fn c09_a_restart_on_request_names_what_is_in_its_way<R: Runtime>(bench: Bench<R>) {
    let spec = empty()
        .backoff(LONG_BACKOFF)
        .child(bench.worker("a"))
        .child(bench.worker("t").restart(Restart::Temporary));
    let top = bench.supervise(spec).await;
    let error = |answer: Result<StartedChild, RestartChildError>| answer.err();

    let running = Some(RestartChildError::Running);
    same(&bench, &error(top.restart_child("a").await), &running);
    same(&bench, &error(top.restart_child("t").await), &running);
    let unknown = Some(RestartChildError::NotFound);
    same(&bench, &error(top.restart_child("nobody").await), &unknown);

    bench.cue("a", Cue::Panic("boom"));
    bench.quiet().await;
    let restarting = Some(RestartChildError::Restarting);
    same(&bench, &error(top.restart_child("a").await), &restarting);

    // A temporary child leaves no spec behind.
    bench.cue("t", Cue::End(ExitReason::Normal));
    bench.quiet().await;
    same(&bench, &error(top.restart_child("t").await), &unknown);
}

async fn c10_a_child_is_stopped_once_and_again_without_complaint<R: Runtime>(bench: Bench<R>) {
    let spec = empty()
        .backoff(LONG_BACKOFF)
        .child(bench.worker("a"))
        .child(bench.worker("b"))
        .child(bench.worker("t").restart(Restart::Temporary));
    let top = bench.supervise(spec).await;
    let mark = bench.mark();
    for _again in 0..2 {
        same(&bench, &top.terminate_child("a").await, &Ok(()));
        same(
            &bench,
            &status(&top, "a").await,
            &Some(ChildStatus::Stopped),
        );
    }
    bench.told(top.id(), mark, &["exit a: shutdown"]).await;

    // One that is being restarted stays stopped from here on.
    bench.cue("b", Cue::Panic("boom"));
    bench.quiet().await;
    same(
        &bench,
        &status(&top, "b").await,
        &Some(ChildStatus::Restarting),
    );
    let mark = bench.mark();
    same(&bench, &top.terminate_child("b").await, &Ok(()));
    same(
        &bench,
        &status(&top, "b").await,
        &Some(ChildStatus::Stopped),
    );
    bench.pass(LONG).await;
    bench.told(top.id(), mark, &[]).await;

    same(&bench, &top.terminate_child("t").await, &Ok(()));
    same(&bench, &status(&top, "t").await, &None);
    let unknown = Err(TerminateChildError::NotFound);
    same(&bench, &top.terminate_child("t").await, &unknown);
}

async fn c10_a_dynamic_child_is_stopped_even_while_it_is_being_restarted<R: Runtime>(
    bench: Bench<R>,
) {
    let spec = DynamicSupervisorSpec::new().backoff(LONG_BACKOFF);
    let top = bench.supervise_dynamic(spec).await;
    let a = top.start_child(bench.worker("a")).await.expect("it starts");
    let b = top.start_child(bench.worker("b")).await.expect("it starts");
    let mark = bench.mark();
    bench.cue("a", Cue::Panic("boom"));
    bench.quiet().await;
    // It is named by the process that it had.
    same(&bench, &top.terminate_child(a.process).await, &Ok(()));
    same(&bench, &top.terminate_child(b.process).await, &Ok(()));
    bench.pass(LONG).await;
    let story = ["exit a#1: panic: boom", "exit b#2: shutdown"];
    bench.told(top.id(), mark, &story).await;
    // Nothing of a dynamic child is left to be stopped again; so does Elixir answer.
    let unknown = Err(TerminateChildError::NotFound);
    same(&bench, &top.terminate_child(a.process).await, &unknown);
    same(&bench, &top.terminate_child(b.process).await, &unknown);
    let count = top.count_children().await.expect("it answers");
    same(&bench, &count.specs, &0);
}
