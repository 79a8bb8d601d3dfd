//! Several nodes share a registry, and links between them come and go all the time.

use std::time::Duration;

use steadfast_sim::Plan;
use steadfast_sim::fault::{FaultKind, Swarm};

use super::registry_split::{load, tree};
use crate::draw::Draw;
use crate::registry::{Open, Story, replicated};

/// The story.
pub(crate) const STORY: Story = Story {
    name: "registry_flapping",
    story: "links flap and lose messages; names come, go and are disputed, and all agree in the end",
    tree,
    draw,
    nodes: |seed| Draw::new(seed, "nodes").between(2, 4) as u32,
    open: Open::Bare(replicated),
    shared: true,
};

fn draw(plan: &mut Plan) {
    load(plan);
    let swarm = Swarm::of(FaultKind::MESSAGES)
        .weight(FaultKind::Cut, 6)
        .intensity(14.0)
        .lengths(Duration::from_millis(20), Duration::from_millis(1_500));
    plan.episodes = swarm.draw(plan.seed, &plan.topology);
}
