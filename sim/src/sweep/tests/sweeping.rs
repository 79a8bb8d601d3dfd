//! A seed is the same run alone, in a batch, with any number of workers.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::super::isolated::{Keep, Source, Watchdog, run_isolated};
use super::scripted::{Deed, Scripted};
use crate::isolation::{Separation, on_fresh_thread, relay};
use crate::outcome::Outcome;
use crate::scenario::Scenario;
use crate::sweep::{Figures, Hunt, SeedResult, Seeds, Sweep};
use crate::trace::Digest;

const SEEDS: u64 = 40;

fn watchdog() -> Watchdog {
    Watchdog::new(Duration::from_secs(60))
}

/// The results of a sweep in a process of its own.
fn sweep(deed: Deed, workers: usize) -> Vec<SeedResult> {
    relay(|_| {
        let scenarios: Vec<Arc<dyn Scenario>> = vec![Arc::new(Scripted(deed))];
        let sweep = Sweep::new(scenarios, workers, watchdog());
        let mut results = Vec::new();
        let take = |result| {
            results.push(result);
            ControlFlow::Continue(())
        };
        sweep
            .run(Seeds::new(0..SEEDS).unwrap(), |_| (), take)
            .unwrap();
        results
    })
    .unwrap()
}

fn digests(results: &[SeedResult]) -> Vec<(u64, Digest)> {
    let digest = |result: &SeedResult| (result.seed, result.planned.run.report.digest);
    results.iter().map(digest).collect()
}

/// The digest of each seed when it is the only one.
fn alone(deed: Deed, separation: Separation) -> Vec<(u64, Digest)> {
    relay(|_| {
        let watchdog = watchdog().with(separation);
        let run = |seed| {
            let source = Source::Seed(seed);
            let planned = run_isolated(&Scripted(deed), source, Keep::Report, watchdog).unwrap();
            (seed, planned.run.report.digest)
        };
        (0..SEEDS).map(run).collect()
    })
    .unwrap()
}

#[test]
fn code_that_gambles_does_the_same_alone_and_in_any_batch() {
    let expected = alone(Deed::Gamble, Separation::Process);
    assert!(expected.windows(2).all(|pair| pair[0].1 != pair[1].1));
    assert_eq!(alone(Deed::Gamble, Separation::Process), expected);
    for workers in [1, 2, 3] {
        assert_eq!(
            digests(&sweep(Deed::Gamble, workers)),
            expected,
            "{workers} workers"
        );
    }
    // A fresh thread does not make up for what is counted for the whole process; if it
    // did, this test could not fail.
    assert_ne!(alone(Deed::Gamble, Separation::Thread), expected);
}

#[test]
fn failing_seeds_bring_their_story_and_the_others_do_not() {
    let results = sweep(Deed::FailSometimes, 2);
    assert_eq!(results.len() as u64, SEEDS);
    for result in &results {
        let report = &result.planned.run.report;
        let fails = result.seed % 3 == 2;
        assert_eq!(matches!(report.outcome, Outcome::Violated(_)), fails);
        let story = format!("seed {} begins", result.seed);
        assert_eq!(report.tail.iter().any(|line| line.contains(&story)), fails);
    }
}

#[test]
fn figures_add_up_and_their_digest_covers_every_run() {
    let results = sweep(Deed::FailSometimes, 2);
    let figures = |results: &[SeedResult]| {
        let mut figures = Figures::new(["scripted"]);
        results.iter().for_each(|result| figures.add(result));
        figures
    };
    let all = figures(&results);
    let total = all.total();
    assert_eq!(total.runs, SEEDS);
    assert_eq!((total.passed, total.violated), (27, 13));
    assert_eq!(
        all.digest(),
        figures(&sweep(Deed::FailSometimes, 1)).digest()
    );
    let mut changed = results.clone();
    changed[7].planned.run.report.digest = Digest(1);
    assert_ne!(all.digest(), figures(&changed).digest());
    assert_ne!(all.digest(), figures(&results[1..]).digest());
}

#[test]
fn a_hung_and_a_crashed_seed_do_not_end_the_sweep() {
    for deed in [Deed::Abort, Deed::Panic] {
        let results = sweep(deed, 2);
        assert_eq!(results.len() as u64, SEEDS);
        let panicked = |result: &SeedResult| {
            matches!(result.planned.run.report.outcome, Outcome::Panicked { .. })
        };
        assert!(results.iter().all(panicked));
    }
}

#[test]
fn a_hunt_ends_at_the_first_seed_that_does_not_pass() {
    let hunted = relay(|_| {
        let scenarios: Vec<Arc<dyn Scenario>> = vec![
            Arc::new(Scripted(Deed::FailSometimes)),
            Arc::new(Scripted(Deed::Pass)),
        ];
        let sweep = Sweep::new(scenarios, 2, watchdog());
        let hunts = [(0, 0), (0, 3), (0, 5), (1, 0)].map(|(scenario, first)| Hunt {
            scenario,
            first,
            seeds_max: 4,
        });
        let mut ends = Vec::new();
        let take = |result: SeedResult| {
            let passed = result.planned.run.report.outcome == Outcome::Passed;
            ends.push((result.seed, passed));
            ControlFlow::Continue(())
        };
        sweep.hunt(hunts, |_| (), take).unwrap();
        ends
    });
    assert_eq!(
        hunted.unwrap(),
        [(2, false), (5, false), (5, false), (3, true)]
    );
}

#[test]
fn a_fresh_thread_answers_for_itself() {
    let ending = on_fresh_thread(|| std::thread::current().name().map(str::to_owned));
    let named = crate::isolation::Ending::Returned(Some("run".to_owned()));
    assert_eq!(ending.unwrap(), named);
}
