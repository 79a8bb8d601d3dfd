//! Every scenario and every specimen: a seed is the same run alone, and in another process
//! in a batch with two jobs.
//!
//! One seed each, since this build is slow; `.ci/run` compares more seeds, with one and
//! with two jobs, in the release build.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use steadfast_scenarios::{catalogue, specimens};
use steadfast_sim::Scenario;
use steadfast_sim::isolation::{Separation, relay};
use steadfast_sim::sweep::{Keep, Seeds, Source, Sweep, Watchdog, run_isolated};
use steadfast_sim::trace::Digest;

/// How many seeds of each scenario and of each specimen.
const SEEDS: u64 = 1;

/// A scenario's name, a seed, the digest and the key of the outcome.
type Line = (String, u64, Digest, String);

fn all() -> Vec<Arc<dyn Scenario>> {
    let specimens = specimens().into_iter().map(|specimen| specimen.scenario);
    catalogue().into_iter().chain(specimens).collect()
}

fn watchdog() -> Watchdog {
    Watchdog::new(Duration::from_secs(120))
}

/// Each seed by itself, in an inner process of its own.
fn alone() -> Vec<Line> {
    relay(|separation| {
        assert_eq!(separation, Separation::Process);
        let mut lines = Vec::new();
        for scenario in all() {
            for seed in 0..SEEDS {
                let source = Source::Seed(seed);
                let planned = run_isolated(&*scenario, source, Keep::Report, watchdog()).unwrap();
                let report = planned.run.report;
                let name = scenario.name().to_owned();
                lines.push((name, seed, report.digest, report.outcome.key()));
            }
        }
        lines
    })
    .unwrap()
}

/// All seeds in one sweep, in one inner process.
fn together(jobs: usize) -> Vec<Line> {
    relay(|_| {
        let mut lines = Vec::new();
        let scenarios = all();
        let names: Vec<_> = scenarios.iter().map(|scenario| scenario.name()).collect();
        let sweep = Sweep::new(scenarios, jobs, watchdog());
        let take = |result: steadfast_sim::sweep::SeedResult| {
            let report = result.planned.run.report;
            let name = names[result.scenario].to_owned();
            lines.push((name, result.seed, report.digest, report.outcome.key()));
            ControlFlow::Continue(())
        };
        let seeds = Seeds::new(0..SEEDS).unwrap();
        sweep.run(seeds, |_| (), take).unwrap();
        lines
    })
    .unwrap()
}

#[test]
fn a_seed_is_the_same_run_everywhere() {
    let expected = alone();
    assert_eq!(expected.len() as u64, all().len() as u64 * SEEDS);
    let together = together(2);
    assert_eq!(
        together, expected,
        "in another process, in a batch, with two jobs"
    );
}
