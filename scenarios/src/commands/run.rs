//! `steadfast run`: scenarios over seeds.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};
use steadfast_sim::Scenario;
use steadfast_sim::isolation::Stopwatch;
use steadfast_sim::sweep::{Figures, PoolError, Seeds, Sweep, Watchdog};

use super::failures::Failures;
use super::summary::Summary;
use crate::cli::{CommandError, Format, Output, RunArguments, Subject, Subjects};
use crate::exit_code::ExitCode;

/// How many seeds each scenario is run with unless it is said.
const SEEDS_DEFAULT: u64 = 100;

pub(super) fn run(
    arguments: &RunArguments,
    subjects: &Subjects,
    output: &mut Output,
) -> Result<ExitCode, CommandError> {
    let scenarios = chosen(arguments, subjects, |subject| subject.caught_by.is_none())?;
    let seeds = seeds_or(arguments, SEEDS_DEFAULT);
    let mut failures = Failures::open(&arguments.out, arguments.format)?;
    let mut figures = Figures::new(scenarios.iter().map(|scenario| scenario.name()));
    let progress = progress(scenarios.len() as u64 * seeds.count());
    let since = Stopwatch::start();
    let mut trouble = None;
    let swept = sweep(scenarios, arguments).run(
        seeds,
        |_| progress.inc(1),
        |result| {
            figures.add(&result);
            match progress.suspend(|| failures.take(&result, output)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    trouble = Some(error);
                    ControlFlow::Break(())
                }
            }
        },
    );
    progress.finish_and_clear();
    if let Some(error) = trouble {
        return Err(error);
    }
    swept.map_err(|error| failed(&error))?;
    let summary = Summary::new(&seeds, &figures, since.elapsed(), failures.into_listed());
    match arguments.format {
        Format::Text => summary.write_text(output)?,
        Format::Json => summary.write_json(output)?,
    }
    Ok(summary.worst())
}

/// The subjects that are named, or all that are of the kind, as scenarios.
pub(super) fn chosen(
    arguments: &RunArguments,
    subjects: &Subjects,
    kind: impl Fn(&Subject) -> bool,
) -> Result<Vec<Arc<dyn Scenario>>, CommandError> {
    if arguments.scenarios.is_empty() {
        let all = subjects.iter().filter(|subject| kind(subject));
        let all: Vec<_> = all.map(|subject| subject.scenario.clone()).collect();
        if all.is_empty() {
            return Err(CommandError::usage("there is nothing to run", "see `list`"));
        }
        return Ok(all);
    }
    let mut chosen: Vec<Arc<dyn Scenario>> = Vec::new();
    for name in &arguments.scenarios {
        let subject = subjects.find(name, "run")?;
        if chosen.iter().all(|scenario| scenario.name() != name) {
            chosen.push(subject.scenario.clone());
        }
    }
    Ok(chosen)
}

pub(super) fn seeds_or(arguments: &RunArguments, count: u64) -> Seeds {
    arguments.seeds.unwrap_or_else(|| {
        Seeds::new(0..count).expect("a default range begins at 0 and is not empty")
    })
}

pub(super) fn sweep(scenarios: Vec<Arc<dyn Scenario>>, arguments: &RunArguments) -> Sweep {
    let processors = || thread::available_parallelism().map_or(1, NonZero::get);
    let workers = arguments.jobs.unwrap_or_else(processors);
    Sweep::new(
        scenarios,
        workers,
        Watchdog::new(arguments.watchdog.limit()),
    )
}

/// A bar on standard error, if that is a terminal. It has no thread of its own: the
/// process must have a single one when the workers are forked.
pub(super) fn progress(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta} left");
    let bar = ProgressBar::new(total);
    match style {
        Ok(style) => bar.with_style(style),
        // The plain bar does as well.
        Err(_) => bar,
    }
}

pub(super) fn failed(error: &PoolError) -> CommandError {
    CommandError::internal("the sweep failed", error)
}
