//! Whether a barrier still works once all is over.

use std::time::Duration;

use steadfast::coordination::{Coordinator, DoubleBarrier, SessionOptions};
use steadfast_sim::SimRuntime;

use super::gathering::{EXPECTED, ROUND};

/// The barrier that one enters alone.
const LAST: &str = "last";

/// Whether those who still wait are let go, and one who waits for nobody passes.
///
/// No more is asked for: a leader outside of the healed core that loses every other
/// message makes a meeting of several take longer than their sessions last.
pub(crate) async fn one_can_meet(coordinator: Coordinator<SimRuntime>, within: Duration) -> bool {
    let Ok(session) = coordinator.session(SessionOptions::ttl(within)).await else {
        return false;
    };
    let round = DoubleBarrier::new(&session, ROUND, EXPECTED);
    if round.reset().await.is_err() {
        return false;
    }
    match DoubleBarrier::new(&session, LAST, 1).enter(within).await {
        Ok(inside) => inside.leave(within).await.is_ok(),
        Err(_) => false,
    }
}
