//! Specs: their defaults, and what is wrong with a wrong one.

use std::time::Duration;

use steadfast::event::{Event, SupervisionEvent};
use steadfast::runtime::Runtime;
use steadfast::supervision::{
    AutoShutdown, Backoff, ChildKind, ChildSpec, DynamicSupervisorSpec, Restart, RestartLimit,
    ShutdownPolicy, SpecError, StartChildError, StartError, Strategy, Supervisor, SupervisorSpec,
};

use super::harness::{LONG_BACKOFF, Mark, same};
use super::{Bench, cases};

cases! {
    c01_the_defaults_of_a_spec_are_those_of_otp,
    c02_an_invalid_spec_is_refused_by_name_and_starts_nothing,
    c02_an_invalid_nested_spec_is_refused_with_the_outer_one,
    c02_an_invalid_child_is_refused_and_the_others_stay,
}

async fn c01_the_defaults_of_a_spec_are_those_of_otp<R: Runtime>(_bench: Bench<R>) {
    let worker = ChildSpec::<R>::worker("a", |_context| async {});
    assert_eq!(worker.child_kind(), ChildKind::Worker);
    assert_eq!(worker.restart_policy(), Restart::Permanent);
    let five_seconds = ShutdownPolicy::Timeout(Duration::from_secs(5));
    assert_eq!(worker.shutdown_policy(), five_seconds);
    assert!(!worker.is_significant());

    let nested = SupervisorSpec::<R>::new(Strategy::OneForOne);
    for supervisor in [
        ChildSpec::supervisor("b", nested),
        ChildSpec::dynamic_supervisor("c", DynamicSupervisorSpec::new()),
    ] {
        assert_eq!(supervisor.child_kind(), ChildKind::Supervisor);
        assert_eq!(supervisor.restart_policy(), Restart::Permanent);
        assert_eq!(supervisor.shutdown_policy(), ShutdownPolicy::Infinite);
        assert!(!supervisor.is_significant());
    }

    let flags = SupervisorSpec::<R>::new(Strategy::RestForOne).flags();
    assert_eq!(flags.strategy, Strategy::RestForOne);
    assert_eq!(flags.limit.intensity, 1);
    assert_eq!(flags.limit.period, Duration::from_secs(5));
    assert_eq!(flags.auto_shutdown, AutoShutdown::Never);
}

/// Specs with one thing wrong, and what that is. Every one has a good child first,
/// which must not be started.
fn wrong_specs<R: Runtime>(bench: &Bench<R>) -> Vec<(SupervisorSpec<R>, SpecError)> {
    let spec = || SupervisorSpec::new(Strategy::OneForOne).child(bench.worker("good"));
    let any = || spec().auto_shutdown(AutoShutdown::AnySignificant);
    let too_many = RestartLimit::INTENSITY_MAX + 1;
    let significant = |restart| bench.worker("s").restart(restart).significant(true);
    let own_limit = RestartLimit {
        intensity: 1,
        period: Duration::ZERO,
    };
    let shrinking = Backoff {
        factor: -1.0,
        ..LONG_BACKOFF
    };
    vec![
        (spec().child(bench.worker("")), SpecError::MissingId),
        (
            spec().child(bench.worker("good")),
            SpecError::DuplicateId {
                child: "good".into(),
            },
        ),
        (
            spec().intensity(too_many, Duration::from_secs(1)),
            SpecError::IntensityTooLarge {
                intensity: too_many,
            },
        ),
        (spec().intensity(1, Duration::ZERO), SpecError::ZeroPeriod),
        (
            spec().child(bench.worker("b").limit(own_limit)),
            SpecError::ZeroPeriod,
        ),
        (
            spec().backoff(shrinking),
            SpecError::BadBackoff {
                factor: shrinking.factor.to_string().into(),
                jitter: shrinking.jitter.to_string().into(),
            },
        ),
        (
            spec().child(significant(Restart::Transient)),
            SpecError::SignificantUnderNever { child: "s".into() },
        ),
        (
            any().child(significant(Restart::Permanent)),
            SpecError::SignificantPermanent { child: "s".into() },
        ),
        (
            spec().child(bench.worker("b").peers(["nobody"])),
            SpecError::UnknownPeer {
                child: "b".into(),
                peer: "nobody".into(),
            },
        ),
    ]
}

async fn c02_an_invalid_spec_is_refused_by_name_and_starts_nothing<R: Runtime>(bench: Bench<R>) {
    for (spec, error) in wrong_specs(&bench) {
        same(&bench, &spec.validate(), &Err(error.clone()));
        let started = Supervisor::start(bench.node(), "top", spec).await;
        same(&bench, &started.err(), &Some(StartError::Invalid(error)));
    }
    bench.quiet().await;
    let any_start = |event: &Event| matches!(event, Event::Supervision(_) | Event::Process(_));
    same(&bench, &bench.count(Mark::default(), any_start), &0);
}

async fn c02_an_invalid_nested_spec_is_refused_with_the_outer_one<R: Runtime>(bench: Bench<R>) {
    for (inner, error) in wrong_specs(&bench) {
        let outer = SupervisorSpec::new(Strategy::OneForOne)
            .child(bench.worker("first"))
            .child(ChildSpec::supervisor("inner", inner));
        let nested = SpecError::Nested {
            child: "inner".into(),
            source: Box::new(error),
        };
        let started = Supervisor::start(bench.node(), "top", outer).await;
        same(&bench, &started.err(), &Some(StartError::Invalid(nested)));
    }
    bench.quiet().await;
    same(&bench, &bench.node().process_count(), &0);
}

async fn c02_an_invalid_child_is_refused_and_the_others_stay<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne).child(bench.worker("good"));
    let top = bench.supervise(spec).await;
    let mark = bench.mark();
    let refused = top.start_child(bench.worker("")).await.err();
    let missing = StartChildError::Invalid(SpecError::MissingId);
    same(&bench, &refused, &Some(missing));
    let significant = bench.worker("s").restart(Restart::Temporary);
    let refused = top.start_child(significant.significant(true)).await.err();
    let under_never = SpecError::SignificantUnderNever { child: "s".into() };
    same(
        &bench,
        &refused,
        &Some(StartChildError::Invalid(under_never)),
    );
    bench.told(top.id(), mark, &[]).await;
    let added = |event: &Event| {
        let Event::Supervision(event) = event else {
            return false;
        };
        matches!(event, SupervisionEvent::ChildAdded { .. })
    };
    same(&bench, &bench.count(mark, added), &0);
}
