//! `steadfast run --specimens`: wrong code, until it is caught.

use std::ops::ControlFlow;

use serde::Serialize;
use steadfast_sim::Outcome;
use steadfast_sim::sweep::{Hunt, SeedResult};

use super::run::{chosen, failed, progress, seeds_or, sweep};
use super::summary::write_lines;
use super::table::Columns;
use crate::cli::{CommandError, Format, Output, RunArguments, Subjects};
use crate::exit_code::ExitCode;
use crate::specimens::CaughtBy;

/// How many hunts each specimen gets; an odd number, for the median.
const HUNTS: u64 = 9;

/// How far apart hunts begin.
const STRIDE: u64 = 1_000_000;

/// How far a hunt goes unless it is said.
const SEEDS_DEFAULT: u64 = 1_000;

/// What came of the hunts for one specimen.
#[derive(Debug, Serialize)]
struct Hunted {
    name: &'static str,
    caught_by: String,
    hunts: u64,
    caught: u64,
    /// Seeds to the catch, one number for each hunt that caught it, ascending.
    seeds: Vec<u64>,
    median: Option<u64>,
    /// The outcomes that were no catch, with the first seed of each.
    wrong: Vec<(String, u64)>,
    #[serde(skip)]
    expected: CaughtBy,
}

pub(super) fn run_specimens(
    arguments: &RunArguments,
    subjects: &Subjects,
    output: &mut Output,
) -> Result<ExitCode, CommandError> {
    let scenarios = chosen(arguments, subjects, |subject| subject.caught_by.is_some())?;
    let mut hunted = Vec::new();
    for scenario in &scenarios {
        let subject = subjects.find(scenario.name(), "run --specimens")?;
        let Some(expected) = subject.caught_by else {
            return Err(CommandError::usage(
                format!(
                    "run --specimens: {:?} is a scenario, not a specimen",
                    scenario.name()
                ),
                "leave out --specimens to run it",
            ));
        };
        hunted.push(Hunted::new(scenario.name(), expected));
    }
    let seeds = seeds_or(arguments, SEEDS_DEFAULT);
    let hunts: Vec<_> = (0..scenarios.len())
        .flat_map(|scenario| (0..HUNTS).map(move |hunt| (scenario, hunt)))
        .map(|(scenario, hunt)| Hunt {
            scenario,
            first: (hunt * STRIDE).saturating_add(seeds.range().start),
            seeds_max: seeds.count(),
        })
        .collect();
    let bar = progress(hunts.len() as u64);
    let mut begun = hunts.iter();
    let swept = sweep(scenarios, arguments).hunt(
        hunts.iter().copied(),
        |_| bar.inc(1),
        |result| {
            if let Some(hunt) = begun.next() {
                hunted[hunt.scenario].take(hunt.first, &result);
            }
            ControlFlow::Continue(())
        },
    );
    bar.finish_and_clear();
    swept.map_err(|error| failed(&error))?;
    write(&hunted, arguments.format, output)?;
    Ok(if hunted.iter().all(Hunted::is_caught) {
        ExitCode::Passed
    } else {
        ExitCode::Violated
    })
}

impl Hunted {
    fn new(name: &'static str, expected: CaughtBy) -> Self {
        Self {
            name,
            caught_by: expected.to_string(),
            hunts: 0,
            caught: 0,
            seeds: Vec::new(),
            median: None,
            wrong: Vec::new(),
            expected,
        }
    }

    /// Takes the result of the hunt that began at `first`. Hunts come in order.
    fn take(&mut self, first: u64, result: &SeedResult) {
        self.hunts += 1;
        let outcome = &result.planned.run.report.outcome;
        if self.expected.matches(outcome) {
            self.caught += 1;
            self.seeds.push(result.seed - first + 1);
            self.seeds.sort_unstable();
            self.median = Some(self.seeds[(self.seeds.len() - 1) / 2]);
            return;
        }
        let key = match outcome {
            Outcome::Passed => "not caught".to_owned(),
            Outcome::Violated(_)
            | Outcome::Stalled { .. }
            | Outcome::Diverged { .. }
            | Outcome::Panicked { .. } => outcome.key(),
        };
        if self.wrong.iter().all(|(known, _)| *known != key) {
            self.wrong.push((key, result.seed));
        }
    }

    /// Whether every hunt caught it, by what must catch it.
    const fn is_caught(&self) -> bool {
        self.hunts > 0 && self.caught == self.hunts
    }
}

fn write(hunted: &[Hunted], format: Format, output: &mut Output) -> Result<(), CommandError> {
    if format == Format::Json {
        let text = serde_json::to_string_pretty(hunted)
            .map_err(|error| CommandError::internal("the summary", &error))?;
        return output.line(text);
    }
    let headings = [
        "SPECIMEN",
        "CAUGHT BY",
        "CAUGHT",
        "MEDIAN",
        "MOST",
        "INSTEAD",
    ];
    let mut columns = Columns::new(&headings, 2..5);
    for specimen in hunted {
        let number = |number: Option<u64>| number.map_or_else(String::new, |n| n.to_string());
        let wrong: Vec<_> = specimen
            .wrong
            .iter()
            .map(|(key, seed)| format!("{key} (seed {seed})"))
            .collect();
        columns.row([
            specimen.name.to_owned(),
            specimen.caught_by.clone(),
            format!("{} of {}", specimen.caught, specimen.hunts),
            number(specimen.median),
            number(specimen.seeds.last().copied()),
            wrong.join(", "),
        ]);
    }
    write_lines(columns, output)?;
    output.line("")?;
    let missed = hunted
        .iter()
        .filter(|specimen| !specimen.is_caught())
        .count();
    output.line(match missed {
        0 => format!(
            "all {} specimens caught; MEDIAN and MOST are seeds to the catch, over {HUNTS} first seeds",
            hunted.len()
        ),
        _ => format!("FAILED: {missed} of {} specimens not caught as they must be", hunted.len()),
    })
}
