//! What stories about registries wait for once the core is healed.

use std::collections::BTreeSet;
use std::time::Duration;

use steadfast::process::ProcessId;
use steadfast::registry::{Key, Metadata, Registry};
use steadfast::runtime::NodeId;
use steadfast_sim::{SimRuntime, World};

use super::ailing::Ailing;
use super::desk::Desk;
use super::player::home;
use super::reader::Reader;
use super::setup::{GROUPS, SERVICES, TEST, TESTS};
use super::switching::{TO_ITSELF, TO_SHARED};
use super::tree::switch;
use crate::settle;

/// How often the workload looks, in simulated time.
const PACE: Duration = Duration::from_millis(100);

/// How long the nodes of a core may take to see the same, once every player is at home.
const CONVERGED_WITHIN: Duration = Duration::from_secs(15);

/// How long the others may see what a node holds that shares no more.
const PARTED_WITHIN: Duration = Duration::from_secs(5);

/// Waits until every player and watcher of the core runs and every player is at home,
/// then looks at everything once more.
pub(super) async fn settled(world: &World, players: u64) -> Result<(), String> {
    at_home(world, players).await?;
    while world
        .core()
        .into_iter()
        .any(|node| waits_for_fail_over(world, node))
    {
        world.sleep(PACE).await;
    }
    // Whoever sleeps wakes, and tells what it has missed.
    world.sleep(PACE * 20).await;
    look_at_all(world, players);
    Ok(())
}

/// The same for nodes that share a registry: it also waits until they see the same, for
/// as long as they may take. Whether they do is for the checkers to say.
pub(super) async fn converged(world: &World, players: u64) -> Result<(), String> {
    at_home(world, players).await?;
    for node in world.core() {
        share(world, node).await;
    }
    if let Some(node) = world.core().first() {
        part(world, *node).await;
        share(world, *node).await;
    }
    let limit = world.time() + CONVERGED_WITHIN;
    while !sees_the_same(world, players) && world.time() < limit {
        world.sleep(PACE).await;
    }
    look_at_all(world, players);
    Ok(())
}

async fn at_home(world: &World, players: u64) -> Result<(), String> {
    settle::every_child_runs(world.clone(), &["players", "watchers"]).await?;
    for node in world.core() {
        while !all_at_home(world, node, players) {
            world.sleep(PACE).await;
        }
    }
    Ok(())
}

/// Whether a backend is ill that somebody is to replace.
fn waits_for_fail_over(world: &World, node: NodeId) -> bool {
    let desk = world.board::<Desk>();
    let registry = desk.registry(node);
    let kind = registry.map(|registry| registry.backend_kind());
    desk.is_ill(node) && kind == Some(Ailing::KIND)
}

/// Lets a node that can switch keep its registry to itself for a while. What it holds must
/// be gone from the others soon, though the node and its processes live on.
async fn part(world: &World, node: NodeId) {
    let desk = world.board::<Desk>();
    if desk.offered(node, TO_ITSELF).is_none() {
        return;
    }
    switch(world, node, TO_ITSELF).await;
    let limit = world.time() + PARTED_WITHIN;
    let registry = |node| desk.registry(node);
    let is_alone = || registry(node).is_some_and(|it| it.backend_kind() != "replicated");
    let others = || world.core().into_iter().filter(|other| *other != node);
    let sees = |other| registry(other).is_some_and(|it| sees_of(&it, node));
    while is_alone() && others().any(sees) {
        if world.time() > limit {
            let others = others().filter(|other| sees(*other));
            let others: Vec<_> = others.map(|other| other.to_string()).collect();
            let detail = format!("{} still see what {node} holds", others.join(", "));
            if let Some(registry) = registry(node) {
                Reader::new(registry).failed("who stops to share is seen no longer", detail);
            }
            return;
        }
        world.sleep(PACE).await;
    }
}

/// Whether a registry shows something of a node's processes.
fn sees_of(registry: &Registry<SimRuntime>, node: NodeId) -> bool {
    let scopes = [SERVICES, GROUPS, TEST, TESTS].into_iter();
    let mut entries = scopes.flat_map(|scope| registry.list(scope).unwrap_or_default());
    entries.any(|entry| entry.process.node == node)
}

/// Lets a node that can switch share its registry with the others.
async fn share(world: &World, node: NodeId) {
    let desk = world.board::<Desk>();
    while let Some(registry) = desk.registry(node)
        && desk.offered(node, TO_SHARED).is_some()
        && registry.backend_kind() != "replicated"
    {
        switch(world, node, TO_SHARED).await;
        world.sleep(PACE).await;
    }
}

fn look_at_all(world: &World, players: u64) {
    let desk = world.board::<Desk>();
    for node in world.core() {
        if let Some(registry) = desk.registry(node) {
            let players = (0..players).filter_map(|player| desk.player(node, player));
            Reader::new(registry).look_at_all(&players.collect::<Vec<_>>());
        }
    }
}

fn all_at_home(world: &World, node: NodeId, players: u64) -> bool {
    let desk = world.board::<Desk>();
    let Some(registry) = desk.registry(node) else {
        return false;
    };
    (0..players).all(|player| {
        let holder = registry.whereis(SERVICES, &home(node, player));
        let holder = holder.ok().flatten();
        holder.is_some() && holder == desk.player(node, player)
    })
}

/// Whether the nodes of the core see the same of each other, and nothing of what is
/// gone.
fn sees_the_same(world: &World, players: u64) -> bool {
    let desk = world.board::<Desk>();
    let core = world.core();
    let mut views = core.iter().map(|node| view(world, *node));
    let Some(Some(first)) = views.next() else {
        return false;
    };
    let homes: BTreeSet<_> = first.iter().map(|(_, process, _)| *process).collect();
    let everyone = core
        .iter()
        .flat_map(|node| (0..players).map(move |player| (*node, player)))
        .all(|(node, player)| {
            let player = desk.player(node, player);
            player.is_some_and(|player| homes.contains(&player))
        });
    everyone && views.all(|view| view.as_ref() == Some(&first))
}

type Seen = Vec<(Key, ProcessId, Metadata)>;

/// What a node sees of the core; `None` while it sees something of what is gone.
fn view(world: &World, node: NodeId) -> Option<Seen> {
    let registry = world.board::<Desk>().registry(node)?;
    let core = world.core();
    let mut seen = Vec::new();
    for scope in [SERVICES, GROUPS, TEST, TESTS] {
        for entry in registry.list(scope).ok()? {
            let home = entry.process.node;
            if !world.is_up(home) || world.incarnation(home) != Some(entry.process.incarnation) {
                return None;
            }
            if core.contains(&home) {
                seen.push((entry.key, entry.process, entry.metadata));
            }
        }
    }
    Some(seen)
}
