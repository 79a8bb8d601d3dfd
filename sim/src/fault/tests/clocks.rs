//! Faults on clocks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast::runtime::{Clock, Identity, NodeId, Timestamp};

use super::{episode, ms, node, plan};
use crate::fault::{Episode, Fault};
use crate::run::Script;
use crate::run_report::Run;
use crate::trace::{RunEvent, TraceEvent};
use crate::world::World;

/// What the clocks of a node showed, every 100 milliseconds of simulated time.
type Readings = Vec<(NodeId, u64, Timestamp, Duration)>;

fn read(episodes: impl IntoIterator<Item = Episode>) -> (Run, Readings) {
    let readings = Arc::new(Mutex::new(Readings::new()));
    let seen = readings.clone();
    let script = Script::new().drive(move |world: World| {
        let seen = seen.clone();
        async move {
            for step in 0..10 {
                world.sleep_until(ms(100 * step + 50)).await;
                for id in [NodeId(1), NodeId(2)] {
                    let node = world.node(id).expect("every node is up");
                    let (clock, wall) = (node.runtime().now(), node.runtime().unix_time());
                    let time = world.time().as_nanos() as u64;
                    assert_eq!(node.runtime().node(), id);
                    seen.lock().unwrap().push((id, time, clock, wall));
                }
            }
            Ok(())
        }
    });
    let run = script.run(&plan(episodes));
    let readings = readings.lock().unwrap().clone();
    (run, readings)
}

fn of(readings: &Readings, node: u32) -> Vec<(u64, Timestamp, Duration)> {
    let of_node = readings.iter().filter(|(id, ..)| *id == NodeId(node));
    of_node
        .map(|(_, time, clock, wall)| (*time, *clock, *wall))
        .collect()
}

#[test]
fn an_offset_moves_the_wall_clock_of_its_node_while_it_holds() {
    let offset = Fault::ClockOffset { offset_ms: -5_000 };
    let (run, readings) = read([episode(offset, node(2), 200, 600)]);
    assert!(run.report.episodes[0].effective);
    let (healthy, off) = (of(&readings, 1), of(&readings, 2));
    let start = off[0].1;
    for (step, ((time, _, wall), (_, clock, other))) in healthy.iter().zip(&off).enumerate() {
        let behind = if (2..6).contains(&step) {
            ms(5_000)
        } else {
            Duration::ZERO
        };
        assert_eq!(*other + behind, *wall, "step {step}");
        let run_time = Duration::from_nanos(time - healthy[0].0);
        assert_eq!(
            clock.since(start),
            run_time,
            "the monotonic clock moved too"
        );
    }
}

#[test]
fn drift_changes_the_rate_of_its_node_while_it_holds() {
    let drift = Fault::ClockDrift { rate_ppm: 100_000 };
    let (run, readings) = read([episode(drift, node(2), 200, 600)]);
    assert!(run.report.episodes[0].effective);
    let (healthy, fast) = (of(&readings, 1), of(&readings, 2));
    for (step, pair) in fast.windows(2).enumerate() {
        let simulated = pair[1].0 - pair[0].0;
        let shown = pair[1].1.since(pair[0].1).as_nanos() as u64;
        let gained = shown.abs_diff(simulated);
        let expected = match step {
            1 | 5 => simulated / 20,
            2..=4 => simulated / 10,
            _ => 0,
        };
        assert!(
            gained.abs_diff(expected) < 20_000,
            "step {step}: {gained}, not {expected}"
        );
    }
    for pair in healthy.windows(2) {
        assert_eq!(
            pair[1].1.since(pair[0].1).as_nanos() as u64,
            pair[1].0 - pair[0].0
        );
    }
}

#[test]
fn a_timer_of_a_fast_clock_fires_early_in_simulated_time_and_never_early_on_its_clock() {
    let script = Script::new()
        .process(|context| async move {
            let runtime = context.runtime();
            let before = runtime.now();
            runtime.sleep(ms(900)).await;
            assert!(runtime.now().since(before) >= ms(900), "early");
            context.node().runtime().clone().sleep(ms(600_000)).await;
        })
        .drive(|world| async move {
            let node = world.node(NodeId(1)).expect("n1 is up");
            let runtime = node.runtime().clone();
            runtime.sleep(ms(900)).await;
            world.note("fired");
            Ok(())
        });
    let drift = Fault::ClockDrift { rate_ppm: 500_000 };
    let run = script.run(&plan([episode(drift, node(1), 300, 1_000)]));
    let fired = run.trace.iter().find_map(|record| match &record.event {
        TraceEvent::Run(RunEvent::Note { .. }) => Some(record.time),
        TraceEvent::Run(_)
        | TraceEvent::Core(_)
        | TraceEvent::Node(_)
        | TraceEvent::Task(_)
        | TraceEvent::Net(_)
        | TraceEvent::Disk(_)
        | TraceEvent::Fault(_) => None,
    });
    // 300 at the healthy rate, the other 600 in two thirds of the time.
    assert_eq!(fired.expect("it fired") / 1_000_000, 700);
    assert_eq!(run.report.outcome, crate::outcome::Outcome::Passed);
}

#[test]
fn a_clock_that_nobody_reads_is_not_effectively_off() {
    let idle = Script::new();
    let offset = episode(Fault::ClockOffset { offset_ms: 1_000 }, node(1), 100, 900);
    let drift = episode(Fault::ClockDrift { rate_ppm: 1_000 }, node(1), 100, 900);
    let slow = episode(Fault::Slow { factor: 3.0 }, node(1), 100, 900);
    let run = idle.run(&plan([offset, drift, slow]));
    for report in &run.report.episodes {
        assert!(report.fired && !report.effective, "{report:?}");
    }
}
