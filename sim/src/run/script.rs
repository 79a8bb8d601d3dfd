//! Scenarios as closures, for tests of the simulator itself.

use std::future::Future;
use std::sync::Arc;

use steadfast::process::{Context, Node, ProcessSpec};
use steadfast::runtime::NodeId;

use super::run_plan;
use crate::check::Checker;
use crate::plan::Plan;
use crate::run_report::Run;
use crate::runtime::SimRuntime;
use crate::scenario::{BoxFuture, Scenario};
use crate::trace::{Capture, Record};
use crate::world::World;

type Answer = BoxFuture<'static, Result<(), String>>;

/// A scenario made of closures. What is not given does nothing.
pub(crate) struct Script {
    boot: Box<dyn Fn(Node<SimRuntime>) -> Answer + Send + Sync>,
    drive: Box<dyn Fn(World) -> Answer + Send + Sync>,
    settle: Box<dyn Fn(World) -> Answer + Send + Sync>,
    checkers: fn() -> Vec<Box<dyn Checker>>,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self {
            boot: Box::new(|_| Box::pin(async { Ok(()) })),
            drive: Box::new(|_| Box::pin(async { Ok(()) })),
            settle: Box::new(|_| Box::pin(async { Ok(()) })),
            checkers: Vec::new,
        }
    }

    pub(crate) fn boot<F>(
        mut self,
        boot: impl Fn(Node<SimRuntime>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.boot = Box::new(move |node| Box::pin(boot(node)));
        self
    }

    /// Every node runs this one process.
    pub(crate) fn process<F>(
        self,
        body: impl Fn(Context<SimRuntime>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.boot(move |node| {
            let body = body.clone();
            async move {
                let started = node.start(ProcessSpec::new("main"), body);
                started.map(drop).map_err(|error| error.to_string())
            }
        })
    }

    pub(crate) fn drive<F>(mut self, drive: impl Fn(World) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.drive = Box::new(move |world| Box::pin(drive(world)));
        self
    }

    pub(crate) fn settle<F>(mut self, settle: impl Fn(World) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.settle = Box::new(move |world| Box::pin(settle(world)));
        self
    }

    pub(crate) fn checkers(mut self, checkers: fn() -> Vec<Box<dyn Checker>>) -> Self {
        self.checkers = checkers;
        self
    }

    /// Runs it on a fresh thread, with the whole trace.
    pub(crate) fn run(&self, plan: &Plan) -> Run {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| run_plan(self, plan, Capture::All));
            thread.join().expect("a run does not panic")
        })
    }
}

impl Scenario for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn story(&self) -> &'static str {
        "what a test wants"
    }

    fn plan(&self, seed: u64) -> Plan {
        Plan::new("script", seed, 3)
    }

    fn boot(&self, node: Node<SimRuntime>, _plan: Arc<Plan>) -> Answer {
        (self.boot)(node)
    }

    fn drive(&self, world: World) -> Answer {
        (self.drive)(world)
    }

    fn settle(&self, world: World) -> Answer {
        (self.settle)(world)
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        (self.checkers)()
    }
}

/// The records of one node, or of the world.
pub(crate) fn of_node(trace: &[Record], node: u32) -> impl Iterator<Item = &Record> {
    let node = (node > 0).then_some(NodeId(node));
    trace.iter().filter(move |record| record.node == node)
}
