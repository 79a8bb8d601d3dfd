//! Who decides is changed on request, one change after the other.

use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::{Identity as _, NodeId};
use steadfast::store::{ChangeMembersError, RaftStatus};
use steadfast_sim::fault::{Episode, Fault, Start, Target};
use steadfast_sim::{SimRuntime, TestError, World, test};

use crate::stage::{NODES, Part, SimParts, WATCHDOG, leader, options, put};

const LIMIT: Duration = Duration::from_secs(3);

/// A node that is not there from the beginning.
const NEW: NodeId = NodeId(4);

async fn boot(node: Node<SimRuntime>) -> Result<(), TestError> {
    let parts = node.runtime().board::<SimParts>();
    let mut options = options();
    if node.runtime().node() == NEW {
        options.voters.clear();
    }
    parts.add(Part::start(node, options).await?);
    Ok(())
}

fn status(world: &World, node: NodeId) -> Result<RaftStatus, TestError> {
    let part = world.board::<SimParts>().of(node);
    let status = part.and_then(|part| part.raft.status());
    status.ok_or_else(|| format!("{node} does not run").into())
}

async fn come_and_go(world: World) -> Result<(), TestError> {
    let parts = world.board::<SimParts>();
    let first = leader(&world).await?;
    put(&world, first.node(), "a").await?;
    // A node that follows no log yet is not made a voter.
    let all = NODES.into_iter().chain([NEW]);
    let early = first.raft.change_voters(all.clone(), LIMIT).await;
    if !matches!(early, Err(ChangeMembersError::Refused { .. })) {
        return Err(format!("a voter that is no learner: {early:?}").into());
    }
    first.raft.add_learner(NEW, LIMIT).await?;
    let learners = status(&world, first.node())?.learners;
    if !learners.contains(&NEW) {
        return Err(format!("the learners are {learners:?}").into());
    }
    first.raft.change_voters(all, LIMIT).await?;
    put(&world, NEW, "b").await?;

    // The leader itself goes; the others elect one of them, and it disturbs nobody.
    let rest = NODES.into_iter().chain([NEW]);
    let rest: Vec<NodeId> = rest.filter(|node| *node != first.node()).collect();
    first.raft.change_voters(rest.clone(), LIMIT).await?;
    let led = || parts.leader().is_some_and(|leader| rest.contains(&leader));
    if !world.until(LIMIT, led).await {
        return Err(format!("nobody of {rest:?} leads: {:?}", parts.statuses()).into());
    }
    put(&world, rest[0], "c").await?;
    let term = status(&world, rest[0])?.term;
    world.sleep(Duration::from_secs(3)).await;
    put(&world, rest[0], "d").await?;
    let later = status(&world, rest[0])?;
    if later.term != term || later.voters != rest.iter().copied().collect() {
        return Err(format!("in term {term} before, and then {later:?}").into());
    }
    Ok(())
}

#[test]
fn i10_a_node_joins_and_decides_and_the_leader_leaves_and_disturbs_nobody() {
    test("raft_members")
        .nodes(4)
        .seeds(0..3)
        .watchdog(WATCHDOG)
        .boot(boot)
        .plan(|plan| plan.limits.safety = Duration::from_secs(60))
        .run(come_and_go);
}

async fn change_alone(world: World) -> Result<(), TestError> {
    let first = leader(&world).await?;
    put(&world, first.node(), "a").await?;
    first.raft.add_learner(NEW, LIMIT).await?;
    world.sleep_until(Duration::from_secs(4)).await;
    // Everyone is cut off from everyone: the change is in the log, and undecided.
    let all = NODES.into_iter().chain([NEW]);
    let short = Duration::from_millis(300);
    let alone = first.raft.change_voters(all.clone(), short).await;
    if !matches!(alone, Err(ChangeMembersError::Unknown(_))) {
        return Err(format!("without a majority: {alone:?}").into());
    }
    let next = first.raft.change_voters(NODES, short).await;
    if !matches!(next, Err(ChangeMembersError::Refused { .. })) {
        return Err(format!("while a change is undecided: {next:?}").into());
    }
    world.sleep_until(Duration::from_secs(9)).await;
    // Whether it happened is up to the next leader; then the next one can.
    let second = leader(&world).await?;
    second.raft.change_voters(all, LIMIT).await?;
    put(&world, NEW, "b").await?;
    Ok(())
}

#[test]
fn i10_a_change_that_is_undecided_holds_up_the_next() {
    test("raft_members_alone")
        .nodes(4)
        .seeds(0..3)
        .watchdog(WATCHDOG)
        .boot(boot)
        .faults(|_| {
            vec![Episode {
                fault: Fault::Cut { in_flight: true },
                target: Target::All,
                start: Start::At(Duration::from_millis(3_900)),
                duration: Some(Duration::from_secs(3)),
            }]
        })
        .plan(|plan| plan.limits.safety = Duration::from_secs(60))
        .run(change_alone);
}
