//! Episodes together, and how they are healed.

use std::sync::{Arc, Mutex};

use steadfast::runtime::NodeId;

use super::observed::chatter;
use super::{episode, ms, node, plan};
use crate::check::standard;
use crate::fault::{Episode, Fault, FaultKind, Swarm, Target, Trigger};
use crate::outcome::Outcome;
use crate::run_report::Run;
use crate::trace::{FaultEvent, NodeEvent, RunEvent, TraceEvent};

fn forever(fault: Fault, target: Target) -> Episode {
    Episode {
        duration: None,
        ..episode(fault, target, 300, 300)
    }
}

/// Runs with faults that never end; answers the core and which nodes were up after
/// the core was healed.
fn settled(episodes: Vec<Episode>, seed: u64) -> (Run, Vec<NodeId>, Vec<bool>) {
    let seen = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let found = seen.clone();
    let script = chatter().settle(move |world| {
        let found = found.clone();
        async move {
            world.sleep(ms(200)).await;
            let up = world.plan().topology.ids().map(|node| world.is_up(node));
            *found.lock().unwrap() = (world.core(), up.collect());
            Ok(())
        }
    });
    let mut plan = plan(episodes);
    plan.seed = seed;
    let run = script.run(&plan);
    assert_eq!(run.report.outcome, Outcome::Passed);
    let (core, up) = seen.lock().unwrap().clone();
    (run, core, up)
}

#[test]
fn the_core_is_healed_and_the_rest_stays_broken() {
    for seed in 0..8 {
        let crash = Fault::Crash { wipe_disk: false };
        let (run, core, up) = settled(vec![forever(crash, Target::All)], seed);
        assert_eq!(core.len(), 2);
        for (id, up) in (1..).map(NodeId).zip(up) {
            assert_eq!(up, core.contains(&id), "{id}");
        }
        let report = &run.report.episodes[0];
        assert!(report.effective && !report.healed, "{report:?}");
    }
}

#[test]
fn messages_pass_within_the_healed_core_and_not_beyond_it() {
    let cut = Fault::Cut { in_flight: true };
    let (run, core, _) = settled(vec![forever(cut, Target::All)], 3);
    let healed = run
        .trace
        .iter()
        .position(|record| matches!(record.event, TraceEvent::Run(RunEvent::CoreHealed { .. })));
    let stop = run
        .trace
        .iter()
        .position(|record| matches!(record.event, TraceEvent::Node(NodeEvent::Stopping { .. })));
    let liveness = &run.trace[healed.unwrap()..stop.unwrap()];
    let mut within = 0;
    for record in liveness {
        if let TraceEvent::Net(crate::trace::NetEvent::Delivered { message, .. }) = &record.event {
            assert!(core.contains(&message.from) && core.contains(&message.to));
            within += 1;
        }
    }
    assert!(within >= 30, "{within}");
}

#[test]
fn an_episode_on_the_core_alone_is_over_when_the_core_is_healed() {
    let (run, core, _) = settled(vec![], 5);
    let inside = core[0];
    let outside = (1..=3).map(NodeId).find(|id| !core.contains(id)).unwrap();
    drop(run);
    let pauses = [inside, outside].map(|id| forever(Fault::Pause, node(id.0)));
    let (run, again, _) = settled(pauses.to_vec(), 5);
    assert_eq!(again, core);
    let resumed_at = |id: NodeId| {
        let resumed = |event: &TraceEvent| matches!(event, TraceEvent::Node(NodeEvent::Resumed));
        let record = run
            .trace
            .iter()
            .find(|r| r.node == Some(id) && resumed(&r.event));
        record.map(|record| record.time / 1_000_000)
    };
    assert_eq!(resumed_at(inside), Some(1_000));
    // The rest goes on only to be stopped in an orderly way.
    assert_eq!(resumed_at(outside), Some(1_200));
}

#[test]
fn an_episode_reports_its_course_in_order() {
    let crash = Fault::Crash { wipe_disk: false };
    let run = chatter().run(&plan([episode(crash, node(1), 100, 350)]));
    let course: Vec<_> = run
        .trace
        .iter()
        .filter_map(|record| match &record.event {
            TraceEvent::Fault(event) => Some(event.clone()),
            TraceEvent::Run(_)
            | TraceEvent::Core(_)
            | TraceEvent::Node(_)
            | TraceEvent::Task(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_) => None,
        })
        .collect();
    let [
        FaultEvent::Armed { episode: 0 },
        FaultEvent::Fired { episode: 0, .. },
        FaultEvent::Effective { episode: 0 },
        FaultEvent::Healed { episode: 0, after },
    ] = &course[..]
    else {
        panic!("{course:?}");
    };
    assert_eq!(after.as_millis(), 250);
}

#[test]
fn an_episode_that_would_begin_after_the_safety_phase_never_does() {
    let late = episode(Fault::Pause, node(1), 1_001, 2_000);
    let (run, ..) = settled(vec![late], 1);
    let report = &run.report.episodes[0];
    assert!(
        report.armed && !report.fired && !report.healed,
        "{report:?}"
    );
}

#[test]
fn every_kind_of_fault_at_once_gives_the_same_trace_twice() {
    let mean = ms(3);
    let everywhere = [
        Fault::Drop { probability: 0.1 },
        Fault::Delay(crate::fault::Delay::Exponential { mean }),
        Fault::Duplicate { probability: 0.2 },
        Fault::Reorder {
            probability: 0.2,
            window: ms(7),
        },
        Fault::Slow { factor: 1.5 },
        Fault::ClockOffset { offset_ms: 900 },
        Fault::ClockDrift { rate_ppm: -3_000 },
        Fault::TornTail,
        Fault::DiskError { probability: 0.1 },
        Fault::DiskFull,
    ];
    let mut episodes: Vec<_> = everywhere
        .into_iter()
        .zip(0..)
        .map(|(fault, k)| episode(fault, Target::All, 20 * k, 700 + 20 * k))
        .collect();
    episodes.push(episode(Fault::Hold, node(1), 100, 300));
    episodes.push(episode(Fault::Cut { in_flight: true }, node(2), 200, 400));
    episodes.push(episode(Fault::Pause, node(3), 300, 500));
    episodes.push(episode(Fault::Crash { wipe_disk: true }, node(1), 350, 450));
    let runs = [(); 2].map(|()| chatter().run(&plan(episodes.clone())));
    assert_eq!(runs[0].report.outcome, Outcome::Passed);
    assert_eq!(runs[0].report, runs[1].report);
    assert_eq!(runs[0].trace, runs[1].trace);
}

#[test]
fn any_swarm_gives_the_same_trace_twice_and_breaks_no_promise_of_the_world() {
    let swarm = Swarm::of(FaultKind::MESSAGES)
        .and(FaultKind::NODES)
        .and(FaultKind::CLOCKS)
        .and(FaultKind::DISKS)
        .between(ms(0), ms(900))
        .lengths(ms(1), ms(400))
        .triggers([Trigger::AbnormalExit, Trigger::NodeStarted(NodeId(2))])
        .intensity(12.0);
    let script = chatter().checkers(standard);
    let mut effective = std::collections::BTreeSet::new();
    for seed in 0..60 {
        let mut plan = plan([]);
        plan.seed = seed;
        plan.scheduler_seed = seed;
        plan.episodes = swarm.draw(seed, &plan.topology);
        let runs = [(); 2].map(|()| script.run(&plan));
        assert_eq!(runs[0].report.outcome, Outcome::Passed, "seed {seed}");
        assert_eq!(runs[0].report, runs[1].report, "seed {seed}");
        let reports = runs[0].report.episodes.iter();
        effective.extend(reports.filter(|r| r.effective).map(|r| r.fault.clone()));
    }
    // The chatter has no files.
    let kinds: Vec<_> = effective.iter().map(String::as_str).collect();
    assert_eq!(kinds.len(), 13, "{kinds:?}");
}
