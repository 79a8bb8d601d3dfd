//! One run in a process of its own.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::isolation::{Ending, IsolationError, Separation, isolate, on_fresh_thread};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::run::run_plan;
use crate::run_report::{Run, RunReport};
use crate::scenario::Scenario;
use crate::trace::Capture;
use crate::trace::render::{Options, Renderer};

/// What decides a run of a scenario.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// The scenario draws its plan from this seed.
    Seed(u64),
    /// This plan.
    Plan(&'a Plan),
}

/// What is to be kept of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The report.
    Report,
    /// The report, with this many last lines of the story in its tail.
    Tail(usize),
    /// The report and the whole trace.
    Trace,
}

/// How runs are kept apart, and how long each may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watchdog {
    /// The longest that a run may take in wall-clock time.
    pub limit: Duration,
    pub(crate) separation: Separation,
}

impl Watchdog {
    /// A process for each run, killed at `limit`.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self {
            limit,
            separation: Separation::Process,
        }
    }

    pub(crate) const fn with(self, separation: Separation) -> Self {
        Self { separation, ..self }
    }
}

/// A run with the plan that it followed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedRun {
    /// The plan.
    pub plan: Plan,
    /// The run.
    pub run: Run,
}

/// Runs a scenario once, apart from everything else. A hang, a crash and a panic end
/// as an [`Outcome`].
///
/// # Errors
///
/// See [`IsolationError`].
pub fn run_isolated(
    scenario: &dyn Scenario,
    source: Source<'_>,
    keep: Keep,
    watchdog: Watchdog,
) -> Result<PlannedRun, IsolationError> {
    let work = || run_here(scenario, source, keep);
    let ending = match watchdog.separation {
        Separation::Process => isolate(watchdog.limit, work)?,
        Separation::Thread => on_fresh_thread(work)?,
    };
    let outcome = match ending {
        Ending::Returned(planned) => return Ok(planned),
        Ending::Panicked(text) => Outcome::Panicked { text, place: None },
        Ending::TimedOut => Outcome::Stalled {
            bound: WALL_CLOCK.to_owned(),
            live: Vec::new(),
        },
        Ending::Signalled {
            signal,
            last_panics,
        } => Outcome::Panicked {
            text: match last_panics.as_str() {
                "" => format!("the process of the run was ended by {signal}"),
                panics => format!("the process of the run was ended by {signal} after {panics}"),
            },
            place: None,
        },
        Ending::Exited(code) => Outcome::Panicked {
            text: format!("the process of the run was ended with exit code {code}"),
            place: None,
        },
    };
    Ok(PlannedRun {
        plan: plan_of(scenario, source, watchdog)?,
        run: Run {
            report: RunReport::lost(outcome),
            trace: Vec::new(),
            prefix_digests: Vec::new(),
        },
    })
}

/// The bound that a run hits when its wall-clock time is up.
pub const WALL_CLOCK: &str = "wall clock";

fn run_here(scenario: &dyn Scenario, source: Source<'_>, keep: Keep) -> PlannedRun {
    let plan = match source {
        Source::Seed(seed) => scenario.plan(seed),
        Source::Plan(plan) => plan.clone(),
    };
    let capture = match keep {
        Keep::Report => Capture::Nothing,
        // The last lines of a story may lie far apart in the trace.
        Keep::Tail(_) | Keep::Trace => Capture::All,
    };
    let mut run = run_plan(scenario, &plan, capture);
    if let Keep::Tail(lines) = keep {
        run.report.tail = story_tail(&run, lines);
        run.trace = Vec::new();
    }
    PlannedRun { plan, run }
}

/// The last lines of the story that a trace tells.
fn story_tail(run: &Run, lines: usize) -> Vec<String> {
    let mut renderer = Renderer::new(Options::STORY);
    let mut tail = VecDeque::with_capacity(lines + 1);
    for line in run.trace.iter().filter_map(|record| renderer.line(record)) {
        tail.push_back(line);
        if tail.len() > lines {
            tail.pop_front();
        }
    }
    tail.into()
}

/// The plan of a run that did not live to tell. Drawing it may have been what ended
/// the run; then the seed is all there is.
fn plan_of(
    scenario: &dyn Scenario,
    source: Source<'_>,
    watchdog: Watchdog,
) -> Result<Plan, IsolationError> {
    let seed = match source {
        Source::Seed(seed) => seed,
        Source::Plan(plan) => return Ok(plan.clone()),
    };
    let drawn = match watchdog.separation {
        Separation::Process => isolate(watchdog.limit, || scenario.plan(seed))?,
        Separation::Thread => on_fresh_thread(|| scenario.plan(seed))?,
    };
    Ok(match drawn {
        Ending::Returned(plan) => plan,
        Ending::Panicked(_) | Ending::TimedOut | Ending::Signalled { .. } | Ending::Exited(_) => {
            Plan::new(scenario.name(), seed, 1)
        }
    })
}
