//! All players of a node end at once, with everything that they hold.

use std::time::Duration;

use steadfast_sim::Plan;

use crate::draw::Draw;
use crate::registry::{Open, Story, Tree, VALUES, local};
use crate::weather;

/// The story.
pub(crate) const STORY: Story = Story {
    name: "registry_mass_death",
    story: "players hold many names and all end at once; nothing of them is left",
    tree,
    draw,
    nodes: |_| 1,
    open: Open::Bare(local),
    shared: false,
};

fn tree(seed: u64) -> Tree {
    let mut draw = Draw::new(seed, "tree");
    Tree {
        players: 8,
        watchers: draw.between(0, 2),
        naps: Duration::from_millis(1_500),
        late: None,
    }
}

/// Several rounds: names are taken, then everybody falls.
fn draw(plan: &mut Plan) {
    let mut draw = Draw::new(plan.seed, "mass death");
    let rounds = draw.between(1, 4);
    let actions = ["hoard", "bulk", "join", "claim"];
    let share = Duration::from_secs(9) / rounds as u32;
    for round in 0..rounds {
        let begin = share * round as u32;
        let count = draw.between(4, 16);
        let mut operations = draw.operations(count, share * 3 / 4, 1, &actions, VALUES);
        for operation in &mut operations {
            operation.at += begin;
        }
        let mut fall = operations[0].clone();
        fall.at = begin + share - Duration::from_millis(draw.between(1, 200));
        fall.action = "fell".into();
        operations.push(fall);
        plan.operations.extend(operations);
    }
    plan.episodes = weather::of_clocks(plan);
}
