//! Settings and children of a supervisor that change while it runs.

use std::time::Duration;

use steadfast::event::SupervisionEvent;
use steadfast::process::{ExitReason, ProcessId};
use steadfast::runtime::Runtime;
use steadfast::supervision::{
    AutoShutdown, Backoff, ChildSpec, ChildStatus, DynamicSupervisorSpec, ReconfigureError,
    Restart, RestartLimit, ShutdownPolicy, SpecError, StartChildError, Strategy, SupervisorFlags,
    SupervisorRef, SupervisorSpec,
};

use super::harness::{Cue, Fact, LONG, Manner, Mark, STOP_LIMIT, same};
use super::{Bench, cases};

cases! {
    c66_a_new_strategy_applies_to_later_failures,
    c66_a_new_intensity_counts_what_was_before,
    c66_new_child_specs_apply_to_later_ends_and_stops,
    c66_new_children_come_without_a_process_and_others_stay,
    c66_wrong_settings_are_refused_without_damage,
    c66_an_upgrade_with_a_wrong_child_is_refused_without_damage,
    c66_a_dynamic_supervisor_takes_over_new_settings,
    c77_auto_shutdown_that_is_turned_on_applies_to_later_exits,
    c77_auto_shutdown_that_is_turned_off_applies_to_later_exits,
    c77_auto_shutdown_from_any_to_all_and_back,
    c77_significance_that_is_changed_applies_to_later_exits,
    c77_auto_shutdown_never_is_refused_while_a_child_is_significant,
}

const SECOND: Duration = Duration::from_secs(1);

fn any<R: Runtime>(bench: &Bench<R>) -> SupervisorSpec<R> {
    SupervisorSpec::new(Strategy::OneForOne)
        .intensity(10, LONG)
        .child(bench.worker("a"))
        .child(bench.worker("b"))
        .child(bench.worker("c"))
}

/// Makes `b` crash and tells what the supervisor did then.
async fn crash_of_b<R: Runtime>(bench: &Bench<R>, top: &SupervisorRef<R>, story: &[&str]) {
    let mark = bench.mark();
    bench.cue("b", Cue::Panic("boom"));
    bench.told(top.id(), mark, story).await;
}

/// What was announced of settings since `mark`.
fn taken_over<R: Runtime>(bench: &Bench<R>, mark: Mark) -> usize {
    bench.since(mark, |facts| {
        let events = facts.iter().filter_map(Fact::supervision);
        events
            .filter(|event| matches!(event, SupervisionEvent::SupervisorReconfigured { .. }))
            .count()
    })
}

/// The processes of all children, newest first.
async fn processes<R: Runtime>(top: &SupervisorRef<R>) -> Vec<Option<ProcessId>> {
    let children = top.which_children().await.expect("it answers");
    children.iter().map(|child| child.process).collect()
}

async fn c66_a_new_strategy_applies_to_later_failures<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise(any(&bench)).await;
    crash_of_b(&bench, &top, &["exit b: panic: boom", "start b"]).await;
    let before = processes(&top).await;

    let mut flags = any(&bench).flags();
    flags.strategy = Strategy::OneForAll;
    let mark = bench.mark();
    same(&bench, &top.reconfigure(flags).await, &Ok(()));
    same(&bench, &taken_over(&bench, mark), &1);
    same(&bench, &processes(&top).await, &before);
    let all = [
        "exit b: panic: boom",
        "exit c: shutdown",
        "exit a: shutdown",
        "start a",
        "start b",
        "start c",
    ];
    crash_of_b(&bench, &top, &all).await;

    let rest = any(&bench).flags();
    let spec = SupervisorSpec::new(Strategy::RestForOne).intensity(10, rest.limit.period);
    same(&bench, &top.upgrade(spec).await, &Ok(()));
    let rest = [
        "exit b: panic: boom",
        "exit c: shutdown",
        "start b",
        "start c",
    ];
    crash_of_b(&bench, &top, &rest).await;
}

async fn c66_a_new_intensity_counts_what_was_before<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise(any(&bench)).await;
    for _ in 0..3 {
        crash_of_b(&bench, &top, &["exit b: panic: boom", "start b"]).await;
    }
    let mut flags = any(&bench).flags();
    flags.limit.intensity = 4;
    same(&bench, &top.reconfigure(flags).await, &Ok(()));
    crash_of_b(&bench, &top, &["exit b: panic: boom", "start b"]).await;
    bench.cue("b", Cue::Panic("boom"));
    same(
        &bench,
        &bench.exit_of(top.id()).await,
        &ExitReason::SHUTDOWN,
    );
}

async fn c66_new_child_specs_apply_to_later_ends_and_stops<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise(any(&bench)).await;
    let before = processes(&top).await;
    let slow = bench.player("c", Manner::Linger(3 * SECOND));
    let upgrade = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(10, LONG)
        .child(bench.worker("b").restart(Restart::Temporary))
        .child(slow.shutdown(ShutdownPolicy::Infinite));
    same(&bench, &top.upgrade(upgrade).await, &Ok(()));
    // Nobody was disturbed, and nobody moved.
    same(&bench, &processes(&top).await, &before);

    let mark = bench.mark();
    bench.cue("b", Cue::Panic("boom"));
    bench.cue("a", Cue::Panic("boom"));
    bench.quiet().await;
    let children = top.which_children().await.expect("it answers");
    let ids: Vec<_> = children.iter().map(|child| child.id.to_string()).collect();
    same(&bench, &ids, &vec!["c".to_owned(), "a".to_owned()]);

    // The process of `c` is the old one, its next is new.
    bench.cue("c", Cue::Panic("boom"));
    bench.quiet().await;
    let began = bench.now();
    same(&bench, &top.terminate_child("c").await, &Ok(()));
    let took = bench.now().since(began);
    assert!(took >= 3 * SECOND, "{took:?}");
    let exits = bench.exits(mark);
    same(&bench, &exits.len(), &4);
}

async fn c66_new_children_come_without_a_process_and_others_stay<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise(any(&bench)).await;
    let before = processes(&top).await;
    let upgrade = SupervisorSpec::new(Strategy::OneForAll)
        .intensity(10, LONG)
        .child(bench.worker("a"))
        .child(bench.worker("d"));
    same(&bench, &top.upgrade(upgrade).await, &Ok(()));
    let new = top.which_child("d").await.expect("it is there");
    same(
        &bench,
        &(new.process, new.status),
        &(None, ChildStatus::Stopped),
    );
    let mut expected = vec![None];
    expected.extend(before);
    same(&bench, &processes(&top).await, &expected);
    // From now on it belongs to the group.
    let story = [
        "exit b: panic: boom",
        "exit c: shutdown",
        "exit a: shutdown",
        "start a",
        "start b",
        "start c",
        "start d",
    ];
    crash_of_b(&bench, &top, &story).await;
}

/// The supervisor is as it was: same processes, same strategy.
async fn unharmed<R: Runtime>(
    bench: &Bench<R>,
    top: &SupervisorRef<R>,
    mark: Mark,
    before: &Vec<Option<ProcessId>>,
) {
    same(bench, &taken_over(bench, mark), &0);
    same(bench, &processes(top).await, before);
    same(bench, &bench.exits(mark), &Vec::new());
}

async fn c66_wrong_settings_are_refused_without_damage<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise(any(&bench)).await;
    let (mark, before) = (bench.mark(), processes(&top).await);
    let good = SupervisorFlags {
        strategy: Strategy::OneForAll,
        ..any(&bench).flags()
    };
    let limit = |intensity, period| RestartLimit { intensity, period };
    let wrong_backoff = Backoff {
        base: SECOND,
        factor: -1.0,
        cap: SECOND,
        jitter: 0.0,
        reset_after: SECOND,
    };
    let too_large = RestartLimit::INTENSITY_MAX + 1;
    let bad = [
        (
            SupervisorFlags {
                limit: limit(1, Duration::ZERO),
                ..good
            },
            SpecError::ZeroPeriod,
        ),
        (
            SupervisorFlags {
                limit: limit(too_large, SECOND),
                ..good
            },
            SpecError::IntensityTooLarge {
                intensity: too_large,
            },
        ),
        (
            SupervisorFlags {
                backoff: Some(wrong_backoff),
                ..good
            },
            SpecError::BadBackoff {
                factor: "-1".into(),
                jitter: "0".into(),
            },
        ),
    ];
    for (flags, error) in bad {
        let refused = top.reconfigure(flags).await;
        same(&bench, &refused, &Err(error.into()));
    }
    unharmed(&bench, &top, mark, &before).await;
    crash_of_b(&bench, &top, &["exit b: panic: boom", "start b"]).await;
}

async fn c66_an_upgrade_with_a_wrong_child_is_refused_without_damage<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise(any(&bench)).await;
    let (mark, before) = (bench.mark(), processes(&top).await);
    let inner = SupervisorSpec::new(Strategy::OneForOne).child(bench.worker(""));
    let nested = SpecError::Nested {
        child: "d".into(),
        source: Box::new(SpecError::MissingId),
    };
    let unknown_peer = SpecError::UnknownPeer {
        child: "d".into(),
        peer: "nobody".into(),
    };
    let duplicate = SpecError::DuplicateId { child: "d".into() };
    let bad = [
        (vec![bench.worker("")], SpecError::MissingId),
        (vec![bench.worker("d"), bench.worker("d")], duplicate),
        (vec![bench.worker("d").peers(["nobody"])], unknown_peer),
        (vec![ChildSpec::supervisor("d", inner)], nested),
    ];
    for (children, error) in bad {
        // The first is right, and is not taken over either.
        let mut upgrade = SupervisorSpec::new(Strategy::OneForAll)
            .child(bench.worker("b").restart(Restart::Temporary));
        for child in children {
            upgrade = upgrade.child(child);
        }
        let refused = top.upgrade(upgrade).await;
        same(&bench, &refused, &Err(error.into()));
    }
    unharmed(&bench, &top, mark, &before).await;
    crash_of_b(&bench, &top, &["exit b: panic: boom", "start b"]).await;
}

async fn c66_a_dynamic_supervisor_takes_over_new_settings<R: Runtime>(bench: Bench<R>) {
    let spec = DynamicSupervisorSpec::new().intensity(10, LONG);
    let mut flags = spec.flags();
    let top = bench.supervise_dynamic(spec).await;
    for _ in 0..3 {
        top.start_child(bench.worker("a")).await.expect("it starts");
    }
    flags.max_children = 2;
    flags.limit.period = Duration::ZERO;
    let refused = top.reconfigure(flags).await;
    same(&bench, &refused, &Err(SpecError::ZeroPeriod.into()));
    top.start_child(bench.worker("b")).await.expect("it starts");

    flags.limit = RestartLimit {
        intensity: 0,
        period: LONG,
    };
    same(&bench, &top.reconfigure(flags).await, &Ok(()));
    // Those above the new maximum stay, and none comes any more.
    let count = top.count_children().await.expect("it answers");
    same(&bench, &count.active, &4);
    let full = top.start_child(bench.worker("c")).await.err();
    same(
        &bench,
        &full,
        &Some(StartChildError::MaxChildren { limit: 2 }),
    );
    bench.cue("b", Cue::Panic("boom"));
    same(
        &bench,
        &bench.exit_of(top.id()).await,
        &ExitReason::SHUTDOWN,
    );
}

fn significant<R: Runtime>(bench: &Bench<R>, name: &'static str) -> ChildSpec<R> {
    let child = bench.worker(name).restart(Restart::Transient);
    child.significant(true)
}

fn family<R: Runtime>(bench: &Bench<R>, auto_shutdown: AutoShutdown) -> SupervisorSpec<R> {
    SupervisorSpec::new(Strategy::OneForOne)
        .auto_shutdown(auto_shutdown)
        .child(significant(bench, "s1"))
        .child(significant(bench, "s2"))
        .child(significant(bench, "s3"))
        .child(bench.worker("last"))
}

/// Ends `name` normally; whether its supervisor ended with it.
async fn ends_with<R: Runtime>(
    bench: &Bench<R>,
    top: &SupervisorRef<R>,
    name: &'static str,
) -> bool {
    bench.cue(name, Cue::End(ExitReason::Normal));
    bench.quiet().await;
    let ended = !bench.node().is_alive(top.id());
    if ended {
        same(bench, &bench.exit_of(top.id()).await, &ExitReason::SHUTDOWN);
        same(bench, &bench.node().process_count(), &0);
    }
    ended
}

async fn set<R: Runtime>(
    top: &SupervisorRef<R>,
    auto_shutdown: AutoShutdown,
) -> Result<(), ReconfigureError> {
    let mut flags = SupervisorFlags::new(Strategy::OneForOne);
    flags.auto_shutdown = auto_shutdown;
    top.reconfigure(flags).await
}

async fn c77_auto_shutdown_that_is_turned_on_applies_to_later_exits<R: Runtime>(bench: Bench<R>) {
    for auto_shutdown in [AutoShutdown::AnySignificant, AutoShutdown::AllSignificant] {
        let transient = |name| bench.worker(name).restart(Restart::Transient);
        let spec = SupervisorSpec::new(Strategy::OneForOne)
            .child(transient("s1"))
            .child(transient("s2"))
            .child(bench.worker("last"));
        let top = bench.supervise(spec).await;
        assert!(!ends_with(&bench, &top, "s1").await);
        // From here on `s2` is significant, and `s1`, which has ended, is too.
        let upgrade = SupervisorSpec::new(Strategy::OneForOne)
            .auto_shutdown(auto_shutdown)
            .child(significant(&bench, "s1"))
            .child(significant(&bench, "s2"));
        same(&bench, &top.upgrade(upgrade).await, &Ok(()));
        bench.quiet().await;
        assert!(bench.node().is_alive(top.id()), "nothing has ended since");
        assert!(ends_with(&bench, &top, "s2").await);
    }
}

async fn c77_auto_shutdown_that_is_turned_off_applies_to_later_exits<R: Runtime>(bench: Bench<R>) {
    for auto_shutdown in [AutoShutdown::AnySignificant, AutoShutdown::AllSignificant] {
        let top = bench.supervise(family(&bench, auto_shutdown)).await;
        let upgrade = SupervisorSpec::new(Strategy::OneForOne)
            .child(bench.worker("s1").restart(Restart::Transient))
            .child(bench.worker("s2").restart(Restart::Temporary))
            .child(bench.worker("s3").restart(Restart::Transient));
        same(&bench, &top.upgrade(upgrade).await, &Ok(()));
        for name in ["s1", "s2", "s3"] {
            assert!(!ends_with(&bench, &top, name).await, "{name}");
        }
        let stopped = top.stop(STOP_LIMIT).await;
        same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
    }
}

async fn c77_auto_shutdown_from_any_to_all_and_back<R: Runtime>(bench: Bench<R>) {
    let (any, all) = (AutoShutdown::AnySignificant, AutoShutdown::AllSignificant);
    let top = bench.supervise(family(&bench, any)).await;
    same(&bench, &set(&top, all).await, &Ok(()));
    assert!(!ends_with(&bench, &top, "s1").await);
    assert!(!ends_with(&bench, &top, "s2").await);
    assert!(ends_with(&bench, &top, "s3").await);

    let top = bench.supervise(family(&bench, all)).await;
    assert!(!ends_with(&bench, &top, "s1").await);
    // The exit that was before does not count now.
    same(&bench, &set(&top, any).await, &Ok(()));
    bench.quiet().await;
    assert!(bench.node().is_alive(top.id()));
    assert!(ends_with(&bench, &top, "s2").await);
}

async fn c77_significance_that_is_changed_applies_to_later_exits<R: Runtime>(bench: Bench<R>) {
    let any = AutoShutdown::AnySignificant;
    let top = bench.supervise(family(&bench, any)).await;
    let upgrade = SupervisorSpec::new(Strategy::OneForOne)
        .auto_shutdown(any)
        .child(bench.worker("s1").restart(Restart::Transient))
        .child(
            bench
                .worker("last")
                .restart(Restart::Temporary)
                .significant(true),
        );
    same(&bench, &top.upgrade(upgrade).await, &Ok(()));
    assert!(!ends_with(&bench, &top, "s1").await);
    assert!(ends_with(&bench, &top, "last").await);
}

async fn c77_auto_shutdown_never_is_refused_while_a_child_is_significant<R: Runtime>(
    bench: Bench<R>,
) {
    let any = AutoShutdown::AnySignificant;
    let top = bench.supervise(family(&bench, any)).await;
    let (mark, before) = (bench.mark(), processes(&top).await);
    let refused = |child: &str| {
        let child = child.into();
        Err(ReconfigureError::Invalid(
            SpecError::SignificantUnderNever { child },
        ))
    };
    let never = AutoShutdown::Never;
    same(&bench, &set(&top, never).await, &refused("s1"));
    // Nor can an upgrade leave one behind, or make a permanent child significant.
    let upgrade = SupervisorSpec::new(Strategy::OneForOne)
        .child(bench.worker("s1"))
        .child(bench.worker("s2"));
    same(&bench, &top.upgrade(upgrade).await, &refused("s3"));
    let upgrade = SupervisorSpec::new(Strategy::OneForOne)
        .auto_shutdown(any)
        .child(bench.worker("last").significant(true));
    let permanent = SpecError::SignificantPermanent {
        child: "last".into(),
    };
    same(&bench, &top.upgrade(upgrade).await, &Err(permanent.into()));
    unharmed(&bench, &top, mark, &before).await;

    for child in ["s1", "s2", "s3"] {
        same(&bench, &top.terminate_child(child).await, &Ok(()));
        same(&bench, &top.delete_child(child).await, &Ok(()));
    }
    same(&bench, &set(&top, never).await, &Ok(()));
}
