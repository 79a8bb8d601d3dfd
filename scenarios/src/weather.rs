//! Which faults a story's plan may hold, drawn from its seed.

use std::time::Duration;

use steadfast::runtime::NodeId;
use steadfast_sim::Plan;
use steadfast_sim::fault::{Delay, Episode, Fault, Start, Target};

use crate::draw::Draw;

fn draw_fault(draw: &mut Draw, kinds: &[&str]) -> Fault {
    match draw.one_of(kinds) {
        "crash" => Fault::Crash { wipe_disk: false },
        "wipe" => Fault::Crash { wipe_disk: true },
        "pause" => Fault::Pause,
        "slow" => Fault::Slow {
            factor: draw.between(2, 10) as f64,
        },
        "drift" => Fault::ClockDrift {
            rate_ppm: draw.between(0, 400_000) as i64 - 200_000,
        },
        "offset" => Fault::ClockOffset {
            offset_ms: draw.between(0, 20_000) as i64 - 10_000,
        },
        "drop" => Fault::Drop {
            probability: draw.between(1, 9) as f64 / 10.0,
        },
        "delay" => Fault::Delay(Delay::Uniform {
            min: Duration::ZERO,
            max: draw.time(Duration::from_millis(1), Duration::from_millis(400)),
        }),
        "duplicate" => Fault::Duplicate { probability: 0.3 },
        "reorder" => Fault::Reorder {
            probability: 0.3,
            window: Duration::from_millis(50),
        },
        "hold" => Fault::Hold,
        "torn" => Fault::TornTail,
        "disk_error" => Fault::DiskError {
            probability: draw.between(1, 5) as f64 / 10.0,
        },
        "disk_full" => Fault::DiskFull,
        _ => Fault::Cut {
            in_flight: draw.chance(0.5),
        },
    }
}

fn draw_episodes(plan: &Plan, kinds: &[&str]) -> Vec<Episode> {
    let count = Draw::new(plan.seed, "weather").between(0, 5);
    (0..count)
        .map(|index| {
            let mut draw = Draw::new(plan.seed, &format!("episode{index}"));
            let nodes = u64::from(plan.topology.nodes);
            let fault = draw_fault(&mut draw, kinds);
            let node = NodeId(draw.between(1, nodes) as u32);
            let target = Target::Node(node);
            Episode {
                fault,
                target,
                start: Start::At(draw.time(Duration::from_millis(100), Duration::from_secs(8))),
                duration: Some(draw.time(Duration::from_millis(50), Duration::from_secs(3))),
            }
        })
        .collect()
}

pub(crate) fn of_clocks(plan: &Plan) -> Vec<Episode> {
    draw_episodes(plan, &["drift", "offset", "slow"])
}
pub(crate) fn of_nodes(plan: &Plan) -> Vec<Episode> {
    draw_episodes(plan, &["crash", "pause", "slow", "drift", "offset"])
}
pub(crate) fn of_disks(plan: &Plan) -> Vec<Episode> {
    draw_episodes(
        plan,
        &["crash", "torn", "crash", "disk_error", "disk_full", "pause"],
    )
}
pub(crate) fn of_everything(plan: &Plan) -> Vec<Episode> {
    draw_episodes(
        plan,
        &[
            "crash",
            "wipe",
            "pause",
            "slow",
            "drift",
            "drop",
            "delay",
            "duplicate",
            "reorder",
            "hold",
            "cut",
            "cut",
        ],
    )
}
