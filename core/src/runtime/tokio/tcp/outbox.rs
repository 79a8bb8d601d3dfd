//! What waits for one peer, and whether that peer is known to be down.
//!
//! Plain bookkeeping behind a lock; the dialer is the only one that waits.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use super::frame;
use crate::runtime::{Port, Timestamp};

/// How many messages wait for one peer at most.
pub(super) const QUEUE_MAX: usize = 1_024;

/// Payload bytes that wait for one peer at most, unless a single message is longer.
const QUEUE_BYTES_MAX: usize = 16 << 20;

/// How long a peer that could not be reached is left alone.
pub(super) const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// How many bytes are written at once, unless a single message is longer.
const BATCH_LEN: usize = 64 << 10;

/// What became of a message that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Post {
    Taken,
    Full,
    Unreachable,
}

#[derive(Default)]
struct State {
    queue: VecDeque<(Port, Vec<u8>)>,
    queued_bytes: usize,
    /// Set while the last attempt to connect has failed: not before then again.
    down_until: Option<Timestamp>,
    attempt_wanted: bool,
    dialer: Option<Waker>,
}

#[derive(Default)]
pub(super) struct Outbox(Mutex<State>);

impl Outbox {
    /// Takes a message. Towards a peer that is known to be down nothing is taken,
    /// but another attempt to connect is asked for once the pause is over.
    pub(super) fn post(&self, now: Timestamp, port: Port, payload: Vec<u8>) -> Post {
        let (post, dialer) = {
            let mut state = self.lock();
            let full = state.queue.len() >= QUEUE_MAX
                || (state.queued_bytes + payload.len() > QUEUE_BYTES_MAX
                    && !state.queue.is_empty());
            let post = match state.down_until {
                Some(until) => {
                    state.attempt_wanted |= now >= until;
                    Post::Unreachable
                }
                None if full => Post::Full,
                None => {
                    state.queued_bytes += payload.len();
                    state.queue.push_back((port, payload));
                    Post::Taken
                }
            };
            let work = state.attempt_wanted || !state.queue.is_empty();
            (post, state.dialer.take_if(|_| work))
        };
        if let Some(dialer) = dialer {
            dialer.wake();
        }
        post
    }

    /// Waits for a reason to connect.
    pub(super) fn poll_wanted(&self, waker: &Waker) -> Poll<()> {
        let mut state = self.lock();
        if std::mem::take(&mut state.attempt_wanted) || !state.queue.is_empty() {
            return Poll::Ready(());
        }
        remember(&mut state.dialer, waker);
        Poll::Pending
    }

    /// Waits for messages, and takes as many as are written at once: the number of
    /// messages and their frames.
    pub(super) fn poll_batch(&self, waker: &Waker) -> Poll<(usize, Vec<u8>)> {
        let mut state = self.lock();
        if state.queue.is_empty() {
            remember(&mut state.dialer, waker);
            return Poll::Pending;
        }
        let (mut messages, mut batch) = (0, Vec::new());
        while let Some((port, payload)) = state.queue.pop_front() {
            state.queued_bytes -= payload.len();
            frame::write(&mut batch, port, &payload);
            messages += 1;
            if batch.len() >= BATCH_LEN {
                break;
            }
        }
        Poll::Ready((messages, batch))
    }

    /// The peer was reached.
    pub(super) fn connected(&self) {
        self.lock().down_until = None;
    }

    /// The peer could not be reached: what waits for it is lost. Answers how many
    /// messages that are.
    pub(super) fn refused(&self, now: Timestamp) -> usize {
        let lost = {
            let mut state = self.lock();
            state.down_until = Some(now + RETRY_PAUSE);
            state.attempt_wanted = false;
            state.queued_bytes = 0;
            std::mem::take(&mut state.queue)
        };
        lost.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remember(slot: &mut Option<Waker>, waker: &Waker) {
    match slot {
        Some(known) if known.will_wake(waker) => {}
        _ => *slot = Some(waker.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn post(outbox: &Outbox, now: Timestamp, len: usize) -> Post {
        outbox.post(now, Port(1), vec![0; len])
    }

    fn is_wanted(outbox: &Outbox) -> bool {
        outbox.poll_wanted(Waker::noop()).is_ready()
    }

    #[test]
    fn messages_and_bytes_that_wait_are_bounded() {
        let outbox = Outbox::default();
        assert!((0..QUEUE_MAX).all(|_| post(&outbox, NOW, 1) == Post::Taken));
        assert_eq!(post(&outbox, NOW, 1), Post::Full);

        let outbox = Outbox::default();
        assert_eq!(post(&outbox, NOW, QUEUE_BYTES_MAX + 1), Post::Taken);
        assert_eq!(post(&outbox, NOW, 1), Post::Full);
        assert!(outbox.poll_batch(Waker::noop()).is_ready());
        assert_eq!(post(&outbox, NOW, 1), Post::Taken);
    }

    #[test]
    fn a_peer_that_is_down_is_tried_again_on_demand_after_the_pause() {
        let outbox = Outbox::default();
        assert!(!is_wanted(&outbox));
        assert_eq!(post(&outbox, NOW, 1), Post::Taken);
        assert!(is_wanted(&outbox));
        assert_eq!(outbox.refused(NOW), 1);

        assert_eq!(post(&outbox, NOW, 1), Post::Unreachable);
        assert!(!is_wanted(&outbox));
        assert_eq!(post(&outbox, NOW + RETRY_PAUSE, 1), Post::Unreachable);
        assert!(is_wanted(&outbox));
        outbox.connected();
        assert_eq!(post(&outbox, NOW, 1), Post::Taken);
    }

    #[test]
    fn a_batch_keeps_the_order_and_stops_when_it_is_long() {
        let outbox = Outbox::default();
        for len in [1, BATCH_LEN, 2] {
            post(&outbox, NOW, len);
        }
        let mut sizes = Vec::new();
        while let Poll::Ready((messages, batch)) = outbox.poll_batch(Waker::noop()) {
            sizes.push((messages, batch.len()));
        }
        assert_eq!(sizes, [(2, BATCH_LEN + 13), (1, 8)]);
    }
}
