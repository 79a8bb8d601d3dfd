//! Each fault changes what it says, and nothing else.

mod clocks;
mod composition;
mod disks;
mod messages;
mod nodes;
mod observed;

use std::time::Duration;

use steadfast::runtime::NodeId;

use super::{Episode, Fault, Start, Target};
use crate::plan::Plan;

const MILLISECOND: u64 = 1_000_000;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Three nodes, one second of faults.
fn plan(episodes: impl IntoIterator<Item = Episode>) -> Plan {
    let mut plan = Plan::new("script", 23, 3);
    plan.limits.safety = ms(1_000);
    plan.episodes.extend(episodes);
    plan
}

/// A fault from one time to another, in milliseconds.
fn episode(fault: Fault, target: Target, from: u64, to: u64) -> Episode {
    Episode {
        fault,
        target,
        start: Start::At(ms(from)),
        duration: Some(ms(to - from)),
    }
}

const fn link(from: u32, to: u32) -> Target {
    Target::Link {
        from: NodeId(from),
        to: NodeId(to),
    }
}

const fn node(node: u32) -> Target {
    Target::Node(NodeId(node))
}
