//! Counting children, and the children of a dynamic supervisor.

use std::sync::Arc;
use std::time::Duration;

use steadfast::event::SupervisionEvent;
use steadfast::process::{Context, ExitReason};
use steadfast::runtime::Runtime;
use steadfast::supervision::{
    ChildCount, ChildSpec, ChildStatus, DynamicSupervisorSpec, Restart, StartChildError, Strategy,
    SupervisorSpec,
};

use super::harness::{Cue, LONG, LONG_BACKOFF, Opening, same};
use super::{Bench, cases};

cases! {
    c34_the_counts_of_children_add_up,
    c34_the_counts_of_dynamic_children_add_up,
    c35_what_a_temporary_child_was_started_with_is_not_kept,
    c37_no_more_children_than_the_maximum_alive_or_restarting,
    c39_a_dynamic_child_that_ignores_its_restart_is_dropped,
}

async fn c34_the_counts_of_children_add_up<R: Runtime>(bench: Bench<R>) {
    let inner = SupervisorSpec::new(Strategy::OneForOne).child(bench.worker("deep"));
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(bench.worker("a"))
        .child(bench.worker("b").restart(Restart::Transient))
        .child(bench.worker("t").restart(Restart::Temporary))
        .child(ChildSpec::supervisor("inner", inner));
    let top = bench.supervise(spec).await;
    let count = async || top.count_children().await.expect("it answers");
    let whole = ChildCount {
        specs: 4,
        active: 4,
        supervisors: 1,
        workers: 3,
    };
    same(&bench, &count().await, &whole);

    // A restarted child counts as before, one that stopped is no longer active, and
    // a temporary one is gone.
    bench.cue("a", Cue::Panic("boom"));
    bench.quiet().await;
    same(&bench, &count().await, &whole);
    bench.cue("b", Cue::End(ExitReason::Normal));
    bench.quiet().await;
    let active = 3;
    same(&bench, &count().await, &ChildCount { active, ..whole });
    bench.cue("t", Cue::Panic("boom"));
    bench.quiet().await;
    let rest = ChildCount {
        specs: 3,
        active: 2,
        supervisors: 1,
        workers: 2,
    };
    same(&bench, &count().await, &rest);
    top.terminate_child("inner").await.expect("it stops");
    let active = 1;
    same(&bench, &count().await, &ChildCount { active, ..rest });
}

async fn c34_the_counts_of_dynamic_children_add_up<R: Runtime>(bench: Bench<R>) {
    let spec = DynamicSupervisorSpec::new().backoff(LONG_BACKOFF);
    let top = bench.supervise_dynamic(spec).await;
    let count = async || top.count_children().await.expect("it answers");
    let inner = SupervisorSpec::new(Strategy::OneForOne).child(bench.worker("deep"));
    for child in [
        bench.worker("a"),
        bench.worker("t").restart(Restart::Temporary),
        ChildSpec::supervisor("inner", inner),
    ] {
        top.start_child(child).await.expect("it starts");
    }
    let whole = ChildCount {
        specs: 3,
        active: 3,
        supervisors: 1,
        workers: 2,
    };
    same(&bench, &count().await, &whole);
    bench.cue("a", Cue::Panic("boom"));
    bench.quiet().await;
    let active = 2;
    same(&bench, &count().await, &ChildCount { active, ..whole });
    bench.cue("t", Cue::End(ExitReason::Normal));
    bench.quiet().await;
    let rest = ChildCount {
        specs: 2,
        active: 1,
        supervisors: 1,
        workers: 1,
    };
    same(&bench, &count().await, &rest);
    bench.pass(LONG).await;
    let active = 2;
    same(&bench, &count().await, &ChildCount { active, ..rest });
}

/// A child that was started with `argument`, which it does not need once it is up.
fn started_with<R: Runtime>(argument: Arc<()>) -> ChildSpec<R> {
    ChildSpec::worker("a", move |context: Context<R>| {
        assert!(Arc::strong_count(&argument) > 0);
        async move { context.exit_requested().await }
    })
}

async fn c35_what_a_temporary_child_was_started_with_is_not_kept<R: Runtime>(bench: Bench<R>) {
    let top = bench
        .supervise(SupervisorSpec::new(Strategy::OneForOne))
        .await;
    let dynamic = bench.supervise_dynamic(DynamicSupervisorSpec::new()).await;
    for (restart, kept) in [(Restart::Temporary, false), (Restart::Permanent, true)] {
        let argument = Arc::new(());
        let child = || {
            started_with(argument.clone())
                .restart(restart)
                .trap_exit(true)
        };
        top.start_child(child()).await.expect("it starts");
        dynamic.start_child(child()).await.expect("it starts");
        bench.quiet().await;
        // Ours, and one for each child that may be started again.
        let holders = if kept { 3 } else { 1 };
        same(&bench, &Arc::strong_count(&argument), &holders);
        if restart == Restart::Temporary {
            top.terminate_child("a").await.expect("it stops");
        }
    }
}

async fn c37_no_more_children_than_the_maximum_alive_or_restarting<R: Runtime>(bench: Bench<R>) {
    let spec = DynamicSupervisorSpec::new()
        .max_children(2)
        .intensity(10, LONG)
        .backoff(LONG_BACKOFF);
    let top = bench.supervise_dynamic(spec).await;
    let full = Some(StartChildError::MaxChildren { limit: 2 });
    for name in ["a", "b"] {
        top.start_child(bench.worker(name))
            .await
            .expect("there is room");
    }
    let refused = top.start_child(bench.worker("c")).await.err();
    same(&bench, &refused, &full);

    // One that is being restarted takes its place still.
    bench.cue("a", Cue::Panic("boom"));
    bench.quiet().await;
    let children = top.which_children().await.expect("it answers");
    let restarting = |status| status == ChildStatus::Restarting;
    let waiting = children.iter().filter(|child| restarting(child.status));
    same(&bench, &waiting.count(), &1);
    let refused = top.start_child(bench.worker("c")).await.err();
    same(&bench, &refused, &full);

    // One that has ended for good does not.
    let process = children.iter().find_map(|child| child.process);
    let process = process.expect("the other one runs");
    top.terminate_child(process).await.expect("it stops");
    top.start_child(bench.worker("c"))
        .await
        .expect("there is room");
    let refused = top.start_child(bench.worker("d")).await.err();
    same(&bench, &refused, &full);
}

async fn c39_a_dynamic_child_that_ignores_its_restart_is_dropped<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise_dynamic(DynamicSupervisorSpec::new()).await;
    top.start_child(bench.worker("a")).await.expect("it starts");
    top.start_child(bench.worker("b")).await.expect("it starts");
    let mark = bench.mark();
    bench.next_openings("a", [Opening::Ignore]);
    bench.cue("a", Cue::Panic("boom"));
    let removed = bench.until_since(mark, "the removal", |facts| {
        facts.iter().find_map(|fact| {
            let SupervisionEvent::ChildRemoved { child, .. } = fact.supervision()? else {
                return None;
            };
            Some(child.clone())
        })
    });
    let removed = removed.await;
    bench.pass(Duration::from_secs(60)).await;
    let children = top.which_children().await.expect("it answers");
    same(&bench, &children.len(), &1);
    assert!(children[0].id != removed && children[0].status == ChildStatus::Running);
}
