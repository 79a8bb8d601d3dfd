//! How supervisors come up, or do not.

use super::stage::*;
use crate::failure::Severity;
use crate::process::{Context, ExitReason};
use crate::supervision::{
    AutoShutdown, Backoff, ChildSpec, DynamicSupervisor, DynamicSupervisorSpec, Restart,
    RestartLimit, ShutdownPolicy, SpecError, StartError, Strategy, Supervisor, SupervisorInit,
    SupervisorSpec,
};

fn empty() -> SupervisorSpec<Rt> {
    SupervisorSpec::new(Strategy::OneForOne)
}

#[test]
fn defaults_are_those_of_otp() {
    let worker = idle("a");
    assert_eq!(worker.restart_policy(), Restart::Permanent);
    assert_eq!(
        worker.shutdown_policy(),
        ShutdownPolicy::Timeout(seconds(5))
    );
    assert!(!worker.is_significant());
    let supervisor = ChildSpec::supervisor("b", empty());
    assert_eq!(supervisor.restart_policy(), Restart::Permanent);
    assert_eq!(supervisor.shutdown_policy(), ShutdownPolicy::Infinite);
    let flags = empty().flags();
    assert_eq!(flags.limit.intensity, 1);
    assert_eq!(flags.limit.period, seconds(5));
    assert_eq!(flags.auto_shutdown, AutoShutdown::Never);
}

/// Specs that contradict themselves, and what is wrong with each.
fn wrong() -> Vec<(SupervisorSpec<Rt>, SpecError)> {
    let any = || empty().auto_shutdown(AutoShutdown::AnySignificant);
    let a = || "a".into();
    let bad = Backoff {
        base: seconds(1),
        factor: -1.0,
        cap: seconds(1),
        jitter: 0.0,
        reset_after: seconds(1),
    };
    let bad_backoff = || SpecError::BadBackoff {
        factor: "-1".into(),
        jitter: "0".into(),
    };
    let no_period = RestartLimit {
        intensity: 1,
        period: seconds(0),
    };
    let intensity = RestartLimit::INTENSITY_MAX + 1;
    vec![
        (empty().child(idle("")), SpecError::MissingId),
        (
            empty().child(idle("a")).child(idle("a")),
            SpecError::DuplicateId { child: a() },
        ),
        (empty().intensity(1, seconds(0)), SpecError::ZeroPeriod),
        (
            empty().intensity(intensity, seconds(1)),
            SpecError::IntensityTooLarge { intensity },
        ),
        (
            empty().child(idle("a").limit(no_period)),
            SpecError::ZeroPeriod,
        ),
        (empty().backoff(bad), bad_backoff()),
        (empty().child(idle("a").backoff(bad)), bad_backoff()),
        (
            empty().child(idle("a").restart(Restart::Transient).significant(true)),
            SpecError::SignificantUnderNever { child: a() },
        ),
        (
            any().child(idle("a").significant(true)),
            SpecError::SignificantPermanent { child: a() },
        ),
        (
            empty().child(idle("a").peers(["b"])),
            SpecError::UnknownPeer {
                child: a(),
                peer: "b".into(),
            },
        ),
        (
            empty().child(ChildSpec::supervisor("inner", empty().child(idle("")))),
            SpecError::Nested {
                child: "inner".into(),
                source: Box::new(SpecError::MissingId),
            },
        ),
    ]
}

#[test]
fn a_wrong_spec_is_refused_with_what_is_wrong_and_nothing_is_started() {
    for (spec, error) in wrong() {
        assert_eq!(spec.validate(), Err(error.clone()));
        crate::testing::run(0, |node| async move {
            let refused = Supervisor::start(&node, "top", spec).await.unwrap_err();
            assert_eq!(refused, StartError::Invalid(error));
            assert_eq!(node.runtime().events(), []);
        });
    }
}

#[test]
fn a_wrong_child_is_refused_when_it_is_added() {
    story(|node| async move {
        let supervisor = start(&node, empty()).await;
        let mut news = News::of(&node);
        let significant = idle("a").restart(Restart::Transient).significant(true);
        for (child, error) in [
            (idle(""), SpecError::MissingId),
            (
                significant,
                SpecError::SignificantUnderNever { child: "a".into() },
            ),
        ] {
            let refused = supervisor.start_child(child).await.unwrap_err();
            assert_eq!(refused, error.into());
        }
        assert_eq!(news.read(), "");
    });
}

#[test]
fn children_start_in_order_and_the_caller_waits_for_all() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        starts.plan("a", &[Start::Ready(seconds(3))]);
        let inner = empty().child(idle("deep"));
        let spec = empty()
            .child(starts.child("a", &strings))
            .child(ChildSpec::supervisor("inner", inner))
            .child(idle("b"));
        let mut news = News::of(&node);
        let _supervisor = start(&node, spec).await;
        assert_eq!(
            news.read(),
            "supervisor [a [inner [b +a supervisor [deep +deep +inner +b]".trim_end_matches(']')
        );
    });
}

#[test]
fn a_child_that_fails_to_start_stops_those_before_it_and_fails_the_supervisor() {
    for (word, text) in [
        (Start::Fail, "error: no start"),
        (Start::Panic, "panic: no start"),
    ] {
        story(|node| async move {
            let (strings, starts) = (Strings::default(), Starts::default());
            starts.plan("c", &[word]);
            let spec = empty()
                .child(idle("a"))
                .child(idle("b"))
                .child(starts.child("c", &strings))
                .child(idle("d"));
            let mut news = News::of(&node);
            let error = Supervisor::start(&node, "top", spec).await.unwrap_err();
            let StartError::ChildFailed { child, reason } = &error else {
                panic!("{error}");
            };
            assert_eq!((&**child, reason.to_string().as_str()), ("c", text));
            assert_eq!(
                news.read(),
                "supervisor [a [b [c [d +a +b !c xc stopping .b -b .a -a stopped"
            );
            assert_eq!(node.process_count(), 0);
            assert_eq!(incidents(&node), []);
        });
    }
}

#[test]
fn a_start_that_is_not_acknowledged_in_time_is_killed_and_has_failed() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        starts.plan("a", &[Start::Hang]);
        let spec = empty().child(starts.child("a", &strings).acknowledged(seconds(2)));
        let mut news = News::of(&node);
        let error = Supervisor::start(&node, "top", spec).await.unwrap_err();
        assert!(
            error.to_string().contains("not acknowledged in time"),
            "{error}"
        );
        assert_eq!(news.read(), "supervisor [a .a -a xa stopping stopped");
    });
}

#[test]
fn a_nested_supervisor_that_cannot_start_fails_its_parent() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        starts.plan("deep", &[Start::Fail]);
        let inner = empty().child(starts.child("deep", &strings));
        let spec = empty().child(ChildSpec::supervisor("inner", inner));
        let error = Supervisor::start(&node, "top", spec).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("`inner`") && text.contains("`deep`"),
            "{text}"
        );
        assert_eq!(node.process_count(), 0);
    });
}

#[test]
fn a_child_that_ignores_its_start_keeps_its_spec_unless_it_is_temporary() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        for id in ["a", "b", "c"] {
            starts.plan(id, &[Start::Ignore]);
        }
        let child = |id, restart| starts.child(id, &strings).restart(restart);
        let spec = empty()
            .child(child("a", Restart::Permanent))
            .child(child("b", Restart::Transient))
            .child(child("c", Restart::Temporary));
        let mut news = News::of(&node);
        let supervisor = start(&node, spec).await;
        assert_eq!(news.read(), "supervisor [a [b [c -a oa -b ob -c oc ]c");
        let count = supervisor.count_children().await.unwrap();
        assert_eq!((count.specs, count.active), (2, 0));
        assert_eq!(incidents(&node), []);
    });
}

#[test]
fn a_child_that_panics_after_it_ignored_its_start_has_failed() {
    story(|node| async move {
        let child = ChildSpec::worker("a", |context: Context<Rt>| async move {
            drop(context.ignore());
            panics("after all")
        });
        let spec = empty().child(child.acknowledged(seconds(1)));
        let error = Supervisor::start(&node, "top", spec).await.unwrap_err();
        assert!(error.to_string().contains("after all"), "{error}");
    });
}

#[test]
fn an_init_function_can_ignore_answer_nonsense_or_panic() {
    story(|node| async move {
        let ignored = Supervisor::start_with(&node, "top", || SupervisorInit::<Rt>::Ignore).await;
        assert_eq!(ignored.unwrap_err(), StartError::Ignored);
        let nonsense = || empty().child(idle("")).into();
        let refused = Supervisor::start_with(&node, "top", nonsense).await;
        assert_eq!(
            refused.unwrap_err(),
            StartError::Invalid(SpecError::MissingId)
        );
        let init = || -> SupervisorInit<Rt> { panic!("in init") };
        let panicked = Supervisor::start_with(&node, "top", init).await;
        let reason = ExitReason::Panic("in init".into());
        assert_eq!(panicked.unwrap_err(), StartError::Exited(reason));
        assert_eq!(node.process_count(), 0);
    });
}

#[test]
fn a_nested_init_function_is_asked_at_each_start() {
    story(|node| async move {
        let strings = Strings::default();
        let below = strings.clone();
        let calls = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = calls.clone();
        let inner = ChildSpec::supervisor_with("inner", move || {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            empty()
                .intensity(0, seconds(1))
                .child(below.puppet("a"))
                .into()
        });
        let _supervisor = start(&node, empty().child(inner)).await;
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        assert_eq!(calls.load(std::sync::atomic::Ordering::Relaxed), 2);
    });
}

#[test]
fn a_supervisor_told_to_exit_while_it_starts_says_so() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        starts.plan("a", &[Start::Hang]);
        let spec = empty().child(starts.child("a", &strings));
        let (started, stopped) = {
            let start = Supervisor::start(&node, "top", spec);
            let other = node.clone();
            let stop = async move {
                pass(&other, seconds(1)).await;
                other.stop(seconds(10)).await
            };
            both(start, stop).await
        };
        assert!(stopped);
        let reason = ExitReason::SHUTDOWN;
        assert_eq!(started.unwrap_err(), StartError::Exited(reason));
    });
}

#[test]
fn a_wrong_dynamic_spec_is_refused() {
    crate::testing::run(0, |node| async move {
        let spec = DynamicSupervisorSpec::<Rt>::new().intensity(1, seconds(0));
        let refused = DynamicSupervisor::start(&node, "top", spec).await;
        assert_eq!(
            refused.unwrap_err(),
            StartError::Invalid(SpecError::ZeroPeriod)
        );
    });
}

#[test]
fn only_the_failed_restart_of_a_child_is_a_warning() {
    story(|node| async move {
        let (strings, starts) = (Strings::default(), Starts::default());
        let spec = empty()
            .intensity(5, seconds(5))
            .child(starts.child("a", &strings));
        let _supervisor = start(&node, spec).await;
        starts.plan("a", &[Start::Fail]);
        strings.pull("a", crash());
        pass(&node, seconds(1)).await;
        let severities = incidents(&node).into_iter().map(|(severity, _)| severity);
        assert_eq!(severities.collect::<Vec<_>>(), [Severity::Warning; 2]);
    });
}
