//! Nodes begin to share their registries and stop again, while names are given away.

use std::time::Duration;

use steadfast_sim::Plan;
use steadfast_sim::fault::{FaultKind, Swarm};

use super::registry_split::tree;
use crate::draw::Draw;
use crate::registry::{Open, Story, VALUES, sometimes_shared};

/// The story.
pub(crate) const STORY: Story = Story {
    name: "registry_sharing",
    story: "nodes switch to a shared registry and back to one of their own; in the end all share",
    tree,
    draw,
    nodes: |seed| Draw::new(seed, "nodes").between(2, 4) as u32,
    open: Open::Configured(sometimes_shared),
    shared: true,
};

fn draw(plan: &mut Plan) {
    let mut draw = Draw::new(plan.seed, "sharing");
    let count = draw.between(10, 45);
    let actions = [
        "switch", "switch", "switch", "rush", "race", "claim", "release", "update", "join",
        "leave", "bulk", "sweep", "send", "tell", "look", "panic", "kill",
    ];
    plan.limits.safety = Duration::from_secs(8);
    let until = Duration::from_secs(7);
    plan.operations = draw.operations(count, until, plan.topology.nodes, &actions, VALUES);
    let kinds = [
        FaultKind::Drop,
        FaultKind::Delay,
        FaultKind::Cut,
        FaultKind::Crash,
        FaultKind::Pause,
    ];
    let swarm = Swarm::of(&kinds).intensity(3.0).calm(0.3);
    plan.episodes = swarm.draw(plan.seed, &plan.topology);
}
