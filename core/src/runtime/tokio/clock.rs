//! Time of the machine.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this file is the one that reads the machine's clock"
)]

use std::future::Future;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::runtime::{Clock, Timestamp};

/// The machine's clock, read from an epoch of its own. Follows tokio's paused time.
#[derive(Clone)]
pub(super) struct TokioClock {
    epoch: Instant,
    handle: Handle,
}

impl TokioClock {
    pub(super) fn new(handle: Handle) -> Self {
        let epoch = {
            let _entered = handle.enter();
            Instant::now()
        };
        Self { epoch, handle }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let elapsed = {
            let _entered = self.handle.enter();
            self.epoch.elapsed()
        };
        Timestamp::ZERO + elapsed
    }

    fn unix_time(&self) -> Duration {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // A machine that thinks it lives before 1970 has no wall clock to speak of.
        now.unwrap_or(Duration::ZERO)
    }

    fn sleep_until(&self, deadline: Timestamp) -> impl Future<Output = ()> + Send + 'static {
        let clock = self.clone();
        async move {
            // Asked again after the timer, which counts whole milliseconds.
            while clock.now() < deadline {
                let timer = {
                    let _entered = clock.handle.enter();
                    tokio::time::sleep(deadline.since(clock.now()))
                };
                timer.await;
            }
        }
    }
}
