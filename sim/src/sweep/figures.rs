//! What a sweep comes to, in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use super::SeedResult;
use crate::outcome::Outcome;
use crate::run_report::RunReport;
use crate::trace::Digest;

/// The sums over all runs of a sweep. Of bounded size, whatever the number of seeds.
#[derive(Clone)]
pub struct Figures {
    /// For each scenario, in the order of the sweep.
    pub scenarios: Vec<ScenarioFigures>,
    /// For each fault, by its word.
    pub faults: BTreeMap<String, FaultFigures>,
    digests: Xxh3,
}

/// The sums over the runs of one scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScenarioFigures {
    /// The scenario.
    pub name: String,
    /// How many seeds were run.
    pub runs: u64,
    /// How many runs passed.
    pub passed: u64,
    /// How many violated a check.
    pub violated: u64,
    /// How many stalled.
    pub stalled: u64,
    /// How many diverged.
    pub diverged: u64,
    /// How many panicked.
    pub panicked: u64,
    /// Simulated time.
    pub simulated: Duration,
    /// Messages that were delivered.
    pub messages: u64,
    /// Tasks that were started.
    pub tasks: u64,
    /// Records of all traces.
    pub records: u64,
    /// Fault episodes that changed something.
    pub effective: u64,
}

/// What became of the episodes of one fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FaultFigures {
    /// How many episodes the plans had.
    pub planned: u64,
    /// How many began.
    pub fired: u64,
    /// How many changed something.
    pub effective: u64,
    /// How many ended before their run did.
    pub healed: u64,
}

impl Figures {
    /// Nothing run yet of these scenarios.
    #[must_use]
    pub fn new<'a>(scenarios: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            scenarios: scenarios.into_iter().map(ScenarioFigures::new).collect(),
            faults: BTreeMap::new(),
            digests: Xxh3::new(),
        }
    }

    /// Adds the next result. Results are added in the order of the sweep.
    ///
    /// # Panics
    ///
    /// If the result is of a scenario that the figures do not have.
    pub fn add(&mut self, result: &SeedResult) {
        let report = &result.planned.run.report;
        self.digests.update(&(result.scenario as u64).to_le_bytes());
        self.digests.update(&result.seed.to_le_bytes());
        self.digests.update(&report.digest.0.to_le_bytes());
        self.digests.update(report.outcome.key().as_bytes());
        self.scenarios[result.scenario].add(report);
        for episode in &report.episodes {
            let figures = self.faults.entry(episode.fault.clone()).or_default();
            figures.planned += 1;
            figures.fired += u64::from(episode.fired);
            figures.effective += u64::from(episode.effective);
            figures.healed += u64::from(episode.healed);
        }
    }

    /// Over all scenarios, under the name `all`.
    #[must_use]
    pub fn total(&self) -> ScenarioFigures {
        let mut total = ScenarioFigures::new("all");
        for scenario in &self.scenarios {
            total.runs += scenario.runs;
            total.passed += scenario.passed;
            total.violated += scenario.violated;
            total.stalled += scenario.stalled;
            total.diverged += scenario.diverged;
            total.panicked += scenario.panicked;
            total.simulated += scenario.simulated;
            total.messages += scenario.messages;
            total.tasks += scenario.tasks;
            total.records += scenario.records;
            total.effective += scenario.effective;
        }
        total
    }

    /// The digest of all digests and outcomes, in the order of the sweep: the same
    /// for the same build, scenarios and seeds, with any number of jobs.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(self.digests.digest128())
    }
}

impl ScenarioFigures {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            runs: 0,
            passed: 0,
            violated: 0,
            stalled: 0,
            diverged: 0,
            panicked: 0,
            simulated: Duration::ZERO,
            messages: 0,
            tasks: 0,
            records: 0,
            effective: 0,
        }
    }

    fn add(&mut self, report: &RunReport) {
        self.runs += 1;
        match report.outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Violated(_) => self.violated += 1,
            Outcome::Stalled { .. } => self.stalled += 1,
            Outcome::Diverged { .. } => self.diverged += 1,
            Outcome::Panicked { .. } => self.panicked += 1,
        }
        self.simulated += report.simulated;
        self.messages += report.messages;
        self.tasks += report.tasks;
        self.records += report.records;
        self.effective += report.episodes.iter().filter(|e| e.effective).count() as u64;
    }
}
