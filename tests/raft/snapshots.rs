//! Nodes that have to catch up by more than the log.

use std::time::Duration;

use steadfast::store::{Consistency, KeyRange, Read};
use steadfast_sim::fault::{Episode, Fault, Start, Target};
use steadfast_sim::test;

use crate::stage::{NODES, Town, WATCHDOG, boot};

#[test]
fn i11_a_node_that_was_away_for_longer_than_the_log_catches_up_by_a_snapshot() {
    test("raft_snapshot")
        .seeds(0..3)
        .watchdog(WATCHDOG)
        .boot(boot)
        .faults(|_| {
            vec![Episode {
                fault: Fault::Cut { in_flight: true },
                target: Target::Node(NODES[2]),
                start: Start::At(Duration::from_secs(1)),
                duration: Some(Duration::from_secs(8)),
            }]
        })
        .plan(|plan| plan.limits.safety = Duration::from_secs(60))
        .run(|world| async move {
            let harness = Town::of(&world).await;
            world.sleep_until(Duration::from_millis(1_500)).await;
            let store = harness.parts.of(NODES[0]).ok_or("n1 is down")?.raft.store();
            let mut last = None;
            for number in 0..200_u64 {
                if let Ok(revision) = store.put("a", number.to_string()).await {
                    last = Some(revision);
                }
            }
            let away = harness.parts.of(NODES[2]).ok_or("n3 is down")?.raft;
            if away.status().and_then(|status| status.snapshot_index) > Some(60) {
                return Err("n3 was not away".into());
            }
            world.sleep_until(Duration::from_secs(12)).await;
            let local = Read::new(KeyRange::key("a")).consistency(Consistency::Local);
            let found = away.store().read(local).await?.into_first();
            if found.map(|entry| entry.mod_revision) != last {
                return Err(format!("n3 is behind: {:?}", away.status()).into());
            }
            let status = away.status().ok_or("n3 does not run")?;
            if status.purged_index.is_none() {
                return Err(format!("n3 got no snapshot: {status:?}").into());
            }
            Ok(())
        });
}
