//! The builder of a simulated test.

use std::env;
use std::ops::Range;
use std::time::Duration;

use steadfast::process::Node;

use super::closures::{Closures, TestError, boxed};
use crate::fault::Episode;
use crate::isolation::{Separation, relay, test_name};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::report::FailureReport;
use crate::runtime::SimRuntime;
use crate::sweep::{Keep, PlannedRun, Seeds, Source, Watchdog, run_isolated, run_seed};
use crate::trace::render::{Domain, Options, render};
use crate::world::World;

/// Set to a seed, it makes every simulated test run that seed alone.
pub const SEED_VARIABLE: &str = "STEADFAST_SEED";

/// How long a seed may take in wall-clock time unless a test says otherwise.
const WATCHDOG: Duration = Duration::from_secs(60);

/// A simulated test: made by [`test()`], ended by [`Test::run`] or [`Test::trace`].
#[must_use = "a test runs when `run` or `trace` is called"]
pub struct Test {
    closures: Closures,
    seeds: Range<u64>,
    limit: Duration,
    shown: Options,
}

/// Begins a simulated test: 3 nodes, seeds 0 to 99, no faults, standard checkers.
///
/// ```no_run
/// # fn in_a_test() {
/// use std::time::Duration;
/// use steadfast::runtime::NodeId;
///
/// steadfast_sim::test("all_nodes_come_up")
///     .nodes(3)
///     .seeds(0..100)
///     .run(|world| async move {
///         world.sleep(Duration::from_secs(1)).await;
///         assert!(world.is_up(NodeId(3)), "n3 is down");
///         Ok(())
///     });
/// # }
/// ```
///
/// # How it runs
///
/// Every seed runs in a forked process of its own, so that it does the same alone and
/// as the hundredth, is killed when it hangs, and takes nothing along when it crashes
/// (see [`isolation`](crate::isolation)). Test harnesses give every test a thread,
/// and a process with several threads cannot fork; so the test executable is run once
/// more for exactly this test, and what is before `run` in the test happens twice.
/// Outside of a test there is no name to run by: then each seed has a fresh thread of
/// this process, without a watchdog, and code that depends on process-wide state may
/// behave differently from seed to seed.
pub fn test(name: &'static str) -> Test {
    Test {
        closures: Closures::new(name),
        seeds: 0..100,
        limit: WATCHDOG,
        shown: Options::STORY,
    }
}

impl Test {
    /// How many nodes there are: `n1` to `nN`.
    pub fn nodes(mut self, nodes: u32) -> Self {
        self.closures.nodes = nodes;
        self
    }

    /// Which seeds are run.
    pub fn seeds(mut self, seeds: Range<u64>) -> Self {
        self.seeds = seeds;
        self
    }

    /// What goes wrong with a seed. Everything should be drawn from it, for example
    /// by a [`Key`](crate::Key).
    pub fn faults(mut self, draw: impl Fn(u64) -> Vec<Episode> + Send + Sync + 'static) -> Self {
        self.closures.faults = Some(Box::new(draw));
        self
    }

    /// Changes the plan of each seed after all else is drawn: limits, delays,
    /// operations.
    pub fn plan(mut self, change: impl Fn(&mut Plan) + Send + Sync + 'static) -> Self {
        self.closures.change = Some(Box::new(change));
        self
    }

    /// What every node does at each of its starts: build its process tree.
    pub fn boot<F>(mut self, boot: impl Fn(Node<SimRuntime>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), TestError>> + Send + 'static,
    {
        self.closures.boot = Some(Box::new(move |node| boxed(boot(node))));
        self
    }

    /// What must complete once a core of nodes is healed.
    pub fn settle<F>(mut self, settle: impl Fn(World) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), TestError>> + Send + 'static,
    {
        self.closures.settle = Some(Box::new(move |world| boxed(settle(world))));
        self
    }

    /// How long a seed may take in wall-clock time; 60 seconds unless it is said.
    pub fn watchdog(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Which domains [`trace`](Self::trace) shows; what people tell each other, unless it
    /// is said.
    pub fn shows(mut self, domains: impl IntoIterator<Item = Domain>) -> Self {
        self.shown = self.shown.only(domains.into_iter().collect());
        self
    }

    /// Runs every seed up to the first that fails. `drive` is the test itself, seen
    /// from outside the nodes: it fails if it answers an error, if it panics, or if
    /// one of the standard checkers finds something.
    ///
    /// With [`SEED_VARIABLE`] set, runs that seed alone.
    ///
    /// # Panics
    ///
    /// If a seed fails, with a text of at most 40 lines whose last is the command
    /// that runs this seed alone; if the range of seeds is empty; or if no process
    /// can be had to run in.
    pub fn run<F>(mut self, drive: impl Fn(World) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<(), TestError>> + Send + 'static,
    {
        self.closures.drive = Some(Box::new(move |world| boxed(drive(world))));
        let seeds = match named_seed() {
            Some(seed) => seed..seed + 1,
            None => self.seeds.clone(),
        };
        let seeds = Seeds::new(seeds).unwrap_or_else(|error| panic!("{error}"));
        let failed = relay(|separation| self.first_failure(seeds, separation));
        match failed {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(planned))) => panic!("\n{}\n", failure_text(&planned)),
            Ok(Err(error)) => panic!("a seed could not be run: {error}"),
            Err(error) => panic!("the seeds could not be run: {error}"),
        }
    }

    /// Runs one seed, with nothing done from outside the nodes, and answers the story
    /// of its trace, one line an event. [`assert_trace_snapshot!`](crate::assert_trace_snapshot)
    /// compares it with a file.
    ///
    /// # Panics
    ///
    /// As [`Test::run`].
    #[must_use]
    pub fn story(self, seed: u64) -> String {
        self.trace(seed, |_world| async { Ok(()) })
    }

    /// Runs one seed and answers the story of its trace, one line an event, for
    /// [`assert_trace_snapshot!`](crate::assert_trace_snapshot).
    ///
    /// # Panics
    ///
    /// As [`Test::run`].
    pub fn trace<F>(
        mut self,
        seed: u64,
        drive: impl Fn(World) -> F + Send + Sync + 'static,
    ) -> String
    where
        F: Future<Output = Result<(), TestError>> + Send + 'static,
    {
        self.closures.drive = Some(Box::new(move |world| boxed(drive(world))));
        let run = relay(|separation| {
            let watchdog = Watchdog::new(self.limit).with(separation);
            run_isolated(&self.closures, Source::Seed(seed), Keep::Trace, watchdog)
                .map_err(|error| error.to_string())
        });
        match run {
            Ok(Ok(planned)) if planned.run.report.outcome == Outcome::Passed => {
                render(&planned.run.trace, self.shown)
            }
            Ok(Ok(planned)) => panic!("\n{}\n", failure_text(&planned)),
            Ok(Err(error)) => panic!("seed {seed} could not be run: {error}"),
            Err(error) => panic!("seed {seed} could not be run: {error}"),
        }
    }

    fn first_failure(
        &self,
        seeds: Seeds,
        separation: Separation,
    ) -> Result<Option<PlannedRun>, String> {
        let watchdog = Watchdog::new(self.limit).with(separation);
        for seed in seeds.range() {
            let planned =
                run_seed(&self.closures, seed, watchdog).map_err(|error| error.to_string())?;
            if planned.run.report.outcome != Outcome::Passed {
                return Ok(Some(planned));
            }
        }
        Ok(None)
    }
}

fn failure_text(planned: &PlannedRun) -> String {
    let report = FailureReport {
        planned,
        capsule: None,
        command: &command(planned.plan.seed),
    };
    report.to_string()
}

/// The command that runs the calling test with one seed.
fn command(seed: u64) -> String {
    let mut command = format!("{SEED_VARIABLE}={seed} cargo test");
    if let Some(package) = variable("CARGO_PKG_NAME") {
        command.push_str(" -p ");
        command.push_str(&package);
    }
    if let Some(test) = test_name() {
        command.push(' ');
        command.push_str(&test);
        command.push_str(" -- --exact");
    }
    command
}

fn named_seed() -> Option<u64> {
    let text = variable(SEED_VARIABLE)?;
    match text.parse() {
        Ok(seed) if seed < u64::MAX => Some(seed),
        Ok(_) | Err(_) => panic!("{SEED_VARIABLE} is {text:?}, which is not a seed"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no command line: a seed can only be named in its environment"
)]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}
