//! A split heals, and while the nodes find out who keeps a name, one of them crashes.

use std::time::Duration;

use steadfast::runtime::NodeId;
use steadfast_sim::Plan;
use steadfast_sim::fault::{Episode, Fault, Start, Target};

use super::registry_split::{load, split, tree};
use crate::draw::Draw;
use crate::registry::{Open, Story, replicated};

/// The story.
pub(crate) const STORY: Story = Story {
    name: "registry_winner_crash",
    story: "a node crashes while a split heals, perhaps the one whose process won",
    tree,
    draw,
    nodes: |seed| Draw::new(seed, "nodes").between(2, 4) as u32,
    open: Open::Bare(replicated),
    shared: true,
};

fn draw(plan: &mut Plan) {
    load(plan);
    let mut draw = Draw::new(plan.seed, "winner crash");
    let at = Duration::from_millis(draw.between(500, 2_500));
    let length = Duration::from_millis(draw.between(300, 3_000));
    plan.episodes = split(plan, &mut draw, at, length);
    // Everybody asks for the same names on both sides.
    if let Some(operation) = plan.operations.first().cloned() {
        for _ in 0..draw.between(1, 4) {
            let mut rush = operation.clone();
            rush.at = at + length.mul_f64(draw.between(10, 90) as f64 / 100.0);
            rush.action = "rush".into();
            rush.value = draw.between(0, crate::registry::VALUES - 1);
            plan.operations.push(rush);
        }
        plan.operations.sort_by_key(|operation| operation.at);
    }
    let nodes = u64::from(plan.topology.nodes);
    plan.episodes.push(Episode {
        fault: Fault::Crash { wipe_disk: false },
        target: Target::Node(NodeId(draw.between(1, nodes) as u32)),
        start: Start::At(at + length + Duration::from_millis(draw.between(0, 800))),
        duration: draw
            .chance(0.8)
            .then(|| Duration::from_millis(draw.between(50, 2_000))),
    });
}
