//! The catalogue: stories that the library must live through, one a file.

pub(crate) mod agreements;
mod barriers;
mod boot;
pub(crate) mod counters;
pub(crate) mod elections;
pub(crate) mod flapping;
pub(crate) mod journal;
pub(crate) mod locks;
mod membership;
mod node_crash;
pub(crate) mod registry_cluster;
mod registry_consistent;
mod registry_flapping;
pub(crate) mod registry_groups;
pub(crate) mod registry_handover;
mod registry_late_join;
mod registry_mass_death;
pub(crate) mod registry_migration;
pub(crate) mod registry_race;
mod registry_services;
mod registry_sharing;
pub(crate) mod registry_split;
mod registry_winner_crash;
mod restart_loop;
mod shutdown;
pub(crate) mod store_registers;
mod storm;
mod tasks;

use std::sync::Arc;

use steadfast_sim::Scenario;

use flapping::Limits;
use journal::Acknowledge;

use crate::coordination::{CounterMaker, Decider, Electors, Locksmith, Player, TTL};
use crate::store::Habit;
use crate::weather;

/// Every scenario, in the order in which they are listed and run.
#[must_use]
pub fn catalogue() -> Vec<Arc<dyn Scenario>> {
    let mut scenarios: Vec<Arc<dyn Scenario>> = Vec::new();
    for storm in storm::Storm::all() {
        scenarios.push(Arc::new(storm));
    }
    scenarios.push(Arc::new(restart_loop::RestartLoop));
    scenarios.push(Arc::new(flapping::Flapping::new(
        "flapping_agent",
        "one agent fails again and again; its own limit ends it, and nobody else",
        Limits::Own,
    )));
    scenarios.push(Arc::new(shutdown::Shutdown));
    scenarios.push(Arc::new(tasks::Tasks));
    scenarios.push(Arc::new(boot::Boot));
    scenarios.push(Arc::new(node_crash::NodeCrash));
    scenarios.push(Arc::new(membership::Members));
    scenarios.push(Arc::new(journal::Journal::new(
        "journal",
        "a writer acknowledges what it has synced; crashes and bad disks take none of it back",
        Acknowledge::AfterSync,
    )));
    for story in [
        registry_race::STORY,
        registry_groups::STORY,
        registry_handover::STORY,
        registry_mass_death::STORY,
        registry_migration::STORY,
        registry_services::STORY,
        registry_sharing::STORY,
        registry_split::STORY,
        registry_flapping::STORY,
        registry_cluster::STORY,
        registry_late_join::STORY,
        registry_winner_crash::STORY,
    ] {
        scenarios.push(Arc::new(story));
    }
    scenarios.push(Arc::new(registry_consistent::RegistryConsistent));
    scenarios.push(Arc::new(store_registers::StoreRegisters::new(
        "store_registers",
        "clients of a replicated store; every history of its registers has an order",
        Habit::Honest,
    )));
    scenarios.push(Arc::new(store_registers::over_etcd()));
    scenarios.extend(coordination());
    scenarios
}

/// Stories about coordination over a replicated store.
fn coordination() -> Vec<Arc<dyn Scenario>> {
    let player = Player {
        locksmith: Locksmith::Recipes,
        ttl: TTL,
        hold_max: 250,
        looks: true,
        strict: true,
    };
    vec![
        Arc::new(locks::Locks {
            name: "locks",
            story: "players on three nodes take locks of all kinds; holders are as many as may be",
            weather: weather::of_punctual_replicas,
            player,
        }),
        Arc::new(locks::Locks {
            name: "fencing",
            story: "players stand still and lose time while they hold locks; what is guarded knows",
            weather: weather::of_replicas,
            player: Player {
                strict: false,
                ..player
            },
        }),
        Arc::new(elections::Elections {
            name: "elections",
            story: "candidates on three nodes lead one after the other; observers see them in order",
            weather: weather::of_punctual_replicas,
            electors: Electors::Recipe,
        }),
        Arc::new(counters::Counters {
            name: "counters",
            story: "clients on three nodes count; nothing confirmed is lost, and nothing counts twice",
            maker: CounterMaker::Recipe,
        }),
        Arc::new(agreements::Agreements {
            name: "agreements",
            story: "proposers on three nodes agree on one value a round, whatever becomes of answers",
            decider: Decider::Recipe,
        }),
        Arc::new(barriers::Barriers),
    ]
}
