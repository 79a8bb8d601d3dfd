//! Many children.

use steadfast::runtime::Runtime;
use steadfast::supervision::{DynamicSupervisorSpec, Restart};

use super::harness::{STOP_LIMIT, on_tokio_counting};
use super::{Bench, cases};

cases! {
    c36_the_work_for_dynamic_children_grows_in_proportion,
}

/// What was done for a number of children.
#[derive(Debug, Clone, Copy)]
struct Work {
    polls: u64,
    facts: u64,
}

/// Starts so many children, finds them, stops every tenth of them one by one and the
/// others with their supervisor.
async fn come_and_go<R: Runtime>(bench: &Bench<R>, children: usize) -> Work {
    let (polls, facts) = (bench.polls(), bench.facts());
    let top = bench.supervise_dynamic(DynamicSupervisorSpec::new()).await;
    let mut started = Vec::new();
    for _child in 0..children {
        let child = bench.worker("many").restart(Restart::Temporary);
        started.push(top.start_child(child).await.expect("it starts").process);
    }
    let listed = top.which_children().await.expect("it answers");
    let newest_first = started.iter().rev().copied().map(Some);
    assert!(newest_first.eq(listed.iter().map(|child| child.process)));
    for process in started.iter().step_by(10) {
        top.terminate_child(*process).await.expect("it stops");
    }
    let rest = top.count_children().await.expect("it answers");
    assert_eq!(rest.active, children - children.div_ceil(10));
    top.stop(STOP_LIMIT).await.expect("it stops");
    assert_eq!(bench.node().process_count(), 0);
    Work {
        polls: bench.polls() - polls,
        facts: bench.facts() - facts,
    }
}

/// Counted work, not time: polls of tasks and facts. A supervisor that woke every
/// child for each, or went over all of them at every turn of a task, would need a
/// hundred times as much for ten times as many.
async fn grows_in_proportion<R: Runtime>(bench: &Bench<R>, few: usize) {
    let base = come_and_go(bench, few).await;
    let tenfold = come_and_go(bench, 10 * few).await;
    assert!(
        tenfold.polls <= 11 * base.polls && tenfold.facts <= 11 * base.facts,
        "{few} children: {base:?}, ten times as many: {tenfold:?}"
    );
}

async fn c36_the_work_for_dynamic_children_grows_in_proportion<R: Runtime>(bench: Bench<R>) {
    grows_in_proportion(&bench, 100).await;
}

#[test]
fn c36_the_work_for_a_hundred_thousand_dynamic_children_is_in_proportion() {
    on_tokio_counting(async |bench| grows_in_proportion(&bench, 10_000).await);
}
