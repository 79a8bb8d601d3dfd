//! Tasks, time and randomness of the consensus engine, over the runtime of its node.

use std::fmt;
use std::future::Future;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use openraft::async_runtime::AsyncOneshotSendExt;
use openraft::{AsyncRuntime, Instant, OptionalSend};
use rand_core::RngCore;

use super::ambient::{Work, current};
use crate::process::reply::{ReplyReceiver, ReplySender, reply};
use crate::runtime::Timestamp;

/// Runs the engine on the node whose work is being polled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ambient;

/// A task ended without its value: it panicked, or the store was stopped.
#[derive(Debug, thiserror::Error)]
#[error("the task ended without a value")]
pub(super) struct NoValue;

/// A time limit of the engine passed.
#[derive(Debug, thiserror::Error)]
#[error("a time limit of consensus passed")]
pub(super) struct Late;

/// A reading of the node's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(Timestamp);

impl Add<Duration> for Moment {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

impl AddAssign<Duration> for Moment {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0 - duration)
    }
}

impl Sub for Moment {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.0.since(earlier.0)
    }
}

impl SubAssign<Duration> for Moment {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Instant for Moment {
    fn now() -> Self {
        Self(current().now())
    }
}

/// A sleep. The lock is never taken: it only makes the future shareable.
pub(super) struct Sleep(Mutex<Work>);

impl Sleep {
    fn until(deadline: Timestamp) -> Self {
        Self(Mutex::new(current().sleep_until(deadline)))
    }
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        sleep.as_mut().poll(context)
    }
}

/// Work with a time limit. Work that is ready at the limit wins.
pub(super) struct Limited<F> {
    work: Pin<Box<F>>,
    timer: Sleep,
}

impl<F: Future> Future for Limited<F> {
    type Output = Result<F::Output, Late>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.work.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(&mut self.timer).poll(context).map(|()| Err(Late))
    }
}

/// The value of a task. Dropping it lets the task go on below the store's process.
pub(super) struct Joined<T>(ReplyReceiver<T>);

impl<T> Future for Joined<T> {
    type Output = Result<T, NoValue>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let value = Pin::new(&mut self.0).poll(context);
        value.map(|value| value.ok_or(NoValue))
    }
}

/// Gives one value.
pub(super) struct Giver<T>(ReplySender<T>);

impl<T> fmt::Debug for Giver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Giver").finish_non_exhaustive()
    }
}

impl<T: OptionalSend> AsyncOneshotSendExt<T> for Giver<T> {
    fn send(self, value: T) -> Result<(), T> {
        self.0.send(value)
    }
}

/// Random numbers of the node.
pub(super) struct Draw;

impl RngCore for Draw {
    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        current().random()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl AsyncRuntime for Ambient {
    type JoinError = NoValue;
    type JoinHandle<T: OptionalSend + 'static> = Joined<T>;
    type Sleep = Sleep;
    type Instant = Moment;
    type TimeoutError = Late;
    type Timeout<R, T: Future<Output = R> + OptionalSend> = Limited<T>;
    type ThreadLocalRng = Draw;
    type OneshotSender<T: OptionalSend> = Giver<T>;
    type OneshotReceiverError = NoValue;
    type OneshotReceiver<T: OptionalSend> = Joined<T>;

    fn spawn<T>(future: T) -> Joined<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        let (giver, joined) = reply();
        current().spawn(Box::pin(async move {
            let value = future.await;
            // A value that nobody waits for is not needed.
            drop(giver.send(value));
        }));
        Joined(joined)
    }

    fn sleep(duration: Duration) -> Sleep {
        Sleep::until(current().now() + duration)
    }

    fn sleep_until(deadline: Moment) -> Sleep {
        Sleep::until(deadline.0)
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(
        duration: Duration,
        future: F,
    ) -> Limited<F> {
        Limited {
            work: Box::pin(future),
            timer: Self::sleep(duration),
        }
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(
        deadline: Moment,
        future: F,
    ) -> Limited<F> {
        Limited {
            work: Box::pin(future),
            timer: Self::sleep_until(deadline),
        }
    }

    fn is_panic(_: &NoValue) -> bool {
        // The exit of the task's process tells, and ends the store.
        false
    }

    fn thread_rng() -> Draw {
        Draw
    }

    fn oneshot<T: OptionalSend>() -> (Giver<T>, Joined<T>) {
        let (giver, joined) = reply();
        (Giver(giver), Joined(joined))
    }
}
