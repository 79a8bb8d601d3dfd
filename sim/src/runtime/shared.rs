//! What all parts of one simulated world share.

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
    state: Mutex<State>,
}

impl Shared {
    pub(crate) fn new(plan: Arc<Plan>, time: TimeHandle, state: State) -> Self {
        Self {
            plan,
            board: Board::default(),
            time,
            state: Mutex::new(state),
        }
    }

    /// Simulated time since the start of the run, in nanoseconds.
    pub(crate) fn now(&self) -> u64 {
        let elapsed = self.time.elapsed();
        elapsed.as_secs() * 1_000_000_000 + u64::from(elapsed.subsec_nanos())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A checker may panic under the lock; the run is then over.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
