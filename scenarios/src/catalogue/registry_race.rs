//! Players of one node race for the same names, and change and lose them.

use std::time::Duration;

use steadfast_sim::Plan;

use crate::draw::Draw;
use crate::registry::{Open, Story, Tree, VALUES, local};
use crate::weather;

/// The story.
pub(crate) const STORY: Story = Story {
    name: "registry_race",
    story: "players race for a few names; each has one holder, and every loser learns whom",
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
        watchers: draw.between(0, 3),
        naps: Duration::from_millis(1_500),
        late: None,
    }
}

fn draw(plan: &mut Plan) {
    let mut draw = Draw::new(plan.seed, "race");
    let count = draw.between(10, 70);
    let actions = [
        "race", "race", "claim", "release", "release", "update", "swap", "count", "bulk", "sweep",
        "steal", "look", "panic", "quit", "kill", "clear",
    ];
    let until = Duration::from_secs(9);
    plan.operations = draw.operations(count, until, plan.topology.nodes, &actions, VALUES);
    plan.episodes = weather::of_nodes(plan);
}
