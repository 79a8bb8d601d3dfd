//! A story about registries: what differs from one to the next.

use std::sync::Arc;

use steadfast::process::Node;
use steadfast_sim::check::{self, Checker};
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use super::ending::{converged, settled};
use super::setup::{NAMES, Open};
use super::tree::{Tree, perform};

/// A story about registries: of nodes that do not know of each other, or of one that
/// all nodes share.
#[derive(Clone, Copy)]
pub(crate) struct Story {
    /// Its name.
    pub(crate) name: &'static str,
    /// One line for people.
    pub(crate) story: &'static str,
    /// What grows on every node, drawn from the seed.
    pub(crate) tree: fn(u64) -> Tree,
    /// Draws operations and faults into a plan without any.
    pub(crate) draw: fn(&mut Plan),
    /// How many nodes there are, drawn from the seed.
    pub(crate) nodes: fn(u64) -> u32,
    /// Where the registries come from.
    pub(crate) open: Open,
    /// Whether all nodes are to see the same in the end.
    pub(crate) shared: bool,
}

impl Scenario for Story {
    fn name(&self) -> &'static str {
        self.name
    }

    fn story(&self) -> &'static str {
        self.story
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name, seed, (self.nodes)(seed));
        (self.draw)(&mut plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let (tree, open) = ((self.tree)(plan.seed), self.open);
        Box::pin(async move { tree.grow(&node, &plan, open).await })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        let tree = (self.tree)(world.plan().seed);
        Box::pin(async move {
            for operation in &world.plan().operations {
                world.sleep_until(operation.at).await;
                perform(&world, operation, tree.players).await;
            }
            Ok(())
        })
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        let (tree, shared) = ((self.tree)(world.plan().seed), self.shared);
        Box::pin(async move {
            if shared {
                converged(&world, tree.players).await
            } else {
                settled(&world, tree.players).await
            }
        })
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        let mut checkers = check::standard();
        if self.shared {
            checkers.push(Box::new(check::Agreement::of(NAMES)));
        }
        checkers
    }
}
