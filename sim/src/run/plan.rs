//! Runs a plan.

use std::cell::RefCell;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use madsim::Config;
use madsim::runtime::{Handle, Runtime};
use madsim::time::TimeHandle;

use super::director::Director;
use super::panics::{Caught, Quiet, catch};
use crate::outcome::{Outcome, Violation};
use crate::plan::{Plan, PlanError};
use crate::run_report::{Run, RunReport};
use crate::runtime::{Alarm, Journal, Shared, State, WorldSimulator};
use crate::scenario::Scenario;
use crate::trace::render::{Options, Renderer};
use crate::trace::{Capture, Record, Recorder};

/// What madsim panics with when nothing can run any more.
const NOTHING_CAN_RUN: &str = "no events, all tasks will block forever";

/// Simulated time after which no alarm is left: a run counts nanoseconds in 64 bits,
/// which is 584 years.
const AGES: Duration = Duration::from_secs(500 * 365 * 24 * 60 * 60);

/// How many lines of its story a report has.
const TAIL_MAX: usize = 30;

/// The world, for the time after madsim is done with it or has panicked.
type Slot = RefCell<Option<Arc<Shared>>>;

/// Runs a plan on this thread, which must be a fresh one: the standard library seeds
/// the order of its hash maps once per thread.
///
/// Never panics: everything becomes an outcome. A plan that cannot be run is a
/// violation that the checker "plan" reports.
#[must_use]
pub fn run_plan(scenario: &dyn Scenario, plan: &Plan, capture: Capture) -> Run {
    if let Err(error) = plan.validate() {
        return refused(&error);
    }
    let _quiet = Quiet::new();
    let slot = Slot::default();
    let simulated = catch(|| simulate(scenario, plan, capture, &slot));
    let shared = slot.take();
    let cleared = catch(|| {
        if let Some(shared) = &shared {
            shared.board.clear();
        }
    });
    let broken = simulated
        .and(cleared)
        .err()
        .map(|caught| explain(caught, shared.as_deref()));
    report(shared.as_deref(), broken)
}

/// Builds the world and runs it inside madsim.
fn simulate(scenario: &dyn Scenario, plan: &Plan, capture: Capture, slot: &Slot) {
    let journal = Journal::new(capture, plan.limits.records_max, scenario.checkers());
    let runtime = Runtime::with_seed_and_config(plan.scheduler_seed, Config::default());
    // Dropped before the runtime, so that destructors of what is left have no effect.
    let _end = EndOfWorld(slot);
    runtime.add_simulator::<WorldSimulator>();
    let nodes = plan.topology.ids();
    let nodes = nodes.map(|node| runtime.create_node().name(node.to_string()).build().id());
    let nodes: Vec<_> = nodes.collect();
    runtime.block_on(async {
        let time = TimeHandle::current();
        let state = State::new(plan, journal, &time, &nodes);
        let shared = Arc::new(Shared::new(Arc::new(plan.clone()), time, state));
        shared.lock().agenda.set_alarm(Alarm::waker(&shared));
        madsim::plugin::simulator::<WorldSimulator>().bind(&shared);
        slot.replace(Some(shared.clone()));
        let director = Director::new(scenario, shared.clone(), Handle::current());
        director.run().await;
        let now = shared.now();
        shared.lock().conclude(now);
        director.kill_all();
        // An alarm that madsim has yet to ring holds the world, and the world holds
        // madsim's timers: they would keep each other for ever. So all ring, for nothing.
        let wakers = shared.lock().agenda.end();
        drop(wakers);
        TimeHandle::current().advance(AGES);
        // madsim drops killed tasks when it runs next; without this they would leak.
        madsim::time::sleep(Duration::from_millis(1)).await;
    });
}

/// Ends every incarnation, however the simulation was left.
struct EndOfWorld<'a>(&'a Slot);

impl Drop for EndOfWorld<'_> {
    fn drop(&mut self) {
        let Some(shared) = self.0.borrow().clone() else {
            return;
        };
        let now = shared.now();
        if std::thread::panicking() {
            // What a run that broke off comes to is not for the checkers to say.
            shared.lock().journal.close();
        }
        shared.lock().conclude(now);
        shared.lock().agenda.set_alarm(Waker::noop().clone());
        let ids = shared.lock().ids();
        for node in ids {
            let remains = shared.lock().crash(now, node, false);
            drop(remains);
        }
    }
}

/// What it means that the simulation panicked.
fn explain(caught: Caught, shared: Option<&Shared>) -> Outcome {
    if caught.text != NOTHING_CAN_RUN {
        return caught.into();
    }
    Outcome::Stalled {
        bound: "nothing can run".to_owned(),
        live: shared.map_or_else(Vec::new, |shared| shared.lock().last_tasks.clone()),
    }
}

fn refused(error: &PlanError) -> Run {
    let violation = Violation {
        checker: "plan".to_owned(),
        invariant: "the plan can be run".to_owned(),
        detail: error.to_string(),
        index: 0,
        time: 0,
    };
    report(None, Some(Outcome::Violated(violation)))
}

/// Writes the report. Without a world the run came to nothing.
fn report(shared: Option<&Shared>, broken: Option<Outcome>) -> Run {
    let mut state = shared.map(Shared::lock);
    let journal = state.as_deref_mut().map(State::take_journal);
    let (recorder, mut violations, ending) = match journal {
        Some(journal) => journal.into_parts(),
        None => (Recorder::new(Capture::Nothing, 1), Vec::new(), None),
    };
    let outcome = broken.or(ending).unwrap_or(Outcome::Passed);
    if let (Outcome::Violated(violation), true) = (&outcome, violations.is_empty()) {
        violations.push(violation.clone());
    }
    let state = state.as_deref();
    let (digest, records) = (recorder.digest(), recorder.records());
    let prefix_digests = recorder.prefix_digests().to_vec();
    let trace = recorder.into_trace();
    let story_end = if outcome == Outcome::Passed {
        Vec::new()
    } else {
        tail(&trace)
    };
    let report = RunReport {
        outcome,
        digest,
        records,
        simulated: Duration::from_nanos(state.and_then(|state| state.concluded).unwrap_or(0)),
        messages: state.map_or(0, |state| state.links.delivered),
        tasks: state.map_or(0, |state| state.tasks),
        episodes: state.map_or_else(Vec::new, |state| state.injector.reports()),
        violations,
        tail: story_end,
    };
    Run {
        report,
        trace,
        prefix_digests,
    }
}

/// The end of the story, of what was captured. Names are learnt from all of it.
fn tail(trace: &[Record]) -> Vec<String> {
    let mut renderer = Renderer::new(Options::STORY);
    let mut lines: Vec<_> = trace
        .iter()
        .filter_map(|record| renderer.line(record))
        .collect();
    lines.split_off(lines.len().saturating_sub(TAIL_MAX))
}
