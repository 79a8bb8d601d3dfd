//! Names are handed over from a process to its successor.

use std::time::Duration;

use steadfast_sim::Plan;

use crate::draw::Draw;
use crate::registry::{Open, Story, Tree, VALUES, local};
use crate::weather;

/// The story.
pub(crate) const STORY: Story = Story {
    name: "registry_handover",
    story: "children fail and are restarted; each finds its name free, and nobody its predecessor",
    tree,
    draw,
    nodes: |seed| Draw::new(seed, "nodes").between(1, 3) as u32,
    open: Open::Bare(local),
    shared: false,
};

fn tree(seed: u64) -> Tree {
    let mut draw = Draw::new(seed, "tree");
    Tree {
        players: draw.between(1, 4),
        watchers: draw.between(0, 2),
        naps: Duration::from_millis(500),
        late: None,
    }
}

fn draw(plan: &mut Plan) {
    let mut draw = Draw::new(plan.seed, "handover");
    let count = draw.between(8, 50);
    let actions = [
        "panic", "quit", "kill", "kill", "claim", "join", "fell", "look",
    ];
    let until = Duration::from_secs(9);
    plan.operations = draw.operations(count, until, plan.topology.nodes, &actions, VALUES);
    plan.episodes = weather::of_nodes(plan);
}
