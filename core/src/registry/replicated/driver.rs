//! Runs the replication of one node: the only file of this folder that waits.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use super::error::ReplicationError;
use super::feed::MemberFeed;
use super::members::MemberNews;
use super::store::Shared;
use super::wire::{PACKET_LEN, Refusal};
use crate::failure::{Failure, Severity};
use crate::process::{Context, ExitReason, Signal};
use crate::registry::key::Key;
use crate::registry::metadata::Metadata;
use crate::runtime::{EntropyStream, Inbox, Message, NodeId, Runtime, SendError, Timestamp};

/// How long the driver may take to start.
pub(super) const START_LIMIT: Duration = Duration::from_secs(5);

/// Room for the longest registration: on the wire, metadata take up to twice their
/// weight.
const MESSAGE_LEN_MIN: usize = 2 * Metadata::WEIGHT_MAX + 2 * Key::LEN_MAX + 2 * PACKET_LEN;

/// How often the end of a replica is said, and how long it takes each time.
const FAREWELLS: u32 = 3;
const FAREWELL_PAUSE: Duration = Duration::from_millis(100);

/// How many things are dealt with before other tasks get their turn.
const BATCH: usize = 64;

type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the driver deals with next.
enum Next {
    Signal(Signal),
    Members(MemberNews),
    News,
    Message(Message),
    Closed,
    Due,
}

struct Driver<R: Runtime> {
    context: Context<R>,
    shared: Arc<Shared>,
    feed: Box<dyn MemberFeed>,
    inbox: Inbox,
    dice: EntropyStream,
    /// When to compare with others next.
    tick: Timestamp,
    /// When to hand out own changes, if there are some.
    flush: Option<Timestamp>,
    timer: Option<(Timestamp, Timer)>,
    /// When a refused send was last reported, by peer.
    refused: BTreeMap<NodeId, Timestamp>,
}

/// The body of the driver's process.
pub(super) async fn run<R: Runtime>(
    context: Context<R>,
    shared: Arc<Shared>,
    feed: Box<dyn MemberFeed>,
) -> Result<ExitReason, ExitReason> {
    let len_max = context.runtime().payload_len_max();
    if len_max < MESSAGE_LEN_MIN {
        let needed = MESSAGE_LEN_MIN;
        let error = ReplicationError::NetworkTooNarrow { len_max, needed };
        return Err(context.node().failure(error).escalate());
    }
    let (port, capacity) = (shared.config.port, shared.config.inbox_capacity);
    let inbox = context.deliver(context.runtime().bind(port, capacity))?;
    let now = context.runtime().now();
    let stream = format!("registry {} replication", shared.host.registry());
    let mut driver = Driver {
        dice: context.runtime().stream(&stream),
        context,
        shared,
        feed,
        inbox,
        tick: now,
        flush: None,
        timer: None,
        refused: BTreeMap::new(),
    };
    driver.shared.lock().driven = true;
    driver.plan_tick(now);
    driver.context.ready();
    driver.run().await
}

impl<R: Runtime> Driver<R> {
    async fn run(&mut self) -> Result<ExitReason, ExitReason> {
        loop {
            for _ in 0..BATCH {
                if let Some(end) = self.take_turn().await? {
                    return Ok(end);
                }
            }
            // Many turns can pass without a wait.
            self.look_at_the_clock()?;
            yield_once().await;
        }
    }

    /// Deals with one thing. Answers why the driver ends, if it does.
    async fn take_turn(&mut self) -> Result<Option<ExitReason>, ExitReason> {
        match poll_fn(|task| self.poll_next(task)).await {
            Next::Signal(Signal::Exit { reason, .. }) => {
                self.hand_out()?;
                self.say_farewell().await?;
                return Ok(Some(reason));
            }
            // Nothing is linked, monitored or started here.
            Next::Signal(Signal::Down { .. } | Signal::ChildExited { .. }) => {}
            Next::Members(news) => {
                let now = self.now();
                self.shared.step(|replica| replica.member(news, now));
            }
            Next::News => {
                let delay = self.shared.config.push_delay;
                self.flush = Some(self.now() + delay);
                if delay.is_zero() {
                    self.hand_out()?;
                }
            }
            Next::Message(message) => self.receive(&message).await,
            Next::Closed => {
                let error = ReplicationError::Closed;
                return Err(self.context.node().failure(error).escalate());
            }
            Next::Due => self.look_at_the_clock()?,
        }
        self.send()?;
        Ok(None)
    }

    /// Signals first, then the membership, then own changes, then messages, then what is
    /// due.
    fn poll_next(&mut self, task: &mut task::Context<'_>) -> Poll<Next> {
        if let Poll::Ready(signal) = pin!(self.context.signal()).poll(task) {
            return Poll::Ready(Next::Signal(signal));
        }
        if let Poll::Ready(news) = self.feed.poll_next(task) {
            return Poll::Ready(Next::Members(news));
        }
        if self.flush.is_none() && self.shared.poll_news(task.waker()).is_ready() {
            return Poll::Ready(Next::News);
        }
        if let Poll::Ready(message) = pin!(self.inbox.receive()).poll(task) {
            return Poll::Ready(message.map_or(Next::Closed, Next::Message));
        }
        let due = self.flush.map_or(self.tick, |flush| flush.min(self.tick));
        let timer = match &mut self.timer {
            Some((at, timer)) if *at == due => timer,
            _ => {
                let timer: Timer = Box::pin(self.context.runtime().sleep_until(due));
                &mut self.timer.insert((due, timer)).1
            }
        };
        timer.as_mut().poll(task).map(|()| {
            self.timer = None;
            Next::Due
        })
    }

    /// If another backend has taken over, nobody will answer for this one any more: its
    /// end is said more than once, in case a message is lost.
    async fn say_farewell(&mut self) -> Result<(), ExitReason> {
        for _ in 0..FAREWELLS {
            let ended = self.shared.step(super::replica::Replica::say_end);
            if !ended {
                return Ok(());
            }
            self.send()?;
            self.context.runtime().sleep(FAREWELL_PAUSE).await;
        }
        Ok(())
    }

    fn look_at_the_clock(&mut self) -> Result<(), ExitReason> {
        let now = self.now();
        if self.flush.is_some_and(|flush| flush <= now) {
            self.hand_out()?;
        }
        if self.tick <= now {
            let dice = &mut self.dice;
            self.shared
                .step(|replica| replica.tick(now, &mut |below| dice.below(below)));
            self.plan_tick(now);
        }
        self.send()
    }

    /// The next comparison: after an interval, give or take a quarter, so that nodes
    /// that started together do not go on together.
    fn plan_tick(&mut self, now: Timestamp) {
        let interval = self.shared.config.sync_interval;
        let factor = 0.75 + 0.5 * self.dice.unit();
        self.tick = now + interval.mul_f64(factor);
    }

    /// The time, which health and figures go by as well.
    fn now(&self) -> Timestamp {
        let now = self.context.runtime().now();
        self.shared.lock().now = now;
        now
    }

    fn hand_out(&mut self) -> Result<(), ExitReason> {
        self.flush = None;
        self.shared.step(super::replica::Replica::flush);
        self.send()
    }

    async fn receive(&mut self, message: &Message) {
        let packet = match self.shared.seal.decode(&message.payload) {
            Ok(packet) if packet.from.node == message.from => packet,
            Ok(_) => return self.refuse(message.from, Refusal::Garbage),
            Err(refusal) => return self.refuse(message.from, refusal),
        };
        let now = self.now();
        let most = self.shared.config.apply_batch_max;
        let mut more = self.shared.step(|replica| {
            replica.receive(packet, now);
            replica.advance(most, now)
        });
        while more {
            // Local callers get their turn between batches.
            yield_once().await;
            more = self.shared.step(|replica| replica.advance(most, now));
        }
    }

    fn refuse(&self, peer: NodeId, refusal: Refusal) {
        let error = {
            let mut state = self.shared.lock();
            let complaints = &mut state.complaints;
            match refusal {
                Refusal::Garbage => {
                    complaints.garbage += 1;
                    None
                }
                Refusal::OtherVersion(version) => complaints
                    .other_version
                    .insert(peer)
                    .then_some(ReplicationError::VersionMismatch { peer, version }),
                Refusal::OtherRegistry => complaints
                    .other_registry
                    .insert(peer)
                    .then_some(ReplicationError::OtherRegistry { peer }),
            }
        };
        if let Some(error) = error {
            self.context.node().failure(error).report(Severity::Warning);
        }
    }

    /// Sends what waits to be sent, and says what waits to be said.
    fn send(&mut self) -> Result<(), ExitReason> {
        let outbox = std::mem::take(&mut self.shared.lock().outbox);
        for what in outbox.warnings {
            let error = ReplicationError::ScopeClash { what };
            self.context.node().failure(error).report(Severity::Warning);
        }
        for (to, bytes) in outbox.sends {
            for peer in to {
                match self
                    .context
                    .send(peer, self.shared.config.port, bytes.clone())
                {
                    Ok(()) => {}
                    Err(failure) => self.settle(peer, failure)?,
                }
            }
        }
        Ok(())
    }

    /// A refused send is an incident that names the peer, but not more often than
    /// something could be done about it. What was lost is found out later.
    fn settle(&mut self, peer: NodeId, failure: Failure<SendError>) -> Result<(), ExitReason> {
        let severity = match failure.error() {
            SendError::Unreachable { .. } | SendError::QueueFull { .. } => Severity::Warning,
            SendError::TooLong { .. } => Severity::Error,
            SendError::Closed { .. } => return Err(failure.escalate()),
        };
        let now = self.now();
        self.shared.lock().complaints.refused_sends += 1;
        let pause = self.shared.config.lag_max;
        let last = self.refused.get(&peer);
        if last.is_none_or(|last| now.since(*last) >= pause) {
            self.refused.insert(peer, now);
            failure.report(severity);
        } else {
            failure.give_back();
        }
        Ok(())
    }
}

impl<R: Runtime> Drop for Driver<R> {
    fn drop(&mut self) {
        self.shared.lock().driven = false;
    }
}

/// Lets other tasks run.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|task| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
