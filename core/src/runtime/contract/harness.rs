//! What an adapter gives to be checked.

use std::future::Future;
use std::time::Duration;

use crate::runtime::{NodeId, Runtime};

/// The nodes that a harness must be able to run.
pub const NODES: [NodeId; 3] = [NodeId(1), NodeId(2), NodeId(3)];

/// A node that no harness runs and no adapter has an address for.
pub const STRANGER: NodeId = NodeId(99);

/// Runs the nodes of one case. Each case gets a harness of its own, whose nodes
/// have empty storage and reach each other.
pub trait Harness: Send + Sync + 'static {
    /// The runtime under test.
    type Runtime: Runtime;

    /// The runtime of `node`, one of [`NODES`]. Starts the node if it was not started
    /// yet; the same incarnation until it crashes.
    fn runtime(&self, node: NodeId) -> impl Future<Output = Self::Runtime> + Send;

    /// Ends the present incarnation of `node` as a crash would, without asking
    /// anyone, then starts the next one on the same storage. What a crash may lose
    /// may be lost. Completes once nothing of the old incarnation runs any more.
    fn crash_and_restart(&self, node: NodeId) -> impl Future<Output = Self::Runtime> + Send;

    /// Lets `duration` pass, by a clock that is not under test.
    fn pass(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}
