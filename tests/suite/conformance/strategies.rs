//! Strategies: which siblings a failure takes along, and in which order.

use steadfast::runtime::Runtime;
use steadfast::supervision::{Strategy, SupervisorSpec};

use super::harness::{Cue, LONG, Mark, Opening};
use super::{Bench, cases, cases_on_threads};

cases! {
    c15_under_one_for_one_only_the_failed_child_is_new,
    c16_under_one_for_all_all_are_stopped_in_reverse_and_started_in_order,
    c17_a_failed_start_within_a_restart_of_all_starts_the_whole_set_again,
    under_rest_for_one_the_later_ones_are_stopped_in_reverse_and_started_in_order,
    c19_a_failed_start_within_a_restart_of_the_rest_does_not_touch_earlier_ones,
}

cases_on_threads! {
    c15_under_one_for_one_only_the_failed_child_is_new,
    c16_under_one_for_all_all_are_stopped_in_reverse_and_started_in_order,
    c17_a_failed_start_within_a_restart_of_all_starts_the_whole_set_again,
    c19_a_failed_start_within_a_restart_of_the_rest_does_not_touch_earlier_ones,
}

/// Three children under a supervisor that allows enough restarts for a case.
fn three<R: Runtime>(bench: &Bench<R>, strategy: Strategy) -> SupervisorSpec<R> {
    SupervisorSpec::new(strategy)
        .intensity(10, LONG)
        .child(bench.worker("a"))
        .child(bench.worker("b"))
        .child(bench.worker("c"))
}

async fn c15_under_one_for_one_only_the_failed_child_is_new<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise(three(&bench, Strategy::OneForOne)).await;
    let began = ["start a", "start b", "start c"];
    bench.told(top.id(), Mark::default(), &began).await;
    let mark = bench.mark();
    bench.cue("b", Cue::Panic("boom"));
    bench
        .told(top.id(), mark, &["exit b: panic: boom", "start b"])
        .await;
}

async fn c16_under_one_for_all_all_are_stopped_in_reverse_and_started_in_order<R: Runtime>(
    bench: Bench<R>,
) {
    let top = bench.supervise(three(&bench, Strategy::OneForAll)).await;
    for (failed, others) in [("a", ["c", "b"]), ("b", ["c", "a"]), ("c", ["b", "a"])] {
        let mark = bench.mark();
        bench.cue(failed, Cue::Panic("boom"));
        let exit = format!("exit {failed}: panic: boom");
        let [last, first] = others.map(|other| format!("exit {other}: shutdown"));
        let story = [&exit, &last, &first, "start a", "start b", "start c"];
        bench.told(top.id(), mark, &story).await;
    }
}

async fn c17_a_failed_start_within_a_restart_of_all_starts_the_whole_set_again<R: Runtime>(
    bench: Bench<R>,
) {
    let top = bench.supervise(three(&bench, Strategy::OneForAll)).await;
    let mark = bench.mark();
    bench.next_openings("b", [Opening::Fail("no"), Opening::Panic("no!")]);
    bench.cue("c", Cue::Panic("boom"));
    let story = [
        "exit c: panic: boom",
        "exit b: shutdown",
        "exit a: shutdown",
        "start a",
        "fail b: error: no",
        // The one that was started again is stopped, and the set starts anew.
        "exit a: shutdown",
        "start a",
        "fail b: panic: no!",
        "exit a: shutdown",
        "start a",
        "start b",
        "start c",
    ];
    bench.told(top.id(), mark, &story).await;
}

async fn under_rest_for_one_the_later_ones_are_stopped_in_reverse_and_started_in_order<
    R: Runtime,
>(
    bench: Bench<R>,
) {
    let spec = three(&bench, Strategy::RestForOne).child(bench.worker("d"));
    let top = bench.supervise(spec).await;
    let mark = bench.mark();
    bench.cue("b", Cue::Panic("boom"));
    let story = [
        "exit b: panic: boom",
        "exit d: shutdown",
        "exit c: shutdown",
        "start b",
        "start c",
        "start d",
    ];
    bench.told(top.id(), mark, &story).await;
    let mark = bench.mark();
    bench.cue("d", Cue::Panic("boom"));
    bench
        .told(top.id(), mark, &["exit d: panic: boom", "start d"])
        .await;
}

async fn c19_a_failed_start_within_a_restart_of_the_rest_does_not_touch_earlier_ones<R: Runtime>(
    bench: Bench<R>,
) {
    let spec = three(&bench, Strategy::RestForOne).child(bench.worker("d"));
    let top = bench.supervise(spec).await;
    let mark = bench.mark();
    bench.next_openings("c", [Opening::Fail("no"), Opening::Panic("no!")]);
    bench.cue("b", Cue::Panic("boom"));
    let story = [
        "exit b: panic: boom",
        "exit d: shutdown",
        "exit c: shutdown",
        "start b",
        "fail c: error: no",
        "fail c: panic: no!",
        "start c",
        "start d",
    ];
    bench.told(top.id(), mark, &story).await;
}
