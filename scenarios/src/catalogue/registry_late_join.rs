//! A node joins late, with names that the others have given away long ago.

use std::time::Duration;

use steadfast::runtime::NodeId;
use steadfast_sim::Plan;
use steadfast_sim::fault::{FaultKind, Swarm};

use super::registry_split::load;
use crate::draw::Draw;
use crate::registry::{Open, Story, Tree, replicated};

/// The story.
pub(crate) const STORY: Story = Story {
    name: "registry_late_join",
    story: "a node joins late, sees everything, and loses what it gave away before it knew",
    tree,
    draw,
    nodes: |seed| Draw::new(seed, "nodes").between(2, 4) as u32,
    open: Open::Bare(replicated),
    shared: true,
};

fn tree(seed: u64) -> Tree {
    let mut draw = Draw::new(seed, "tree");
    Tree {
        players: draw.between(1, 3),
        watchers: draw.between(0, 2),
        naps: Duration::from_millis(500),
        late: Some((
            NodeId(2),
            draw.time(Duration::from_secs(1), Duration::from_secs(5)),
        )),
    }
}

fn draw(plan: &mut Plan) {
    load(plan);
    let kinds = [FaultKind::Drop, FaultKind::Delay, FaultKind::Cut];
    let swarm = Swarm::of(&kinds).intensity(3.0).calm(0.4);
    plan.episodes = swarm.draw(plan.seed, &plan.topology);
}
