//! Groups whose members come and go.

use std::time::Duration;

use steadfast_sim::Plan;

use crate::draw::Draw;
use crate::registry::{Open, Story, Tree, VALUES, local};
use crate::weather;

/// The story.
pub(crate) const STORY: Story = Story {
    name: "registry_groups",
    story: "players join groups, several times each, leave them and end; every join counts once",
    tree,
    draw,
    nodes: |_| 1,
    open: Open::Bare(local),
    shared: false,
};

fn tree(seed: u64) -> Tree {
    let mut draw = Draw::new(seed, "tree");
    Tree {
        players: draw.between(2, 8),
        watchers: draw.between(1, 3),
        naps: Duration::from_millis(1_500),
        late: None,
    }
}

fn draw(plan: &mut Plan) {
    let mut draw = Draw::new(plan.seed, "groups");
    let count = draw.between(10, 70);
    let actions = [
        "join", "join", "join", "join", "leave", "leave", "leave", "look", "claim", "panic",
        "quit", "kill",
    ];
    plan.operations = draw.operations(count, Duration::from_secs(9), 1, &actions, VALUES);
    plan.episodes = weather::of_nodes(plan);
}
