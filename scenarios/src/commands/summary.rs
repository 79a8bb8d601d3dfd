//! The end of a sweep: tables for people, one JSON object for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use steadfast_sim::sweep::{FaultFigures, Figures, ScenarioFigures, Seeds};
use steadfast_sim::trace::Digest;

use super::failures::{Kind, Listed};
use super::table::{Columns, grouped};
use crate::cli::{CommandError, Output};
use crate::exit_code::ExitCode;

/// All that is told at the end of a sweep.
#[derive(Serialize)]
pub(super) struct Summary {
    seeds: String,
    scenarios: Vec<ScenarioFigures>,
    total: ScenarioFigures,
    faults: BTreeMap<String, FaultFigures>,
    failures: Vec<Kind>,
    /// Over all runs, in order: the same with any number of jobs.
    digest: Digest,
    wall_seconds: f64,
    seeds_per_second: f64,
    simulated_per_wall_second: f64,
    #[serde(skip)]
    worst: ExitCode,
}

impl Summary {
    pub(super) fn new(seeds: &Seeds, figures: &Figures, wall: Duration, listed: Listed) -> Self {
        let total = figures.total();
        // A sweep that took no time has no pace.
        let wall_seconds = wall.as_secs_f64();
        let pace = |amount: f64| {
            if wall_seconds > 0.0 {
                amount / wall_seconds
            } else {
                0.0
            }
        };
        Self {
            seeds: seeds.to_string(),
            scenarios: figures.scenarios.clone(),
            faults: figures.faults.clone(),
            failures: listed.kinds,
            digest: figures.digest(),
            wall_seconds,
            seeds_per_second: pace(total.runs as f64),
            simulated_per_wall_second: pace(total.simulated.as_secs_f64()),
            total,
            worst: listed.worst,
        }
    }

    pub(super) const fn worst(&self) -> ExitCode {
        self.worst
    }

    pub(super) fn write_json(&self, output: &mut Output) -> Result<(), CommandError> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| CommandError::internal("the summary", &error))?;
        output.line(text)
    }

    pub(super) fn write_text(&self, output: &mut Output) -> Result<(), CommandError> {
        self.write_scenarios(output)?;
        if !self.faults.is_empty() {
            output.line("")?;
            self.write_faults(output)?;
        }
        if !self.failures.is_empty() {
            output.line("")?;
            self.write_failures(output)?;
        }
        output.line("")?;
        output.line(format!(
            "{} runs of seeds {} in {:.1} s: {:.0} seeds/s, {:.0} s simulated a second, {} messages",
            grouped(self.total.runs),
            self.seeds,
            self.wall_seconds,
            self.seeds_per_second,
            self.simulated_per_wall_second,
            grouped(self.total.messages),
        ))?;
        output.line(format!("digest of all runs: {}", self.digest))?;
        output.line(match self.worst {
            ExitCode::Passed => "passed".to_owned(),
            ExitCode::Unknown
            | ExitCode::Stalled
            | ExitCode::Panicked
            | ExitCode::Violated
            | ExitCode::Diverged
            | ExitCode::Usage
            | ExitCode::Internal => {
                format!(
                    "FAILED: {} runs",
                    grouped(self.total.runs - self.total.passed)
                )
            }
        })
    }

    fn write_scenarios(&self, output: &mut Output) -> Result<(), CommandError> {
        let headings = [
            "SCENARIO",
            "RUNS",
            "PASSED",
            "VIOLATED",
            "STALLED",
            "DIVERGED",
            "PANICKED",
            "FAULTS",
            "MESSAGES",
            "TASKS",
            "SIMULATED",
        ];
        let mut columns = Columns::new(&headings, 1..headings.len());
        let total = (self.scenarios.len() > 1).then_some(&self.total);
        for figures in self.scenarios.iter().chain(total) {
            columns.row([
                figures.name.clone(),
                grouped(figures.runs),
                grouped(figures.passed),
                grouped(figures.violated),
                grouped(figures.stalled),
                grouped(figures.diverged),
                grouped(figures.panicked),
                grouped(figures.effective),
                grouped(figures.messages),
                grouped(figures.tasks),
                format!("{} s", grouped(figures.simulated.as_secs())),
            ]);
        }
        write_lines(columns, output)
    }

    fn write_faults(&self, output: &mut Output) -> Result<(), CommandError> {
        let mut columns = Columns::new(&["FAULT", "PLANNED", "FIRED", "EFFECTIVE", "HEALED"], 1..5);
        for (fault, figures) in &self.faults {
            columns.row([
                fault.clone(),
                grouped(figures.planned),
                grouped(figures.fired),
                grouped(figures.effective),
                grouped(figures.healed),
            ]);
        }
        write_lines(columns, output)
    }

    fn write_failures(&self, output: &mut Output) -> Result<(), CommandError> {
        let mut columns = Columns::new(&["FAILURE", "OUTCOME", "SEEDS", "FIRST", ""], 2..3);
        for kind in &self.failures {
            let seeds: Vec<_> = kind.seeds.iter().map(u64::to_string).collect();
            columns.row([
                kind.scenario.clone(),
                kind.outcome.clone(),
                grouped(kind.count),
                seeds.join(" "),
                kind.command.clone(),
            ]);
        }
        write_lines(columns, output)
    }
}

pub(super) fn write_lines(columns: Columns, output: &mut Output) -> Result<(), CommandError> {
    for line in columns.lines() {
        output.line(line)?;
    }
    Ok(())
}
