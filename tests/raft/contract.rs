//! The promises of engines, on three nodes in simulation.

use std::sync::Arc;
use std::time::Duration;

use steadfast::store::contract::cases;
use steadfast_sim::test;

use crate::stage::{SimTown, Town, WATCHDOG, boot};

#[test]
fn the_replicated_store_keeps_the_promises_in_simulation() {
    let count = cases::<SimTown>().len() as u64;
    test("raft_contract")
        .seeds(0..count)
        .watchdog(WATCHDOG)
        .boot(boot)
        .plan(|plan| plan.limits.safety = Duration::from_secs(180))
        .run(|world| async move {
            let cases = cases::<SimTown>();
            let case = &cases[(world.plan().seed % cases.len() as u64) as usize];
            let verdict = case.run(Arc::new(Town::of(&world).await)).await;
            verdict
                .map_err(|broken| format!("{}: {} But: {broken}", case.id(), case.claim()).into())
        });
}
