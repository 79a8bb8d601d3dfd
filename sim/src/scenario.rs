//! What a scenario is.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use steadfast::process::Node;

use crate::check::{Checker, standard};
use crate::plan::Plan;
use crate::runtime::SimRuntime;
use crate::world::World;

/// A boxed future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A story with its workload, its faults and its checks.
///
/// A run goes through four phases: *boot* (every node starts), *safety* (faults and
/// [`drive`](Self::drive)), *liveness* (a quorum-sized core is healed and
/// [`settle`](Self::settle) waits for it to converge) and *stop* (every node that is
/// up stops in an orderly way).
pub trait Scenario: Send + Sync + 'static {
    /// Its name, as on the command line.
    fn name(&self) -> &'static str;

    /// One line for people.
    fn story(&self) -> &'static str;

    /// The plan that belongs to a seed: everything is drawn from it.
    fn plan(&self, seed: u64) -> Plan;

    /// Builds the process tree of a node. Called at every start of every node, restarts
    /// included, and runs as a task of that node: a crash drops it. What is local to a
    /// node lives in its processes. An error ends the run as a violation.
    fn boot(
        &self,
        node: Node<SimRuntime>,
        plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>>;

    /// Performs the operations of the plan, from outside the nodes. The safety phase
    /// lasts as long as the plan says, whether this ends early or not; what has not
    /// ended by then is dropped. An error ends the run as a violation.
    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>>;

    /// Completes once the healed core ([`World::core`]) has converged. Not to complete
    /// within the plan's limit is the outcome "stalled", an error is a violation.
    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>>;

    /// What watches the run; a fresh set for every run.
    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        standard()
    }
}
