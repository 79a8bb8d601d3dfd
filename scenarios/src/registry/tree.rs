//! The tree of a node in a story about registries, and how it is driven.

use std::time::Duration;

use steadfast::Label;
use steadfast::process::Node;
use steadfast::registry::{BackendSpec, SwitchError, SwitchOptions};
use steadfast::runtime::{Clock as _, Identity as _, Incarnation, NodeId};
use steadfast::supervision::{
    ChildSpec, Restart, Strategy, Supervisor, SupervisorRef, SupervisorSpec,
};
use steadfast_sim::check::Asked;
use steadfast_sim::{Operation, Plan, SimRuntime, World};

use super::cue::{Act, Cue};
use super::desk::Desk;
use super::player::play;
use super::question;
use super::reader::Reader;
use super::setup::{GROUPS, Open, Opened, SERVICES, Setup, TEST, open_scopes};
use super::watcher::watch;
use crate::cast::Cast;
use crate::draw::Draw;
use crate::settle;

/// How often the workload looks, in simulated time.
const PACE: Duration = Duration::from_millis(100);

/// What grows on every node of a story.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tree {
    /// How many players.
    pub(crate) players: u64,
    /// How many watchers.
    pub(crate) watchers: u64,
    /// How long watchers sleep after each notice, at most.
    pub(crate) naps: Duration,
    /// A node that is started for the first time only so long after the others.
    pub(crate) late: Option<(NodeId, Duration)>,
}

fn child(role: &str, index: u64) -> Label {
    format!("{role}{index}").into()
}

impl Tree {
    /// Opens the registry of a node, then starts players and watchers: a group
    /// `players` and a group `watchers` below the top.
    pub(crate) async fn grow(
        self,
        node: &Node<SimRuntime>,
        plan: &Plan,
        open: Open,
    ) -> Result<(), String> {
        let (seed, runtime) = (plan.seed, node.runtime());
        let id = runtime.node();
        if let Some((late, by)) = self.late
            && (late, Incarnation(1)) == (id, runtime.incarnation())
        {
            runtime.sleep(by).await;
        }
        let setup = Setup::of(seed, plan.topology.nodes);
        let Opened { registry, children } = open.registry(node, &setup).await?;
        open_scopes(&registry).await.map_err(|e| e.to_string())?;
        let spec = || SupervisorSpec::new(Strategy::OneForOne).intensity(10_000, PACE * 10);
        let mut players = spec();
        for index in 0..self.players {
            let (registry, owner_only) = (registry.clone(), setup.owner_only);
            let body = move |context| play(context, registry.clone(), index, owner_only);
            let spec = ChildSpec::worker(child("player", index), body);
            players = players.child(spec.restart(Restart::Permanent));
        }
        let mut watchers = spec();
        for index in 0..self.watchers {
            let registry = registry.clone();
            let (scope, asked, naps) = self.drawn(seed, index);
            let body =
                move |context| watch(context, registry.clone(), scope.into(), asked.clone(), naps);
            let spec = ChildSpec::worker(child("watcher", index), body);
            watchers = watchers.child(spec.restart(Restart::Permanent));
        }
        let first = children.into_iter().fold(spec(), SupervisorSpec::child);
        let top = first
            .child(ChildSpec::supervisor("watchers", watchers))
            .child(ChildSpec::supervisor("players", players));
        runtime.board::<Desk>().open(id, registry);
        let leader: SupervisorRef<SimRuntime> = Supervisor::start(node, "top", top)
            .await
            .map_err(|e| e.to_string())?;
        runtime.board::<Cast>().lead(id, leader);
        Ok(())
    }

    /// What a watcher watches, and how long it sleeps.
    fn drawn(self, seed: u64, watcher: u64) -> (&'static str, Asked, Duration) {
        let mut draw = Draw::new(seed, &format!("watcher{watcher}"));
        let scope = draw.one_of(&[SERVICES, SERVICES, GROUPS, TEST]);
        let mut asked = question::drawn(draw.between(0, 1_000), &[]);
        asked.limit = None;
        let naps = if draw.chance(0.5) {
            draw.time(Duration::ZERO, self.naps)
        } else {
            Duration::ZERO
        };
        (scope, asked, naps)
    }
}

/// Tells the players what an operation says. `race` makes all of them ask for the same
/// name at the same instant, `rush` those of all nodes, `kill` ends one without asking it,
/// `fell` all of them, `switch` changes the backend, and `ail` and `heal` say how that is
/// doing.
pub(crate) async fn perform(world: &World, operation: &Operation, players: u64) {
    let desk = world.board::<Desk>();
    let (node, value) = (operation.node, operation.value);
    let cue = |act| Cue { act, value };
    let everywhere = world.plan().topology.ids();
    let race = |node| {
        for player in 0..players {
            desk.cue(node, player, cue(Act::Claim));
        }
    };
    if &*operation.action == "race" {
        race(node);
    } else if &*operation.action == "rush" {
        everywhere.for_each(race);
    } else if let Some(act) = Act::parse(&operation.action) {
        desk.cue(node, cue(act).player(players), cue(act));
    } else if &*operation.action == "kill" {
        let player = cue(Act::Quit).player(players);
        settle::kill(world, node, "players", &child("player", player)).await;
    } else if &*operation.action == "fell" {
        fell(world, node).await;
    } else if &*operation.action == "switch" {
        switch(world, node, value).await;
    } else if &*operation.action == "ail" {
        desk.falls_ill(node, true);
    } else if &*operation.action == "heal" {
        desk.falls_ill(node, false);
    }
}

/// Kills the supervisor of the players, and with it all of them.
async fn fell(world: &World, node: NodeId) {
    let Some(leader) = world.board::<Cast>().leader(node) else {
        return;
    };
    if let Ok(group) = leader.which_child("players").await
        && let (Some(process), Some(node)) = (group.process, world.node(node))
    {
        node.kill(process);
    }
}

/// Changes the backend of a node to another one that it offers, or to a local one.
pub(super) async fn switch(world: &World, node: NodeId, value: u64) {
    let Some(registry) = world.board::<Desk>().registry(node) else {
        return;
    };
    let mut setup = Setup::of(world.plan().seed, world.plan().topology.nodes);
    setup.partitions = 1 + value as usize % 5;
    let offered = world.board::<Desk>().offered(node, value);
    let backend =
        offered.unwrap_or_else(|| BackendSpec::new(move |node, host| setup.backend(node, host)));
    let options = SwitchOptions::within(Duration::from_secs(1)).giving_up_remote_entries();
    let switched = registry.switch_to(backend, options).await;
    let reader = Reader::new(registry);
    match switched {
        Ok(_) => reader.look_at_all(&[]),
        // Of a node that stands still or is gone nothing can be expected.
        Err(SwitchError::Driver { .. } | SwitchError::NoSupervisor | SwitchError::Busy { .. }) => {}
        Err(error) => reader.failed("a switch that may happen does", error),
    }
}
