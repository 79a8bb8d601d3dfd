//! The backend is changed while players use the registry.

use std::time::Duration;

use steadfast_sim::Plan;

use crate::draw::Draw;
use crate::registry::{Open, Story, Tree, VALUES, local};
use crate::weather;

/// The story.
pub(crate) const STORY: Story = Story {
    name: "registry_migration",
    story: "the backend changes under load; no registration is lost, and no watcher notices",
    tree,
    draw,
    nodes: |seed| Draw::new(seed, "nodes").between(1, 2) as u32,
    open: Open::Bare(local),
    shared: false,
};

fn tree(seed: u64) -> Tree {
    let mut draw = Draw::new(seed, "tree");
    Tree {
        players: draw.between(2, 6),
        watchers: draw.between(1, 3),
        naps: Duration::from_millis(1_500),
        late: None,
    }
}

fn draw(plan: &mut Plan) {
    let mut draw = Draw::new(plan.seed, "migration");
    let count = draw.between(10, 60);
    let actions = [
        "switch", "switch", "race", "claim", "release", "update", "join", "leave", "bulk", "sweep",
        "hoard", "clear", "panic", "kill",
    ];
    let until = Duration::from_secs(9);
    plan.operations = draw.operations(count, until, plan.topology.nodes, &actions, VALUES);
    plan.episodes = weather::of_nodes(plan);
}
