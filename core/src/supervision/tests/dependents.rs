//! Restarts along declared dependencies.

use std::time::Duration;

use super::stage::*;
use crate::process::{Context, ExitReason};
use crate::supervision::{
    Backoff, CallError, ChildSpec, RestartGroupError, SpecError, Strategy, SupervisorSpec,
};

/// `d` needs `b`, which needs `a`; `c` stands between them and needs nothing.
fn four(strings: &Strings) -> SupervisorSpec<Rt> {
    SupervisorSpec::new(Strategy::DependentsForOne)
        .intensity(10, seconds(60))
        .child(strings.puppet("a"))
        .child(strings.puppet("b").depends_on(["a"]))
        .child(strings.puppet("c"))
        .child(strings.puppet("d").depends_on(["b"]))
}

fn crash_of(
    victim: &'static str,
    spec: fn(&Strings) -> SupervisorSpec<Rt>,
    expected: &'static str,
) {
    story(|node| async move {
        let strings = Strings::default();
        let _supervisor = start(&node, spec(&strings)).await;
        let mut news = News::of(&node);
        strings.pull(victim, crash());
        pass(&node, seconds(1)).await;
        assert_eq!(news.read(), expected);
    });
}

#[test]
fn dependents_are_restarted_with_their_dependency_and_bystanders_are_not() {
    crash_of("a", four, "!a ~a .d -d .b -b +a +b +d");
    crash_of("b", four, "!b ~b .d -d +b +d");
    crash_of("c", four, "!c ~c +c");
    crash_of("d", four, "!d ~d +d");
}

#[test]
fn dependents_are_stopped_before_the_wait_of_a_back_off() {
    let spec = |strings: &Strings| four(strings).backoff(slow());
    crash_of("b", spec, "!b ~b .d -d +b +d");
}

#[test]
fn a_failed_start_keeps_back_its_dependents_and_nobody_else() {
    story(|node| async move {
        let strings = Strings::default();
        let starts = Starts::default();
        // `c` needs `a` too, but not `b`, whose start fails once.
        let spec = SupervisorSpec::new(Strategy::DependentsForOne)
            .intensity(10, seconds(60))
            .child(strings.puppet("a"))
            .child(starts.child("b", &strings).depends_on(["a"]))
            .child(strings.puppet("c").depends_on(["a"]))
            .child(strings.puppet("d").depends_on(["b"]));
        starts.plan("b", &[Start::Ready(Duration::ZERO), Start::Fail]);
        let _supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        let told = news.read();
        assert!(told.ends_with("+a !b xb ~b +c +b +d"), "{told}");
    });
}

#[test]
fn a_child_that_waits_for_two_restarts_is_not_started_when_one_is_called_off() {
    story(|node| async move {
        let strings = Strings::default();
        let wait = |base| Backoff {
            base,
            factor: 1.0,
            cap: base,
            jitter: 0.0,
            reset_after: seconds(99),
        };
        let spec = SupervisorSpec::new(Strategy::DependentsForOne)
            .intensity(10, seconds(60))
            .child(strings.puppet("a").backoff(wait(seconds(9))))
            .child(strings.puppet("b").backoff(wait(seconds(5))))
            .child(idle("c").depends_on(["a", "b"]));
        let supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        strings.pull("b", crash());
        pass(&node, seconds(1)).await;
        supervisor.terminate_child("a").await.unwrap();
        pass(&node, seconds(1)).await;
        assert_eq!(news.read(), "!a ~a .c -c !b ~b ^a");
        pass(&node, seconds(9)).await;
        assert_eq!(news.read(), "+b +c");
    });
}

#[test]
fn a_dependency_must_be_a_sibling_that_starts_earlier() {
    let child = |id| idle(id).depends_on(["b"]);
    let refused = |spec: SupervisorSpec<Rt>| spec.validate().unwrap_err();
    let spec = || SupervisorSpec::new(Strategy::DependentsForOne);
    let unknown = |child: &str| SpecError::UnknownDependency {
        child: child.into(),
        dependency: "b".into(),
    };
    assert_eq!(refused(spec().child(child("a"))), unknown("a"));
    let later = spec().child(child("a")).child(idle("b"));
    assert_eq!(refused(later), unknown("a"));
    assert_eq!(refused(spec().child(child("b"))), unknown("b"));
    let earlier = spec().child(idle("b")).child(child("a"));
    assert_eq!(earlier.validate(), Ok(()));
}

#[test]
fn a_dependent_of_two_that_wait_starts_once_both_are_up() {
    story(|node| async move {
        let strings = Strings::default();
        let spec = SupervisorSpec::new(Strategy::DependentsForOne)
            .intensity(10, seconds(60))
            .backoff(slow())
            .child(strings.puppet("a"))
            .child(strings.puppet("b"))
            .child(strings.puppet("c").depends_on(["a", "b"]))
            .child(strings.puppet("d").depends_on(["c"]));
        let _supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        strings.pull("a", crash());
        pass(&node, millis(50)).await;
        strings.pull("b", crash());
        pass(&node, seconds(1)).await;
        assert_eq!(news.read(), "!a ~a .d -d .c -c !b ~b +a +b +c +d");
    });
}

#[test]
fn a_start_that_fails_in_a_restart_holds_up_only_its_dependents() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let spec = SupervisorSpec::new(Strategy::DependentsForOne)
            .intensity(10, seconds(60))
            .backoff(slow())
            .child(strings.puppet("a"))
            .child(starts.child("b", &strings).depends_on(["a"]))
            .child(idle("c").depends_on(["b"]))
            .child(idle("d").depends_on(["a"]));
        let _supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        starts.plan("b", &[Start::Fail]);
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        let story = "!a ~a .d -d .c -c .b -b +a !b xb ~b +d +b +c";
        assert_eq!(news.read(), story);
    });
}

#[test]
fn a_child_is_restarted_on_request_with_its_group_and_without_a_count() {
    for (strategy, expected) in [
        (Strategy::OneForOne, ".b -b +b"),
        (Strategy::OneForAll, ".d -d .c -c .b -b .a -a +a +b +c +d"),
        (Strategy::RestForOne, ".d -d .c -c .b -b +b +c +d"),
        (Strategy::DependentsForOne, ".d -d .b -b +b +d"),
    ] {
        story(|node| async move {
            let mut spec = four(&Strings::default()).intensity(0, seconds(60));
            spec.flags.strategy = strategy;
            let supervisor = start(&node, spec).await;
            let mut news = News::of(&node);
            assert_eq!(supervisor.restart_group("b").await, Ok(()));
            assert_eq!(news.read(), expected);
            let unknown = supervisor.restart_group("x").await;
            assert_eq!(unknown, Err(RestartGroupError::NotFound));
        });
    }
}

#[test]
fn a_stopped_child_is_started_on_request_with_its_group() {
    story(|node| async move {
        let supervisor = start(&node, four(&Strings::default())).await;
        supervisor.terminate_child("b").await.unwrap();
        let mut news = News::of(&node);
        assert_eq!(supervisor.restart_group("b").await, Ok(()));
        assert_eq!(news.read(), ".d -d +b +d");
    });
}

#[test]
fn a_requested_restart_that_fails_is_told_and_tried_again() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let spec = SupervisorSpec::new(Strategy::RestForOne)
            .backoff(slow())
            .child(starts.child("b", &strings))
            .child(idle("c"));
        let supervisor = start(&node, spec).await;
        let mut news = News::of(&node);
        starts.plan("b", &[Start::Fail]);
        let (child, reason) = ("b".into(), ExitReason::failed("no start"));
        assert_eq!(
            supervisor.restart_group("b").await,
            Err(RestartGroupError::Failed { child, reason })
        );
        pass(&node, seconds(1)).await;
        assert_eq!(news.read(), ".c -c .b -b !b xb ~b +b +c");
    });
}

#[test]
fn a_restart_on_request_is_answered_when_the_supervisor_stops_instead() {
    story(|node| async move {
        let stubborn = ChildSpec::worker("b", |_context: Context<Rt>| async move {
            std::future::pending::<()>().await;
        });
        let stubborn = stubborn.trap_exit(true);
        let spec = SupervisorSpec::new(Strategy::OneForOne).child(stubborn);
        let supervisor = start(&node, spec).await;
        let stop = async {
            pass(&node, seconds(1)).await;
            supervisor.stop(seconds(10)).await
        };
        let (restarted, stopped) = both(supervisor.restart_group("b"), stop).await;
        assert_eq!(restarted, Err(CallError::Stopping.into()));
        assert_eq!(stopped, Ok(ExitReason::SHUTDOWN));
    });
}

fn slow() -> Backoff {
    Backoff {
        base: millis(100),
        factor: 2.0,
        cap: seconds(1),
        jitter: 0.0,
        reset_after: seconds(10),
    }
}
