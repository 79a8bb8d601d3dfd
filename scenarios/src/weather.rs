//! Which faults a story's plan may hold, drawn from its seed.
//!
//! A kind that could change nothing in a story is left out of its weather, so that
//! the table of effective faults means something.

use steadfast_sim::Plan;
use steadfast_sim::fault::{Episode, FaultKind, Swarm, Trigger};

fn draw(swarm: &Swarm, plan: &Plan) -> Vec<Episode> {
    swarm.draw(plan.seed, &plan.topology)
}

/// Clocks and speed, for stories in which a node that is gone could not answer.
pub(crate) fn of_clocks(plan: &Plan) -> Vec<Episode> {
    draw(
        &Swarm::of(&[FaultKind::ClockDrift, FaultKind::Slow]).intensity(3.0),
        plan,
    )
}

/// Whole nodes and their clocks.
pub(crate) fn of_nodes(plan: &Plan) -> Vec<Episode> {
    let swarm = Swarm::of(FaultKind::NODES)
        .and(&[FaultKind::ClockDrift])
        .intensity(4.0);
    draw(
        &swarm.triggers([Trigger::Restart, Trigger::AbnormalExit]),
        plan,
    )
}

/// Disks that fail and lose what was not synced. A wiped disk keeps no promise, so
/// it is not among them.
pub(crate) fn of_disks(plan: &Plan) -> Vec<Episode> {
    let kinds = [
        FaultKind::Crash,
        FaultKind::Pause,
        FaultKind::TornTail,
        FaultKind::DiskError,
        FaultKind::DiskFull,
    ];
    draw(&Swarm::of(&kinds).weight(FaultKind::Crash, 3), plan)
}

/// Everything that replicas of a store must live through: what was synced stays, and
/// what was not may be torn.
pub(crate) fn of_replicas(plan: &Plan) -> Vec<Episode> {
    let swarm = Swarm::of(FaultKind::MESSAGES)
        .and(&[
            FaultKind::Crash,
            FaultKind::Pause,
            FaultKind::Slow,
            FaultKind::TornTail,
        ])
        .and(FaultKind::CLOCKS)
        .weight(FaultKind::Crash, 3);
    draw(&swarm, plan)
}

/// What replicas live through, with disks that fail and fill up as well.
pub(crate) fn of_replicas_and_disks(plan: &Plan) -> Vec<Episode> {
    let swarm = Swarm::of(FaultKind::MESSAGES)
        .and(&[
            FaultKind::Crash,
            FaultKind::Pause,
            FaultKind::Slow,
            FaultKind::TornTail,
            FaultKind::DiskError,
            FaultKind::DiskFull,
        ])
        .and(FaultKind::CLOCKS)
        .weight(FaultKind::Crash, 3);
    draw(&swarm, plan)
}

/// What replicas live through, without what can let a holder of the past believe that it
/// still holds: nobody stands still, and all clocks run at the same pace.
pub(crate) fn of_punctual_replicas(plan: &Plan) -> Vec<Episode> {
    let swarm = Swarm::of(FaultKind::MESSAGES)
        .and(&[FaultKind::Crash, FaultKind::TornTail])
        .weight(FaultKind::Crash, 3);
    draw(&swarm, plan)
}

/// What replicas live through, without what ends sessions of those who live.
pub(crate) fn of_connected_replicas(plan: &Plan) -> Vec<Episode> {
    let kinds = [
        FaultKind::Drop,
        FaultKind::Delay,
        FaultKind::Duplicate,
        FaultKind::Crash,
        FaultKind::ClockOffset,
    ];
    draw(&Swarm::of(&kinds).intensity(2.0), plan)
}

/// Everything that can happen to nodes and messages.
pub(crate) fn of_everything(plan: &Plan) -> Vec<Episode> {
    let swarm = Swarm::of(FaultKind::MESSAGES)
        .and(FaultKind::NODES)
        .and(FaultKind::CLOCKS)
        .and(&[FaultKind::CrashWiped]);
    draw(&swarm, plan)
}
