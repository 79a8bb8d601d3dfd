//! What scenarios wait for once the core is healed, and how they reach into a tree.

use std::time::Duration;

use steadfast::process::ProcessId;
use steadfast::runtime::NodeId;
use steadfast::supervision::{ChildStatus, Restart, SupervisorRef};
use steadfast_sim::{SimRuntime, World};

use crate::cast::Cast;

/// How often a condition is looked at, in simulated time.
const PACE: Duration = Duration::from_millis(100);

/// The drive of a story in which everything happens on the nodes.
pub(crate) async fn safety_ends(world: World) -> Result<(), String> {
    world.sleep_until(world.plan().limits.safety).await;
    Ok(())
}

/// The supervisor of a group on a node, if it answers.
pub(crate) async fn group(
    world: &World,
    node: NodeId,
    group: &str,
) -> Option<SupervisorRef<SimRuntime>> {
    let leader = world.board::<Cast>().leader(node)?;
    leader.child_supervisor(group).await.ok()
}

/// The process of a group's child at this moment.
pub(crate) async fn member(
    world: &World,
    node: NodeId,
    name: &str,
    child: &str,
) -> Option<ProcessId> {
    let group = group(world, node, name).await?;
    group.which_child(child).await.ok()?.process
}

/// Kills a group's child without asking, if it is there.
pub(crate) async fn kill(world: &World, node: NodeId, group: &str, child: &str) {
    if let (Some(process), Some(node)) = (member(world, node, group, child).await, world.node(node))
    {
        node.kill(process);
    }
}

async fn all_run(world: &World, node: NodeId, name: &str) -> bool {
    let Some(group) = group(world, node, name).await else {
        return false;
    };
    let Ok(children) = group.which_children().await else {
        return false;
    };
    // Only a permanent child owes anyone to run; the others may have ended for good.
    let mut permanent = children
        .iter()
        .filter(|child| child.restart == Restart::Permanent);
    permanent.all(|child| child.status == ChildStatus::Running)
}

/// Waits until every permanent child of the groups runs, on every node of the core.
pub(crate) async fn every_child_runs(
    world: World,
    groups: &'static [&'static str],
) -> Result<(), String> {
    for node in world.core() {
        for group in groups {
            while !all_run(&world, node, group).await {
                world.sleep(PACE).await;
            }
        }
    }
    Ok(())
}
