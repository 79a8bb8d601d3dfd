//! Restarts along declared dependencies.

use std::time::Duration;

use super::stage::*;
use crate::supervision::{Backoff, SpecError, Strategy, SupervisorSpec};

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
    let spec = |strings: &Strings| {
        four(strings).backoff(Backoff {
            base: millis(100),
            factor: 2.0,
            cap: seconds(1),
            jitter: 0.0,
            reset_after: seconds(10),
        })
    };
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
