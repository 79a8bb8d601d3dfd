//! Restart types: which end restarts which child.

use steadfast::process::ExitReason;
use steadfast::runtime::Runtime;
use steadfast::supervision::{ChildStatus, Restart, Strategy, SupervisorRef, SupervisorSpec};

use super::harness::{Cue, LONG, same};
use super::{Bench, cases, cases_on_threads};

cases! {
    c11_a_permanent_child_is_restarted_after_any_end,
    c12_a_transient_child_is_restarted_only_after_an_abnormal_end,
    a_temporary_child_is_never_restarted,
    c14_a_temporary_bystander_is_stopped_and_not_brought_back,
}

cases_on_threads! {
    c11_a_permanent_child_is_restarted_after_any_end,
    c12_a_transient_child_is_restarted_only_after_an_abnormal_end,
    a_temporary_child_is_never_restarted,
    c14_a_temporary_bystander_is_stopped_and_not_brought_back,
}

/// Every way in which a child can end by itself, and how that is written.
fn ends() -> Vec<(Cue, ExitReason)> {
    let end = |reason: ExitReason| (Cue::End(reason.clone()), reason);
    vec![
        end(ExitReason::Normal),
        end(ExitReason::SHUTDOWN),
        end(ExitReason::Shutdown(Some("done".into()))),
        end(ExitReason::failed("no")),
        (Cue::Panic("boom"), ExitReason::Panic("boom".into())),
    ]
}

/// A supervisor that never gives up, over one child.
fn over<R: Runtime>(bench: &Bench<R>, restart: Restart) -> SupervisorSpec<R> {
    SupervisorSpec::new(Strategy::OneForOne)
        .intensity(100, LONG)
        .child(bench.worker("a").restart(restart))
}

/// Kills the process of a child behind the supervisor's back.
async fn kill<R: Runtime>(bench: &Bench<R>, top: &SupervisorRef<R>, child: &str) {
    let info = top.which_child(child).await.expect("it is there");
    bench.node().kill(info.process.expect("it runs"));
}

async fn c11_a_permanent_child_is_restarted_after_any_end<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise(over(&bench, Restart::Permanent)).await;
    for (cue, reason) in ends() {
        let mark = bench.mark();
        bench.cue("a", cue);
        let exit = format!("exit a: {reason}");
        bench.told(top.id(), mark, &[&exit, "start a"]).await;
    }
    let mark = bench.mark();
    kill(&bench, &top, "a").await;
    bench
        .told(top.id(), mark, &["exit a: killed", "start a"])
        .await;
}

async fn c12_a_transient_child_is_restarted_only_after_an_abnormal_end<R: Runtime>(
    bench: Bench<R>,
) {
    let top = bench.supervise(over(&bench, Restart::Transient)).await;
    for (cue, reason) in ends() {
        let mark = bench.mark();
        bench.cue("a", cue);
        let exit = format!("exit a: {reason}");
        if matches!(reason, ExitReason::Normal | ExitReason::Shutdown(_)) {
            bench.told(top.id(), mark, &[&exit]).await;
            // The spec stays, without a process.
            let info = top.which_child("a").await.expect("the spec stays");
            same(&bench, &info.status, &ChildStatus::Stopped);
            top.restart_child("a").await.expect("it can be started");
        } else {
            bench.told(top.id(), mark, &[&exit, "start a"]).await;
        }
    }
    let mark = bench.mark();
    kill(&bench, &top, "a").await;
    bench
        .told(top.id(), mark, &["exit a: killed", "start a"])
        .await;
}

async fn a_temporary_child_is_never_restarted<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise(over(&bench, Restart::Temporary)).await;
    for (cue, reason) in ends() {
        let mark = bench.mark();
        bench.cue("a", cue);
        let exit = format!("exit a: {reason}");
        bench.told(top.id(), mark, &[&exit]).await;
        let count = top.count_children().await.expect("it answers");
        same(&bench, &count.specs, &0);
        let again = bench.worker("a").restart(Restart::Temporary);
        top.start_child(again).await.expect("the id is free");
    }
    let mark = bench.mark();
    kill(&bench, &top, "a").await;
    bench.told(top.id(), mark, &["exit a: killed"]).await;
}

async fn c14_a_temporary_bystander_is_stopped_and_not_brought_back<R: Runtime>(bench: Bench<R>) {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        let spec = SupervisorSpec::new(strategy)
            .child(bench.worker("a"))
            .child(bench.worker("t").restart(Restart::Temporary));
        let top = bench.supervise(spec).await;
        let mark = bench.mark();
        bench.cue("a", Cue::Panic("boom"));
        bench
            .told(
                top.id(),
                mark,
                &["exit a: panic: boom", "exit t: shutdown", "start a"],
            )
            .await;
        let children = top.which_children().await.expect("it answers");
        let ids: Vec<_> = children.iter().map(|child| child.id.as_str()).collect();
        same(&bench, &ids, &vec!["a"]);
    }
}
