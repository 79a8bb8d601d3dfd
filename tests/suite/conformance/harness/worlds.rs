//! The two worlds that every case runs in.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::NodeId;
use steadfast::runtime::tokio::{LocalNetwork, TokioRuntime};
use steadfast_sim::check::{Findings, standard};
use steadfast_sim::trace::{Capture, Record};
use steadfast_sim::{BoxFuture, Outcome, Plan, Run, Scenario, SimRuntime, World, run_plan};

use super::bench::Bench;
use super::journal::{Journal, last_lines};
use super::witness::Witness;

/// Makes the tests of the named cases, one in each world.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        mod tokio {
            $(
                #[test]
                fn $case() {
                    $crate::conformance::harness::on_tokio(super::$case);
                }
            )+
        }

        mod simulation {
            $(
                #[test]
                fn $case() {
                    $crate::conformance::harness::in_simulation(super::$case);
                }
            )+
        }
    };
}
pub(crate) use cases;

/// Makes tests of the named cases on two threads of tokio and in the machine's time,
/// for those that neither measure time nor wait for silence.
macro_rules! cases_on_threads {
    ($($case:ident),+ $(,)?) => {
        mod threads {
            $(
                #[test]
                fn $case() {
                    $crate::conformance::harness::on_threads(super::$case);
                }
            )+
        }
    };
}
pub(crate) use cases_on_threads;

/// How long a case waits for a fact where time costs nothing.
pub(super) const PATIENCE: Duration = Duration::from_secs(3600);

/// Runs a case on tokio, on one thread, with time that moves only when nothing can run.
pub(crate) fn on_tokio<C, F>(case: C)
where
    C: FnOnce(Bench<Witness<TokioRuntime>>) -> F,
    F: Future<Output = ()>,
{
    on_tokio_with(Journal::default(), case);
}

/// As [`on_tokio`], with a journal that only counts, which checks cannot use.
pub(crate) fn on_tokio_counting<C, F>(case: C)
where
    C: FnOnce(Bench<Witness<TokioRuntime>>) -> F,
    F: Future<Output = ()>,
{
    on_tokio_with(Journal::only_counts(), case);
}

fn on_tokio_with<C, F>(journal: Journal, case: C)
where
    C: FnOnce(Bench<Witness<TokioRuntime>>) -> F,
    F: Future<Output = ()>,
{
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("an executor needs only memory");
    let records = executor.block_on(on_executor(journal, case, PATIENCE));
    judge(&records);
}

/// Holds the standard checks against what happened on tokio.
pub(super) fn judge(records: &[Record]) {
    let mut findings = Findings::new();
    for mut checker in standard() {
        for record in records {
            findings.about(checker.name(), Some(record));
            checker.observe(record, &mut findings);
        }
        checker.finish(&mut findings);
    }
    let violations = findings.violations();
    assert!(
        violations.is_empty(),
        "{violations:#?}\n{}",
        last_lines(records)
    );
}

/// Runs a case on tokio, on two threads, in the machine's time. What must not happen
/// is looked for only for a moment, so this can miss a fault but not invent one.
pub(crate) fn on_threads<C, F>(case: C)
where
    C: FnOnce(Bench<Witness<TokioRuntime>>) -> F,
    F: Future<Output = ()>,
{
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("two threads can be started");
    // Facts of different threads may be written down in another order than they
    // happened in, which the standard checks would complain about.
    let _unjudged = executor.block_on(on_executor(
        Journal::default(),
        case,
        Duration::from_secs(60),
    ));
}

async fn on_executor<C, F>(journal: Journal, case: C, patience: Duration) -> Vec<Record>
where
    C: FnOnce(Bench<Witness<TokioRuntime>>) -> F,
    F: Future<Output = ()>,
{
    let network = LocalNetwork::new();
    let files = tempfile::tempdir().expect("a folder can be made");
    let runtime = TokioRuntime::builder(NodeId(1))
        .local_network(&network)
        .storage(files.path())
        .build()
        .expect("a runtime with an empty folder can be made");
    let bench = Bench::new(Witness::new(runtime, journal.clone()), journal, patience);
    case(bench.clone()).await;
    bench.finish().await
}

/// How many schedules a case is tried under.
const SCHEDULES: u64 = 10;

/// Runs a case in simulation under several schedules, with the standard checks on.
pub(crate) fn in_simulation<C, F>(case: C)
where
    C: Fn(Bench<Witness<SimRuntime>>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    in_simulation_under(SCHEDULES, case);
}

/// As [`in_simulation`], under so many schedules.
pub(crate) fn in_simulation_under<C, F>(schedules: u64, case: C)
where
    C: Fn(Bench<Witness<SimRuntime>>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    passes_under(schedules, || Case::new(case.clone()));
}

/// Runs a scenario under several schedules; every run must pass.
pub(crate) fn passes_in_simulation<S: Scenario>(scenario: impl Fn() -> S) {
    passes_under(SCHEDULES, scenario);
}

fn passes_under<S: Scenario>(schedules: u64, scenario: impl Fn() -> S) {
    for seed in 0..schedules {
        let scenario = scenario();
        let plan = scenario.plan(seed);
        // A fresh thread, since the standard library seeds its maps once per thread.
        let run = std::thread::scope(|scope| {
            let run = scope.spawn(|| run_plan(&scenario, &plan, Capture::Tail(1000)));
            run.join().expect("a run never panics")
        });
        let Run { report, trace, .. } = run;
        if report.outcome != Outcome::Passed {
            panic!(
                "schedule {seed}: {:?}\n{}",
                report.outcome,
                last_lines(&trace)
            );
        }
    }
}

/// A case as a scenario: one node, no faults, and all of the case while it is driven.
struct Case<C> {
    case: C,
    /// Whether it was carried out to its end; a phase that is over drops what is left.
    finished: Arc<AtomicBool>,
}

impl<C> Case<C> {
    fn new(case: C) -> Self {
        Self {
            case,
            finished: Arc::default(),
        }
    }
}

impl<C, F> Scenario for Case<C>
where
    C: Fn(Bench<Witness<SimRuntime>>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    fn name(&self) -> &'static str {
        "conformance"
    }

    fn story(&self) -> &'static str {
        "one case of the conformance suite"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name(), seed, 1);
        // Longer than any case takes. Time in which nothing happens costs nothing.
        plan.limits.safety = Duration::from_secs(24 * 3600);
        plan
    }

    fn boot(
        &self,
        _node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        let (case, finished) = (self.case.clone(), self.finished.clone());
        Box::pin(async move {
            let node = world.node(NodeId(1)).ok_or("the node is not up")?;
            let journal = Journal::default();
            let runtime = Witness::new(node.runtime().clone(), journal.clone());
            let bench = Bench::new(runtime, journal, PATIENCE);
            case(bench.clone()).await;
            // The run itself is checked, and knows more.
            let _unjudged = bench.finish().await;
            finished.store(true, Ordering::Release);
            Ok(())
        })
    }

    fn settle(&self, _world: World) -> BoxFuture<'static, Result<(), String>> {
        let finished = self.finished.load(Ordering::Acquire);
        let unfinished = "the case takes longer than the run";
        Box::pin(async move { finished.then_some(()).ok_or_else(|| unfinished.to_owned()) })
    }
}
