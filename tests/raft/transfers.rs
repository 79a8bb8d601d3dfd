//! The lead is handed over on request, or stays where it is.

use std::time::Duration;

use steadfast::runtime::NodeId;
use steadfast::store::{TransferError, Unavailable};
use steadfast_sim::fault::{Episode, Fault, Start, Target};
use steadfast_sim::{TestError, World, test};

use crate::stage::{NODES, SimParts, WATCHDOG, boot, leader, put};

const LIMIT: Duration = Duration::from_secs(2);

/// A voter that is none of these.
fn another(than: &[NodeId]) -> NodeId {
    let other = NODES.into_iter().find(|node| !than.contains(node));
    other.expect("there are three")
}

fn expect<T: std::fmt::Debug>(found: T, what: &str, fits: bool) -> Result<(), TestError> {
    if fits {
        return Ok(());
    }
    Err(format!("{what}: {found:?}").into())
}

async fn hand_around(world: World) -> Result<(), TestError> {
    let parts = world.board::<SimParts>();
    let first = leader(&world).await?;
    let before = put(&world, first.node(), "a").await?;
    let heir = another(&[first.node()]);

    let refused = first.raft.transfer_lead(NodeId(9), LIMIT).await;
    let unknown = TransferError::NoVoter { node: NodeId(9) };
    expect(&refused, "to an unknown node", refused == Err(unknown))?;
    let kept = first.raft.transfer_lead(first.node(), LIMIT).await;
    expect(&kept, "to itself", kept.is_ok())?;
    let follower = parts.of(heir).ok_or("it is up")?.raft;
    let refused = follower.transfer_lead(heir, LIMIT).await;
    let elsewhere = matches!(
        refused,
        Err(TransferError::Unavailable(Unavailable::NotLeader { leader, .. }))
            if leader == Some(first.node())
    );
    expect(&refused, "at a node that does not lead", elsewhere)?;

    let asked = world.time();
    let handed = first.raft.transfer_lead(heir, LIMIT).await;
    expect(&handed, "to a node that has everything", handed.is_ok())?;
    let status = follower.status().ok_or("it runs")?;
    expect(&status, "who leads", status.leader == Some(heir))?;
    let taken = world.time() - asked;
    // Nobody had to wait until the old leader was given up.
    expect(
        taken,
        "how long it took",
        taken < Duration::from_millis(150),
    )?;
    let third = another(&[first.node(), heir]);
    let after = put(&world, third, "b").await?;
    expect((before, after), "revisions", after > before)
}

#[test]
fn i09_the_lead_is_handed_to_a_voter_that_has_everything_and_to_nobody_else() {
    test("raft_transfer")
        .seeds(0..4)
        .watchdog(WATCHDOG)
        .boot(boot)
        .plan(|plan| plan.limits.safety = Duration::from_secs(60))
        .run(hand_around);
}

async fn hand_in_vain(world: World) -> Result<(), TestError> {
    world.sleep_until(Duration::from_secs(3)).await;
    let parts = world.board::<SimParts>();
    let first = leader(&world).await?;
    expect(first.node(), "who leads", first.node() != NODES[2])?;
    put(&world, first.node(), "a").await?;
    let limit = Duration::from_millis(500);
    let late = first.raft.transfer_lead(NODES[2], limit).await;
    let node = NODES[2];
    let timed_out = late == Err(TransferError::TimedOut { node, limit });
    expect(&late, "to a node that cannot be reached", timed_out)?;
    let asked = world.time();
    put(&world, first.node(), "b").await?;
    let taken = world.time() - asked;
    expect(
        taken,
        "until it goes on",
        taken < Duration::from_millis(200),
    )?;
    let status = first.raft.status().ok_or("it runs")?;
    expect(&status, "who leads", status.leader == Some(first.node()))?;

    let pair = [first.node(), another(&[first.node(), NODES[2]])];
    let changed = first.raft.change_voters(pair, LIMIT).await;
    expect(&changed, "the change", changed.is_ok())?;
    let refused = first.raft.transfer_lead(NODES[2], limit).await;
    let removed = refused == Err(TransferError::NoVoter { node });
    expect(&refused, "to a node that was removed", removed)?;
    expect(
        parts.leader(),
        "who leads",
        parts.leader() == Some(first.node()),
    )
}

#[test]
fn i09_a_leader_whose_heir_does_not_follow_in_time_goes_on() {
    test("raft_transfer_in_vain")
        .seeds(0..3)
        .watchdog(WATCHDOG)
        .boot(boot)
        .faults(|_| {
            vec![Episode {
                fault: Fault::Cut { in_flight: true },
                target: Target::Node(NODES[2]),
                start: Start::At(Duration::from_secs(1)),
                duration: Some(Duration::from_secs(9)),
            }]
        })
        .plan(|plan| plan.limits.safety = Duration::from_secs(60))
        .run(hand_in_vain);
}
