//! Several nodes share a registry, and lose sight of each other for a while.

use std::time::Duration;

use steadfast::runtime::NodeId;
use steadfast_sim::Plan;
use steadfast_sim::fault::{Episode, Fault, Start, Target};

use crate::draw::Draw;
use crate::registry::{Open, Story, Tree, VALUES, replicated};

/// The story.
pub(crate) const STORY: Story = Story {
    name: "registry_split",
    story: "nodes split in two or three, or one way, give names away twice, and agree again",
    tree,
    draw,
    nodes: |seed| Draw::new(seed, "nodes").between(2, 5) as u32,
    open: Open::Bare(replicated),
    shared: true,
};

pub(super) fn tree(seed: u64) -> Tree {
    let mut draw = Draw::new(seed, "tree");
    Tree {
        players: draw.between(1, 3),
        watchers: draw.between(0, 1),
        naps: Duration::from_millis(500),
        late: None,
    }
}

/// What players do in a story that several nodes share.
pub(super) fn load(plan: &mut Plan) {
    let mut draw = Draw::new(plan.seed, "load");
    let count = draw.between(8, 40);
    let actions = [
        "rush", "rush", "race", "claim", "release", "update", "join", "leave", "bulk", "sweep",
        "look", "panic", "kill",
    ];
    plan.limits.safety = Duration::from_secs(8);
    let until = Duration::from_secs(7);
    plan.operations = draw.operations(count, until, plan.topology.nodes, &actions, VALUES);
}

fn draw(plan: &mut Plan) {
    load(plan);
    let mut draw = Draw::new(plan.seed, "split");
    let mut at = Duration::from_millis(draw.between(300, 2_000));
    for _ in 0..draw.between(1, 2) {
        let length = Duration::from_millis(draw.between(100, 3_500));
        let split = split(plan, &mut draw, at, length);
        plan.episodes.extend(split);
        at += length + Duration::from_millis(draw.between(100, 1_500));
    }
}

/// The nodes in up to three groups that do not hear each other.
pub(super) fn split(plan: &Plan, draw: &mut Draw, at: Duration, length: Duration) -> Vec<Episode> {
    let mut groups = vec![Vec::new(); draw.between(2, 3) as usize];
    let last = groups.len() as u64 - 1;
    for node in plan.topology.ids() {
        groups[draw.between(0, last) as usize].push(node);
    }
    groups.retain(|group| !group.is_empty());
    if groups.len() == 1 {
        let first: Vec<NodeId> = groups[0].drain(..1).collect();
        groups.push(first);
    }
    let one_way = draw.chance(0.25);
    let in_flight = draw.chance(0.5);
    let mut episodes = Vec::new();
    for (index, left) in groups.iter().enumerate() {
        for right in &groups[index + 1..] {
            let (left, right) = (left.clone(), right.clone());
            episodes.push(Episode {
                fault: Fault::Cut { in_flight },
                target: if one_way {
                    let (from, to) = (left, right);
                    Target::OneWay { from, to }
                } else {
                    Target::Between { left, right }
                },
                start: Start::At(at),
                duration: Some(length),
            });
        }
    }
    episodes
}
