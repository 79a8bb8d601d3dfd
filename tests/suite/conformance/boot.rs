//! Services that need each other: their order, and what is wrong with it by name.

use steadfast::boot::{Boot, BootError, BootSpec, PlanError, ServiceSpec};
use steadfast::event::{BootEvent, Event};
use steadfast::process::ExitReason;
use steadfast::runtime::Runtime;

use super::harness::{Cue, LONG, Mark, Opening, STOP_LIMIT, same};
use super::{Bench, cases};

cases! {
    c65_a_cycle_is_refused_and_named,
    c65_an_unknown_dependency_is_refused_and_named,
    c65_a_dependency_on_a_later_phase_is_refused_and_named,
    c65_services_start_after_what_they_need_and_stop_before_it,
    c65_the_order_is_that_of_the_declaration_where_nothing_else_decides,
    c65_a_service_that_fails_to_start_stops_those_before_it_in_reverse,
    c65_a_service_is_restarted_with_those_that_need_it_and_no_others,
}

/// A service of the phase `phase`, directed from the stage.
fn service<R: Runtime>(
    bench: &Bench<R>,
    name: &'static str,
    phase: &'static str,
    needs: &[&'static str],
) -> ServiceSpec<R> {
    ServiceSpec::new(phase, bench.worker(name)).depends_on(needs.iter().copied())
}

/// Declared against their order, so that only what they need puts them right.
fn shop<R: Runtime>(bench: &Bench<R>) -> BootSpec<R> {
    BootSpec::new(["base", "front"])
        .intensity(10, LONG)
        .service(service(bench, "web", "front", &["search", "orders"]))
        .service(service(bench, "orders", "base", &["store", "clock"]))
        .service(service(bench, "search", "front", &["store"]))
        .service(service(bench, "store", "base", &["disk"]))
        .service(service(bench, "mail", "base", &[]))
        .service(service(bench, "disk", "base", &[]))
        .service(service(bench, "clock", "base", &[]))
}

/// The order of the shop: by phase, after what is needed, then as declared.
const ORDER: [&str; 7] = ["mail", "disk", "store", "clock", "orders", "search", "web"];

/// What the boot announced since `mark`: `+a` started, `-a` stopped.
fn script<R: Runtime>(bench: &Bench<R>, mark: Mark) -> Vec<String> {
    bench.since(mark, |facts| {
        let words = facts.iter().filter_map(|fact| {
            let Event::Boot(event) = &fact.event else {
                return None;
            };
            match event {
                BootEvent::ServiceStarted { service, .. } => Some(format!("+{service}")),
                BootEvent::ServiceStopped { service } => Some(format!("-{service}")),
                BootEvent::Planned { .. }
                | BootEvent::PhaseStarted { .. }
                | BootEvent::DependentRestarted { .. }
                | BootEvent::HealthChanged { .. }
                | BootEvent::Completed
                | BootEvent::Failed { .. } => None,
            }
        });
        words.collect()
    })
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Refused by name, before anything was started.
async fn refused<R: Runtime>(bench: &Bench<R>, spec: BootSpec<R>, error: PlanError, text: &str) {
    same(bench, &error.to_string().as_str(), &text);
    let answer = Boot::start(bench.node(), "shop", spec).await;
    let expected = BootError::Invalid(error.into());
    same(bench, &answer.err(), &Some(expected));
    same(bench, &bench.since(Mark::default(), <[_]>::len), &0);
}

async fn c65_a_cycle_is_refused_and_named<R: Runtime>(bench: Bench<R>) {
    let spec = BootSpec::new(["base"])
        .service(service(&bench, "a", "base", &[]))
        .service(service(&bench, "b", "base", &["a", "d"]))
        .service(service(&bench, "c", "base", &["b"]))
        .service(service(&bench, "d", "base", &["c"]));
    let path = ["b", "d", "c", "b"].map(Into::into).to_vec();
    let error = PlanError::Cycle { path };
    refused(&bench, spec, error, "dependency cycle: b -> d -> c -> b").await;

    let spec = BootSpec::new(["base"]).service(service(&bench, "a", "base", &["a"]));
    let path = ["a", "a"].map(Into::into).to_vec();
    let error = PlanError::Cycle { path };
    refused(&bench, spec, error, "dependency cycle: a -> a").await;
}

async fn c65_an_unknown_dependency_is_refused_and_named<R: Runtime>(bench: Bench<R>) {
    let spec = shop(&bench).service(service(&bench, "extra", "base", &["disk", "printer"]));
    let error = PlanError::UnknownDependency {
        service: "extra".into(),
        dependency: "printer".into(),
    };
    let text = "service `extra` depends on the unknown service `printer`";
    refused(&bench, spec, error, text).await;
}

async fn c65_a_dependency_on_a_later_phase_is_refused_and_named<R: Runtime>(bench: Bench<R>) {
    let spec = shop(&bench).service(service(&bench, "extra", "base", &["web"]));
    let error = PlanError::LaterPhase {
        service: "extra".into(),
        phase: "base".into(),
        dependency: "web".into(),
        dependency_phase: "front".into(),
    };
    let text = "service `extra` of phase `base` depends on `web` of the later phase `front`";
    refused(&bench, spec, error, text).await;
}

async fn c65_services_start_after_what_they_need_and_stop_before_it<R: Runtime>(bench: Bench<R>) {
    // The same again and again: the order is a function of the declaration.
    for _ in 0..3 {
        let mark = bench.mark();
        let boot = Boot::start(bench.node(), "shop", shop(&bench)).await;
        let boot = boot.expect("it starts");
        same(
            &bench,
            &boot.plan().order(),
            &ORDER.map(Into::into).to_vec(),
        );
        let started = "+mail +disk +store +clock +orders +search +web";
        same(&bench, &script(&bench, mark), &words(started));

        let mark = bench.mark();
        let stopped = boot.stop(STOP_LIMIT).await;
        same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
        let stopped = "-web -search -orders -clock -store -disk -mail";
        same(&bench, &script(&bench, mark), &words(stopped));
        same(&bench, &bench.node().process_count(), &0);
    }
}

async fn c65_the_order_is_that_of_the_declaration_where_nothing_else_decides<R: Runtime>(
    bench: Bench<R>,
) {
    let names = ["z", "b", "y", "a", "x", "c"];
    for turn in 0..names.len() {
        let mut declared = names;
        declared.rotate_left(turn);
        let empty = BootSpec::new(["base"]);
        let spec = declared.iter().fold(empty, |spec, name| {
            spec.service(service(&bench, name, "base", &[]))
        });
        let mark = bench.mark();
        let boot = Boot::start(bench.node(), "flat", spec).await;
        let boot = boot.expect("it starts");
        let started = declared.map(|name| format!("+{name}")).to_vec();
        same(&bench, &script(&bench, mark), &started);
        let mark = bench.mark();
        boot.stop(STOP_LIMIT).await.expect("it stops");
        declared.reverse();
        let stopped = declared.map(|name| format!("-{name}")).to_vec();
        same(&bench, &script(&bench, mark), &stopped);
    }
}

async fn c65_a_service_that_fails_to_start_stops_those_before_it_in_reverse<R: Runtime>(
    bench: Bench<R>,
) {
    bench.next_openings("orders", [Opening::Fail("no room")]);
    let answer = Boot::start(bench.node(), "shop", shop(&bench)).await;
    let expected = BootError::ServiceFailed {
        service: "orders".into(),
        reason: ExitReason::failed("no room"),
    };
    same(&bench, &answer.err(), &Some(expected));
    let story = "+mail +disk +store +clock -clock -store -disk -mail";
    same(&bench, &script(&bench, Mark::default()), &words(story));
    same(&bench, &bench.node().process_count(), &0);
}

async fn c65_a_service_is_restarted_with_those_that_need_it_and_no_others<R: Runtime>(
    bench: Bench<R>,
) {
    let boot = Boot::start(bench.node(), "shop", shop(&bench)).await;
    let boot = boot.expect("it starts");
    let mark = bench.mark();
    bench.cue("store", Cue::Panic("boom"));
    bench.quiet().await;
    let story = "-store -web -search -orders +store +orders +search +web";
    same(&bench, &script(&bench, mark), &words(story));
    boot.stop(STOP_LIMIT).await.expect("it stops");
}
