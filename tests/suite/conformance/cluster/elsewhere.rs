//! What holders on other nodes are to local callers, and how they are found.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use steadfast::process::{FullPolicy, ProcessSpec};
use steadfast::registry::{
    Metadata, Outcome, Query, Registration, RegistryError, Revision, Update,
};

use super::town::{GROUPS, NAMES, Setting, Town, cluster_cases, nodes};

cluster_cases! {
    the_address_of_a_holder_elsewhere_is_not_local: nodes(2),
    a_message_to_a_group_names_the_members_elsewhere: nodes(2),
    indexes_equal_a_scan_through_split_and_heal: parted(),
}

fn parted() -> Setting {
    nodes(3).split(&[1], &[2, 3], 15)
}

async fn the_address_of_a_holder_elsewhere_is_not_local(town: Town) {
    let process = town.register(2, "k").await.expect("free");
    town.agree("k", Some(process)).await;
    let registry = town.office(1).registry;
    let address = registry.address::<u32>(NAMES, "k");
    assert_eq!(address.map(drop), Err(RegistryError::NotLocal { process }));
    let own = town.office(2).registry.address::<u32>(NAMES, "k");
    assert!(
        matches!(own, Err(RegistryError::NoHandle { .. })),
        "{own:?}"
    );
}

async fn a_message_to_a_group_names_the_members_elsewhere(town: Town) {
    let far = town.process(2);
    let joined = town.enter(2, Registration::new(GROUPS, "g", far)).await;
    assert!(joined.is_ok(), "{joined:?}");
    let heard = Arc::new(AtomicU32::new(0));
    let (registry, ear) = (town.office(1).registry, heard.clone());
    let started = town
        .node(1)
        .start(ProcessSpec::new("member"), move |context| async move {
            let (address, mut mailbox) = context.mailbox::<u32>(4, FullPolicy::Reject);
            let wanted = Registration::new(GROUPS, "g", context.id()).address(&address);
            assert!(registry.register(wanted).await.is_ok());
            while let Some(message) = mailbox.receive().await {
                ear.store(message, Ordering::Release);
            }
        });
    let near = started.expect("the node takes processes");
    let registry = town.office(1).registry;
    let both = || {
        registry
            .members(GROUPS, "g")
            .is_ok_and(|all| all.len() == 2)
    };
    assert!(town.world.until(Duration::from_secs(30), both).await);
    let told = registry
        .dispatch(GROUPS, "g", &7_u32)
        .expect("the scope is open");
    let told: Vec<_> = told
        .into_iter()
        .map(|it| (it.process, it.outcome))
        .collect();
    assert_eq!(
        told,
        [(near, Outcome::Delivered), (far, Outcome::Elsewhere)]
    );
    let told = || heard.load(Ordering::Acquire) == 7;
    assert!(town.world.until(Duration::from_secs(1), told).await);
    let acted = registry.dispatch_with(GROUPS, "g", |entry| entry.process);
    let acted: Vec<_> = acted
        .expect("the scope is open")
        .into_iter()
        .map(|it| it.done)
        .collect();
    assert_eq!(acted, [Ok(near)], "nothing is called for those elsewhere");
}

/// Every tier is found as a scan finds it, on every node.
fn found_as_scanned(town: &Town) {
    for node in town.up() {
        let registry = town.office(node).registry;
        let all = registry
            .select(NAMES, &Query::all())
            .expect("the scope is open");
        for tier in 0..4_i64 {
            let wanted = Some(&tier.into());
            let scanned = all
                .iter()
                .filter(|entry| entry.metadata.get("tier") == wanted);
            let scanned: Vec<_> = scanned.cloned().collect();
            let query = Query::all().is("tier", tier);
            assert_eq!(
                registry.select(NAMES, &query),
                Ok(scanned.clone()),
                "n{node}"
            );
            assert_eq!(registry.count(NAMES, &query), Ok(scanned.len()), "n{node}");
        }
    }
    town.audit();
}

async fn indexes_equal_a_scan_through_split_and_heal(town: Town) {
    town.world.note("split");
    for step in 0..24_u32 {
        // Both sides give away the same names, with tiers of their own.
        for node in 1..=2 {
            let process = town.process(node);
            let tier = i64::from(step % 3) + i64::from(node == 2);
            let metadata = Metadata::new().with("tier", tier);
            let wanted = Registration::new(NAMES, format!("k{}", step % 8), process);
            // Refused where the name is held already: then its tier changes.
            if town.enter(node, wanted.metadata(metadata)).await.is_err() {
                let metadata = Metadata::new().with("tier", 3 - i64::from(step % 2));
                let name = format!("k{}", step % 8);
                let update = Update::new(NAMES, name, Revision::Replace(metadata));
                // Not here if the holder lives elsewhere.
                drop(town.office(node).registry.update(update).await);
            }
        }
        town.pass(1).await;
        found_as_scanned(&town);
    }
    for name in 0..8 {
        town.agreed(&format!("k{name}")).await;
    }
    found_as_scanned(&town);
}
