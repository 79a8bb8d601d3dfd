//! Players reach each other by name, and the backend below them is replaced when it fails.

use std::time::Duration;

use steadfast_sim::Plan;

use crate::draw::Draw;
use crate::registry::{Open, Story, Tree, VALUES, monitored};
use crate::weather;

/// The story.
pub(crate) const STORY: Story = Story {
    name: "registry_services",
    story: "players send by name, tell groups and lock names; a monitor replaces an ill backend",
    tree,
    draw,
    nodes: |_| 1,
    open: Open::Configured(monitored),
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
    let mut draw = Draw::new(plan.seed, "services");
    let count = draw.between(15, 90);
    let actions = [
        "send", "send", "send", "tell", "tell", "guard", "guard", "guard", "join", "leave",
        "claim", "race", "release", "bulk", "clear", "panic", "kill", "ail", "heal", "switch",
    ];
    plan.operations = draw.operations(count, Duration::from_secs(9), 1, &actions, VALUES);
    plan.episodes = weather::of_nodes(plan);
}
