//! Several nodes share a registry, and everything can happen to them.

use steadfast_sim::Plan;

use super::registry_split::{load, tree};
use crate::draw::Draw;
use crate::registry::{Open, Story, replicated};
use crate::weather;

/// The story.
pub(crate) const STORY: Story = Story {
    name: "registry_cluster",
    story: "nodes that share a registry crash, pause and lose messages; what is healed agrees",
    tree,
    draw,
    nodes: |seed| Draw::new(seed, "nodes").between(2, 5) as u32,
    open: Open::Bare(replicated),
    shared: true,
};

fn draw(plan: &mut Plan) {
    load(plan);
    plan.episodes = weather::of_everything(plan);
}
