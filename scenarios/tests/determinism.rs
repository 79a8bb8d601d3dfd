//! Every scenario and every specimen: a seed is the same run alone, in a batch, with
//! any number of jobs, and in another process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use steadfast_scenarios::{catalogue, specimens};
use steadfast_sim::Scenario;
use steadfast_sim::isolation::{Separation, relay};
use steadfast_sim::sweep::{Keep, Seeds, Source, Sweep, Watchdog, run_isolated};
use steadfast_sim::trace::Digest;

/// How many seeds of each scenario. A specimen is the code of a scenario with one flaw
/// in it, so that fewer are enough.
const SEEDS: u64 = 3;
const SEEDS_OF_A_SPECIMEN: u64 = 1;

/// A scenario's name, a seed, the digest and the key of the outcome.
type Line = (String, u64, Digest, String);

type Group = (Vec<Arc<dyn Scenario>>, u64);

/// Scenarios with the number of their seeds.
fn all() -> [Group; 2] {
    let specimens = specimens().into_iter().map(|specimen| specimen.scenario);
    [
        (catalogue(), SEEDS),
        (specimens.collect(), SEEDS_OF_A_SPECIMEN),
    ]
}

fn watchdog() -> Watchdog {
    Watchdog::new(Duration::from_secs(120))
}

/// Each seed by itself, in an inner process of its own.
fn alone() -> Vec<Line> {
    relay(|separation| {
        assert_eq!(separation, Separation::Process);
        let mut lines = Vec::new();
        for (scenarios, seeds) in all() {
            for (scenario, seed) in scenarios
                .iter()
                .flat_map(|scenario| (0..seeds).map(move |seed| (scenario, seed)))
            {
                let source = Source::Seed(seed);
                let planned = run_isolated(&**scenario, source, Keep::Report, watchdog()).unwrap();
                let report = planned.run.report;
                let name = scenario.name().to_owned();
                lines.push((name, seed, report.digest, report.outcome.key()));
            }
        }
        lines
    })
    .unwrap()
}

/// All seeds of a group in one sweep, both in one inner process.
fn together(jobs: usize) -> Vec<Line> {
    relay(|_| {
        let mut lines = Vec::new();
        for (scenarios, seeds) in all() {
            let names: Vec<_> = scenarios.iter().map(|scenario| scenario.name()).collect();
            let sweep = Sweep::new(scenarios, jobs, watchdog());
            let seeds = Seeds::new(0..seeds).unwrap();
            let take = |result: steadfast_sim::sweep::SeedResult| {
                let report = result.planned.run.report;
                let name = names[result.scenario].to_owned();
                lines.push((name, result.seed, report.digest, report.outcome.key()));
                ControlFlow::Continue(())
            };
            sweep.run(seeds, |_| (), take).unwrap();
        }
        lines
    })
    .unwrap()
}

#[test]
fn a_seed_is_the_same_run_everywhere() {
    let expected = alone();
    let runs = all().map(|(scenarios, seeds)| scenarios.len() as u64 * seeds);
    assert_eq!(expected.len() as u64, runs.iter().sum::<u64>());
    assert_eq!(alone(), expected, "in another process");
    assert_eq!(together(1), expected, "in a batch");
    assert_eq!(together(2), expected, "with two jobs");
    assert_eq!(together(5), expected, "with more jobs than processors");
}
