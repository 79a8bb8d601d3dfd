//! Claims about how runs go and end.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use steadfast::event::{Event, ProcessEvent};
use steadfast::failure::Severity;
use steadfast::process::{ExitReason, Node};
use steadfast::runtime::{Clock, Identity, Incarnation, Network, NodeId, Port, Timestamp};

use super::script::{Script, of_node};
use crate::check::{Checker, Findings};
use crate::fault::{Episode, Fault, Start, Target};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::run_report::Run;
use crate::runtime::SimRuntime;
use crate::trace::{DropCause, NetEvent, NodeEvent, Phase, Record, RunEvent, TraceEvent};

const SECOND: Duration = Duration::from_secs(1);

fn plan(nodes: u32) -> Plan {
    let mut plan = Plan::new("script", 7, nodes);
    plan.limits.safety = SECOND;
    plan
}

/// Every node answers what it gets and sends to the next one from time to time.
fn gossip() -> Script {
    Script::new().process(|context| async move {
        let runtime = context.runtime().clone();
        let Ok(mut inbox) = runtime.bind(Port(1), 16) else {
            return;
        };
        let next = NodeId(runtime.node().0 % 3 + 1);
        loop {
            let wait = runtime.sleep(Duration::from_millis(20));
            wait.await;
            if let Err(failure) = context.send(next, Port(1), vec![1, 2, 3]) {
                failure.report(Severity::Warning);
            }
            while inbox.try_receive().is_some() {}
        }
    })
}

#[test]
fn a_run_passes_through_its_phases_and_finishes() {
    let run = gossip().run(&plan(3));
    assert_eq!(run.report.outcome, Outcome::Passed);
    let world = of_node(&run.trace, 0).map(|record| record.event.clone());
    let phases: Vec<_> = world
        .filter_map(|event| match event {
            TraceEvent::Run(RunEvent::PhaseStarted { phase }) => Some(phase),
            TraceEvent::Run(_)
            | TraceEvent::Core(_)
            | TraceEvent::Node(_)
            | TraceEvent::Task(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_)
            | TraceEvent::Fault(_) => None,
        })
        .collect();
    let all = [Phase::Boot, Phase::Safety, Phase::Liveness, Phase::Stop];
    assert_eq!(phases, all);
    let last = run.trace.last().unwrap();
    assert_eq!(last.event, TraceEvent::Run(RunEvent::Finished));
    assert!(run.report.messages > 100, "{}", run.report.messages);
}

#[test]
fn nothing_of_a_world_is_left_after_its_run() {
    /// Holds what holds the world, as scenarios do that hand their nodes around.
    #[derive(Default)]
    struct Token(Mutex<Option<Node<SimRuntime>>>);
    let kept: Arc<Mutex<Vec<Weak<Token>>>> = Arc::default();
    let seen = kept.clone();
    let script = gossip().drive(move |world| {
        let token = world.board::<Token>();
        *token.0.lock().unwrap() = world.node(NodeId(1));
        seen.lock().unwrap().push(Arc::downgrade(&token));
        // An alarm that is still to ring when the run is over, and a task that waits
        // for it.
        let far = world.sleep(100 * SECOND);
        async move {
            far.await;
            Ok(())
        }
    });
    for seed in 0..3 {
        let mut plan = plan(3);
        plan.seed = seed;
        script.run(&plan);
    }
    let kept = kept.lock().unwrap();
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().all(|token| token.upgrade().is_none()));
}

#[test]
fn the_same_plan_gives_the_same_trace_and_another_seed_another() {
    let (first, second) = (gossip().run(&plan(3)), gossip().run(&plan(3)));
    assert_eq!(first.trace, second.trace);
    assert_eq!(first.report, second.report);
    let mut other = plan(3);
    other.seed = 8;
    assert_ne!(first.report.digest, gossip().run(&other).report.digest);
    let mut other = plan(3);
    other.scheduler_seed = 8;
    assert_ne!(first.report.digest, gossip().run(&other).report.digest);
}

/// A node that is down longer than anything waits, and one that comes back.
fn crash(node: u32, at: Duration, duration: Option<Duration>) -> Episode {
    Episode {
        fault: Fault::Crash { wipe_disk: false },
        target: Target::Node(NodeId(node)),
        start: Start::At(at),
        duration,
    }
}

#[test]
fn a_crashed_node_is_silent_until_it_starts_again_as_the_next_incarnation() {
    let mut plan = plan(3);
    let (at, down) = (SECOND / 4, SECOND / 4);
    plan.episodes.push(crash(2, at, Some(down)));
    let run = gossip().run(&plan);
    assert_eq!(run.report.outcome, Outcome::Passed);
    let started = |incarnation| {
        let incarnation = Incarnation(incarnation);
        let event = TraceEvent::Node(NodeEvent::Started { incarnation });
        of_node(&run.trace, 2).any(|record| record.event == event)
    };
    assert!(started(1) && started(2) && !started(3));
    let downtime = at.as_nanos() as u64 + 1_000_000..(at + down).as_nanos() as u64;
    let meanwhile = of_node(&run.trace, 2).filter(|record| downtime.contains(&record.time));
    for record in meanwhile {
        let lost = matches!(
            record.event,
            TraceEvent::Net(NetEvent::Dropped {
                cause: DropCause::NodeDown,
                ..
            })
        );
        assert!(lost, "{record:?}");
    }
    let report = &run.report.episodes[0];
    assert!(report.armed && report.fired && report.effective && report.healed);
}

fn panicked(run: &Run) -> (&str, &str) {
    let Outcome::Panicked { text, place } = &run.report.outcome else {
        panic!("{:?}", run.report.outcome);
    };
    (text, place.as_deref().expect("the place is known"))
}

#[test]
fn a_panic_outside_a_process_is_an_outcome_with_its_place() {
    let place = "sim/src/run/tests.rs:";
    let boot = Script::new().boot(|_| async { panic!("no boot") });
    let drive = Script::new().drive(|_| async { panic!("no drive") });
    let settle = Script::new().settle(|world| async move {
        world.sleep(SECOND / 10).await;
        panic!("no {}", "settle")
    });
    for (script, expected) in [
        (boot, "no boot"),
        (drive, "no drive"),
        (settle, "no settle"),
    ] {
        let run = script.run(&plan(2));
        let (text, at) = panicked(&run);
        assert_eq!(text, expected);
        assert!(at.starts_with(place), "{at}");
    }
}

#[test]
fn a_panic_of_a_checker_is_an_outcome() {
    struct Broken;
    impl Checker for Broken {
        fn name(&self) -> &'static str {
            "broken"
        }
        fn observe(&mut self, record: &Record, _findings: &mut Findings) {
            assert!(record.index < 20, "broken at {}", record.index);
        }
        fn finish(&mut self, _findings: &mut Findings) {}
    }
    let run = gossip().checkers(|| vec![Box::new(Broken)]).run(&plan(3));
    assert_eq!(panicked(&run).0, "broken at 20");
}

#[test]
fn an_error_of_the_workload_is_a_violation() {
    let boot =
        Script::new().boot(|node| async move { Err(format!("not on {}", node.runtime().node())) });
    let drive = Script::new().drive(|_| async { Err("lost".to_owned()) });
    let settle = Script::new().settle(|_| async { Err("torn".to_owned()) });
    for (script, checker, detail) in [
        (boot, "boot", "n1.1: not on n1"),
        (drive, "workload", "lost"),
        (settle, "liveness", "torn"),
    ] {
        let run = script.run(&plan(1));
        let Outcome::Violated(violation) = &run.report.outcome else {
            panic!("{:?}", run.report.outcome);
        };
        assert_eq!(
            (violation.checker.as_str(), violation.detail.as_str()),
            (checker, detail)
        );
        assert_eq!(run.report.violations, std::slice::from_ref(violation));
    }
}

#[test]
fn the_first_violation_ends_the_run_at_its_record() {
    struct Third(u32);
    impl Checker for Third {
        fn name(&self) -> &'static str {
            "third"
        }
        fn observe(&mut self, record: &Record, findings: &mut Findings) {
            if let TraceEvent::Net(NetEvent::Delivered { .. }) = record.event {
                self.0 += 1;
                if self.0 >= 3 {
                    findings.violated("no third message", "there is one");
                }
            }
        }
        fn finish(&mut self, findings: &mut Findings) {
            findings.violated("never", "called after a violation");
        }
    }
    let run = gossip().checkers(|| vec![Box::new(Third(0))]).run(&plan(3));
    let Outcome::Violated(violation) = &run.report.outcome else {
        panic!("{:?}", run.report.outcome);
    };
    assert_eq!(violation.index + 2, run.report.records);
    assert_eq!(run.report.violations.len(), 1);
}

#[test]
fn a_core_that_does_not_converge_is_stalled_with_its_live_tasks() {
    let script = gossip().settle(|_| std::future::pending());
    let run = script.run(&plan(2));
    let Outcome::Stalled { bound, live } = &run.report.outcome else {
        panic!("{:?}", run.report.outcome);
    };
    assert_eq!(bound, "liveness");
    assert_eq!(live.len(), 2);
    assert!(
        live[1].starts_with("n2.1 main (sim/src/run/script.rs:"),
        "{}",
        live[1]
    );
    let limits = plan(2).limits;
    assert!(run.report.simulated >= limits.safety + limits.liveness);
}

#[test]
fn too_many_records_stall_the_run() {
    let mut plan = plan(3);
    plan.limits.records_max = 100;
    let run = gossip().run(&plan);
    assert_eq!(run.report.outcome.key(), "stalled");
    assert_eq!(run.report.records, 101);
}

#[test]
fn a_plan_that_cannot_be_run_is_a_violation() {
    let run = Script::new().run(&plan(0));
    assert_eq!(
        run.report.outcome.key(),
        "violated/plan/the plan can be run"
    );
}

#[test]
fn the_core_is_a_quorum_that_the_seed_decides() {
    let core_of = |seed, nodes| {
        let mut plan = plan(nodes);
        plan.seed = seed;
        let script = Script::new().settle(|world| async move {
            let names: Vec<_> = world.core().iter().map(ToString::to_string).collect();
            Err(names.join(" "))
        });
        script.run(&plan).report.violations[0].detail.clone()
    };
    let cores: BTreeSet<_> = (0..40).map(|seed| core_of(seed, 3)).collect();
    assert_eq!(Vec::from_iter(cores), ["n1 n2", "n1 n3", "n2 n3"]);
    assert_eq!(core_of(1, 1), "n1");
    assert_eq!(core_of(1, 4).split(' ').count(), 3);
}

#[test]
fn a_run_in_which_nothing_can_run_any_more_is_stalled() {
    let mut plan = plan(1);
    plan.limits.liveness = Duration::MAX;
    let idle = Script::new().process(|_| std::future::pending());
    let run = idle.settle(|_| std::future::pending()).run(&plan);
    let Outcome::Stalled { bound, live } = &run.report.outcome else {
        panic!("{:?}", run.report.outcome);
    };
    assert_eq!(bound, "nothing can run");
    assert_eq!(live.len(), 1);
}

#[test]
fn a_panic_of_a_task_behind_the_back_of_the_runtime_is_an_outcome() {
    #[expect(clippy::disallowed_methods, reason = "the wrong way to start a task")]
    fn stray() {
        drop(madsim::task::spawn(async { panic!("stray") }));
    }
    let script = gossip().drive(|_| async {
        stray();
        Ok(())
    });
    assert_eq!(panicked(&script.run(&plan(2))).0, "stray");
}

#[test]
fn a_panic_of_a_process_is_the_business_of_its_supervisor() {
    let script = Script::new().process(|context| async move {
        context.runtime().sleep(SECOND / 10).await;
        panic!("contained");
    });
    let run = script.run(&plan(2));
    assert_eq!(run.report.outcome, Outcome::Passed);
    let exits = run.trace.iter().filter(|record| {
        matches!(&record.event, TraceEvent::Core(Event::Process(
            ProcessEvent::Exited { reason: ExitReason::Panic(text), .. })) if *text == "contained")
    });
    assert_eq!(exits.count(), 2);
}

#[test]
fn every_incarnation_has_a_clock_of_its_own() {
    let readings = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = readings.clone();
    let script = Script::new().boot(move |node| {
        seen.lock().unwrap().insert(node.runtime().now());
        async { Ok(()) }
    });
    let mut plan = plan(3);
    plan.episodes.push(crash(2, SECOND / 4, Some(SECOND / 4)));
    script.run(&plan);
    let readings = readings.lock().unwrap();
    assert_eq!(readings.len(), 4);
    assert!(
        readings
            .iter()
            .all(|reading| *reading < Timestamp(3_601_000_000_000))
    );
}
