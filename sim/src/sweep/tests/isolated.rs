//! Every way in which a run can end is an outcome, and ends that run only.

use std::time::Duration;

use super::super::isolated::{Keep, PlannedRun, Source, WALL_CLOCK, Watchdog, run_isolated};
use super::scripted::{Deed, Scripted};
use crate::isolation::{Separation, relay};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::sweep::run_seed;

const LIMIT: Duration = Duration::from_secs(60);

/// Runs one seed in a process of its own and answers how it ended.
fn run(deed: Deed, keep: Keep, limit: Duration) -> PlannedRun {
    relay(|separation| {
        assert_eq!(separation, Separation::Process);
        let source = Source::Seed(17);
        run_isolated(&Scripted(deed), source, keep, Watchdog::new(limit)).unwrap()
    })
    .unwrap()
}

fn outcome(deed: Deed) -> Outcome {
    run(deed, Keep::Report, LIMIT).run.report.outcome
}

#[test]
fn a_run_that_passes_brings_what_is_kept() {
    let report = run(Deed::Pass, Keep::Report, LIMIT);
    let tail = run(Deed::Pass, Keep::Tail(3), LIMIT);
    let trace = run(Deed::Pass, Keep::Trace, LIMIT);
    for planned in [&report, &tail, &trace] {
        assert_eq!(planned.run.report.outcome, Outcome::Passed);
        assert_eq!(planned.plan.seed, 17);
        assert_eq!(planned.run.report.digest, report.run.report.digest);
    }
    assert!(report.run.trace.is_empty() && report.run.report.tail.is_empty());
    assert!(tail.run.trace.is_empty());
    assert_eq!(tail.run.report.tail.len(), 3);
    assert_eq!(trace.run.trace.len() as u64, trace.run.report.records);
}

#[test]
fn a_hung_run_is_stalled_by_the_wall_clock() {
    let planned = run(Deed::Hang, Keep::Report, Duration::from_millis(300));
    let stalled = matches!(
        &planned.run.report.outcome,
        Outcome::Stalled { bound, .. } if bound == WALL_CLOCK
    );
    assert!(stalled, "{:?}", planned.run.report.outcome);
    assert_eq!(planned.run.report.known_digest(), None);
    assert_eq!(planned.plan.topology.nodes, 2);
}

#[test]
fn a_run_that_waits_for_ever_is_stalled_by_its_own_limit() {
    let outcome = outcome(Deed::Wait);
    let stalled = matches!(&outcome, Outcome::Stalled { bound, .. } if bound == "liveness");
    assert!(stalled, "{outcome:?}");
}

#[test]
fn a_crash_is_a_panic_that_names_the_signal_or_the_code() {
    let text = |outcome: Outcome| {
        let Outcome::Panicked { text, .. } = outcome else {
            panic!("{outcome:?}");
        };
        text
    };
    assert!(text(outcome(Deed::Abort)).contains("SIGABRT"));
    assert!(text(outcome(Deed::Exit)).contains("exit code 7"));
    let twice = text(outcome(Deed::PanicTwice));
    for part in ["SIGABRT", "the first panic at ", "the second panic at "] {
        assert!(twice.contains(part), "{twice}");
    }
}

#[test]
fn a_panic_tells_its_text_and_place() {
    let outcome = outcome(Deed::Panic);
    let told = matches!(
        &outcome,
        Outcome::Panicked { text, place: Some(place) }
            if text == "seed 17 by design" && place.contains("scripted.rs")
    );
    assert!(told, "{outcome:?}");
}

#[test]
fn a_panic_in_the_plan_is_an_outcome_of_the_seed() {
    let planned = run(Deed::PanicInPlan, Keep::Report, LIMIT);
    let told = matches!(
        &planned.run.report.outcome,
        Outcome::Panicked { text, .. } if text == "no plan for seed 17"
    );
    assert!(told, "{:?}", planned.run.report.outcome);
    assert_eq!(planned.plan, Plan::new("scripted", 17, 1));
}

#[test]
fn a_failing_seed_that_differs_from_itself_has_diverged() {
    let outcome = relay(|_| {
        let planned = run_seed(&Scripted(Deed::TellProcess), 17, Watchdog::new(LIMIT)).unwrap();
        planned.run.report.outcome
    });
    let outcome = outcome.unwrap();
    assert!(matches!(outcome, Outcome::Diverged { .. }), "{outcome:?}");
}
