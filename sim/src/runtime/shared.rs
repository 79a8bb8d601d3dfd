//! What all parts of one simulated world share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use madsim::time::TimeHandle;

use super::board::Board;
use super::state::State;
use crate::plan::Plan;

/// One simulated world. Everything that changes lies behind one lock, which is never
/// held while code under test runs, nor while madsim is asked to kill, restart,
/// pause or resume a node (it calls back).
pub(crate) struct Shared {
    pub(crate) plan: Arc<Plan>,
    pub(crate) board: Board,
    time: TimeHandle,
    /// The time while a task is polled, when it stands still; 0 otherwise.
    held: AtomicU64,
    state: Mutex<State>,
}

impl Shared {
    pub(crate) fn new(plan: Arc<Plan>, time: TimeHandle, state: State) -> Self {
        Self {
            plan,
            board: Board::default(),
            time,
            held: AtomicU64::new(0),
            state: Mutex::new(state),
        }
    }

    /// Simulated time since the start of the run, in nanoseconds.
    pub(crate) fn now(&self) -> u64 {
        match self.held.load(Ordering::Relaxed) {
            0 => self.read_time(),
            held => held,
        }
    }

    /// To be called before a task is polled: madsim moves time on only between polls,
    /// so it need not be asked again. The answer is for [`release_time`](Self::release_time).
    pub(crate) fn hold_time(&self) -> u64 {
        // Plain loads and stores: a run has one thread.
        let outer = self.held.load(Ordering::Relaxed);
        self.held.store(self.read_time(), Ordering::Relaxed);
        outer
    }

    /// To be called after the poll.
    pub(crate) fn release_time(&self, outer: u64) {
        self.held.store(outer, Ordering::Relaxed);
    }

    fn read_time(&self) -> u64 {
        let elapsed = self.time.elapsed();
        elapsed.as_secs() * 1_000_000_000 + u64::from(elapsed.subsec_nanos())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A checker may panic under the lock; the run is then over.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
