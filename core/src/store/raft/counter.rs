//! The process that counts leases while its node leads.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::ambient::Inside;
use super::consensus::Batch;
use super::running::Running;
use crate::process::ExitReason;
use crate::runtime::{Runtime, Timestamp, timeout};
use crate::store::lease_clock::LeaseClock;
use crate::store::machine::Command;

/// How many leases end in one entry of the log.
const EXPIRED_AT_ONCE_MAX: usize = 256;

/// What there is to do.
enum Duty {
    /// Leases are due.
    Due,
    /// Whether this node leads may have changed.
    Look,
    /// Consensus has stopped.
    Stopped,
}

/// Counts whenever this node leads, until consensus stops.
pub(super) async fn run<R: Runtime>(running: Running<R>, pause: Duration) -> ExitReason {
    let host = running.host.clone();
    Inside::new(host, async move { count(&running, pause).await }).await
}

async fn count<R: Runtime>(running: &Running<R>, pause: Duration) -> ExitReason {
    let mut metrics = running.raft.server_metrics();
    let mut counting: Option<u64> = None;
    loop {
        let term = {
            let metrics = metrics.borrow_and_update();
            let leads = metrics.current_leader == Some(running.me());
            leads.then_some(metrics.vote.leader_id.term)
        };
        if term != counting {
            running.shared.lock().clock = None;
            counting = None;
            if term.is_some() {
                if begin(running, pause).await {
                    counting = term;
                } else {
                    // What it asked the others for is news of consensus, too: without a
                    // pause it would ask again at once, for as long as none answers.
                    running.node.runtime().sleep(pause).await;
                }
            }
        }
        let duty = {
            let mut changed = pin!(metrics.changed());
            let mut timer = pin!(wait(running, counting.is_some(), term.is_some()));
            std::future::poll_fn(|task| {
                if let Poll::Ready(changed) = changed.as_mut().poll(task) {
                    return Poll::Ready(changed.map_or(Duty::Stopped, |()| Duty::Look));
                }
                timer.as_mut().poll(task)
            })
            .await
        };
        match duty {
            Duty::Stopped => return ExitReason::Normal,
            Duty::Look => {}
            Duty::Due => expire(running, pause).await,
        }
    }
}

/// Begins to count, in full for every lease, once everything that was decided before
/// this node's lead is applied here.
async fn begin<R: Runtime>(running: &Running<R>, pause: Duration) -> bool {
    let runtime = running.node.runtime();
    let confirmed = async {
        match running.read_index().await {
            Ok(index) => running.shared.applied(index).await,
            Err(_) => false,
        }
    };
    if timeout(runtime, pause * 10, confirmed).await != Ok(true) {
        return false;
    }
    let mut state = running.shared.lock();
    state.clock = Some(LeaseClock::restarted(&state.machine, runtime.now()));
    true
}

/// Waits until leases are due, or it is worth another look.
async fn wait<R: Runtime>(running: &Running<R>, counts: bool, leads: bool) -> Duty {
    let runtime = running.node.runtime();
    if !counts {
        if leads {
            // The pause after the look before is over.
            return Duty::Look;
        }
        return std::future::pending().await;
    }
    let mut timer = None;
    std::future::poll_fn(|task| {
        let deadline: Option<Timestamp> = {
            let mut state = running.shared.lock();
            state.counter = Some(task.waker().clone());
            state.clock.as_ref().and_then(LeaseClock::next_deadline)
        };
        let Some(deadline) = deadline else {
            timer = None;
            return Poll::Pending;
        };
        let known = timer.take().filter(|(until, _)| *until == deadline);
        let (_, sleep) = timer.insert(known.unwrap_or_else(|| {
            let sleep = runtime.sleep_until(deadline);
            (deadline, Box::pin(sleep))
        }));
        sleep.as_mut().poll(task).map(|()| Duty::Due)
    })
    .await
}

/// Proposes the end of what is due. If that fails, this node leads no more, or tries
/// again.
async fn expire<R: Runtime>(running: &Running<R>, pause: Duration) {
    let runtime = running.node.runtime();
    let due = {
        let state = running.shared.lock();
        let clock = state.clock.as_ref();
        clock.map_or_else(Vec::new, |clock| {
            clock.due(runtime.now(), EXPIRED_AT_ONCE_MAX)
        })
    };
    if due.is_empty() {
        return;
    }
    let proposed = running
        .raft
        .client_write(Batch(vec![Command::Expire(due).into()]));
    // What is due stays due: nobody renews it meanwhile.
    if !matches!(timeout(runtime, pause * 10, proposed).await, Ok(Ok(_))) {
        runtime.sleep(pause).await;
    }
}
