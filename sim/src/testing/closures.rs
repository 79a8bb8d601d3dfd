//! A scenario that is made of closures.

use std::error::Error;
use std::sync::Arc;

use steadfast::process::Node;

use crate::fault::Episode;
use crate::plan::Plan;
use crate::runtime::SimRuntime;
use crate::scenario::{BoxFuture, Scenario};
use crate::world::World;

/// Why a closure of a test failed: any error, or a text.
pub type TestError = Box<dyn Error + Send + Sync>;

pub(super) type Boot =
    Box<dyn Fn(Node<SimRuntime>) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;
pub(super) type Drive = Box<dyn Fn(World) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;
pub(super) type Draw = Box<dyn Fn(u64) -> Vec<Episode> + Send + Sync>;
pub(super) type Change = Box<dyn Fn(&mut Plan) + Send + Sync>;

/// What a test has said, as a scenario.
pub(super) struct Closures {
    pub(super) name: &'static str,
    pub(super) nodes: u32,
    pub(super) faults: Option<Draw>,
    pub(super) change: Option<Change>,
    pub(super) boot: Option<Boot>,
    pub(super) drive: Option<Drive>,
    pub(super) settle: Option<Drive>,
}

impl Closures {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            nodes: 3,
            faults: None,
            change: None,
            boot: None,
            drive: None,
            settle: None,
        }
    }
}

impl Scenario for Closures {
    fn name(&self) -> &'static str {
        self.name
    }

    fn story(&self) -> &'static str {
        "a test"
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(self.name, seed, self.nodes);
        if let Some(draw) = &self.faults {
            plan.episodes = draw(seed);
        }
        if let Some(change) = &self.change {
            change(&mut plan);
        }
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        match &self.boot {
            Some(boot) => boot(node),
            None => Box::pin(std::future::ready(Ok(()))),
        }
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        ask(self.drive.as_ref(), world)
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        ask(self.settle.as_ref(), world)
    }
}

fn ask(closure: Option<&Drive>, world: World) -> BoxFuture<'static, Result<(), String>> {
    match closure {
        Some(closure) => closure(world),
        None => Box::pin(std::future::ready(Ok(()))),
    }
}

/// The future of a closure with its error as a text that has all causes.
pub(super) fn boxed<F>(future: F) -> BoxFuture<'static, Result<(), String>>
where
    F: Future<Output = Result<(), TestError>> + Send + 'static,
{
    Box::pin(async move { future.await.map_err(|error| chain(&*error)) })
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
