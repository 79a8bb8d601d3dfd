//! Node-local time.

use std::fmt;
use std::future::Future;
use std::ops::{Add, Sub};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A reading of a node's monotonic clock: nanoseconds since the node's epoch.
///
/// Readings of two nodes, or of two incarnations of one node, cannot be compared.
/// Arithmetic saturates at both ends.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The node's epoch.
    pub const ZERO: Self = Self(0);
    /// Later than any reading.
    pub const MAX: Self = Self(u64::MAX);

    /// The time from `earlier` to `self`, zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanoseconds))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(nanoseconds))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", Duration::from_nanos(self.0))
    }
}

/// Time as one node sees it.
///
/// Clocks of different nodes may run at different rates and show different wall
/// times. Nothing in core compares readings across nodes.
pub trait Clock {
    /// The monotonic clock. Never goes back within an incarnation.
    fn now(&self) -> Timestamp;

    /// The wall clock, as the time since the Unix epoch. May jump either way;
    /// for people and for certificates, never for a decision.
    fn unix_time(&self) -> Duration;

    /// Completes once [`now`](Self::now) has reached `deadline`: never before it,
    /// and at once if it has passed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the timer.
    fn sleep_until(&self, deadline: Timestamp) -> impl Future<Output = ()> + Send + 'static;

    /// Completes after `duration`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the timer.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        self.sleep_until(self.now() + duration)
    }
}

/// A time limit passed before the work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("time limit of {limit:?} passed")]
pub struct Elapsed {
    /// The limit that was set.
    pub limit: Duration,
}

/// Runs `work` for at most `limit`.
///
/// Work that is ready at the same instant as the limit wins, so a limit of zero
/// still takes an answer that is already there.
///
/// # Errors
///
/// [`Elapsed`] if the limit passed first; the work has then been dropped.
///
/// # Cancel safety
///
/// As cancel-safe as `work`.
pub async fn timeout<C, F>(clock: &C, limit: Duration, work: F) -> Result<F::Output, Elapsed>
where
    C: Clock,
    F: Future,
{
    let mut work = pin!(work);
    let mut timer = pin!(clock.sleep(limit));
    std::future::poll_fn(|context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        timer
            .as_mut()
            .poll(context)
            .map(|()| Err(Elapsed { limit }))
    })
    .await
}
