//! What an engine gives to be checked.

use std::future::Future;
use std::time::Duration;

use crate::runtime::Clock;
use crate::store::handle::Store;

/// Runs the store of one case, empty at the beginning and free of faults.
pub trait Harness: Send + Sync + 'static {
    /// The clock of whoever uses the store.
    type Clock: Clock + Clone + Send + Sync + 'static;

    /// A handle, ready to be used. Of a replicated store each call may answer that of
    /// another node.
    fn store(&self) -> impl Future<Output = Store> + Send;

    /// The clock of whoever uses the store.
    fn clock(&self) -> Self::Clock;

    /// Makes whoever counts the leases lose that duty, to itself or to another, as a
    /// crash would. The store may be unavailable meanwhile. Completes once it was lost.
    fn depose(&self) -> impl Future<Output = ()> + Send;

    /// A time to live that the engine grants as it is, as short as it is sensible.
    fn ttl(&self) -> Duration;

    /// By how much a lease may outlive its time, if nobody is deposed.
    fn slack(&self) -> Duration;

    /// Lets `duration` pass.
    fn pass(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        let clock = self.clock();
        async move { clock.sleep(duration).await }
    }
}
