//! Time and timers of a simulated node.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use steadfast::runtime::{Clock, Timestamp};

use super::agenda::TimerId;
use super::life::{Life, SimRuntime};
use super::shared::Shared;

impl Clock for SimRuntime {
    fn now(&self) -> Timestamp {
        let life = &self.0;
        let now = life.shared.now();
        if let Some(reading) = life.plain_clock(now) {
            return Timestamp(reading);
        }
        let mut state = life.shared.lock();
        state.note_clock_read(now, life.node);
        Timestamp(state.node(life.node).clock.read(now))
    }

    fn unix_time(&self) -> Duration {
        let life = &self.0;
        let now = life.shared.now();
        let mut state = life.shared.lock();
        state.note_wall_read(now, life.node);
        state.node(life.node).clock.wall(now)
    }

    fn sleep_until(&self, deadline: Timestamp) -> impl Future<Output = ()> + Send + 'static {
        NodeSleep {
            life: self.0.clone(),
            deadline: deadline.0,
            timer: None,
        }
    }
}

/// Waits for a reading of a node's clock.
struct NodeSleep {
    life: Arc<Life>,
    deadline: u64,
    timer: Option<TimerId>,
}

impl NodeSleep {
    /// Whether the deadline has passed, if that can be told without the lock.
    fn is_plainly_over(&self) -> bool {
        let now = self.life.shared.now();
        let reading = self.life.plain_clock(now);
        reading.is_some_and(|reading| reading >= self.deadline)
    }
}

impl Future for NodeSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let life = &this.life;
        if life.is_alive() && this.is_plainly_over() {
            return Poll::Ready(());
        }
        let now = life.shared.now();
        let mut state = life.shared.lock();
        if !life.is_alive() {
            return Poll::Pending;
        }
        if let Some(timer) = this.timer {
            if state.agenda.keep_timer(timer, context.waker()) {
                return Poll::Pending;
            }
            this.timer = None;
        }
        let state = &mut *state;
        let clock = &state.nodes[life.node.0 as usize - 1].clock;
        if clock.read(now) >= this.deadline {
            return Poll::Ready(());
        }
        let (node, deadline) = (Some(life.node), this.deadline);
        let timer = state
            .agenda
            .set_timer(now, node, clock, deadline, context.waker());
        this.timer = Some(timer);
        state.note_timer_set(now, life.node);
        Poll::Pending
    }
}

impl Drop for NodeSleep {
    fn drop(&mut self) {
        // A timer whose deadline has passed has fired, or fires with the next tick.
        if let Some(timer) = self.timer
            && !self.is_plainly_over()
        {
            withdraw(&self.life.shared, timer);
        }
    }
}

/// Waits for a simulated time, for code of the world itself.
pub(crate) struct WorldSleep {
    shared: Arc<Shared>,
    deadline: u64,
    timer: Option<TimerId>,
}

impl WorldSleep {
    pub(crate) const fn new(shared: Arc<Shared>, deadline: u64) -> Self {
        Self {
            shared,
            deadline,
            timer: None,
        }
    }
}

impl Future for WorldSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let now = this.shared.now();
        if now >= this.deadline {
            return Poll::Ready(());
        }
        let mut state = this.shared.lock();
        if let Some(timer) = this.timer
            && state.agenda.keep_timer(timer, context.waker())
        {
            return Poll::Pending;
        }
        let state = &mut *state;
        let timer = state
            .agenda
            .set_timer(now, None, &state.clock, this.deadline, context.waker());
        this.timer = Some(timer);
        Poll::Pending
    }
}

impl Drop for WorldSleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            withdraw(&self.shared, timer);
        }
    }
}

fn withdraw(shared: &Shared, timer: TimerId) {
    // The waker is dropped without the lock: it may be the last trace of a task.
    let waker = shared.lock().agenda.withdraw_timer(timer);
    drop(waker);
}
