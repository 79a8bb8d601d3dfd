//! Runs a machine: the only part of supervision that waits.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{self, Poll};

use super::acknowledgement::Acknowledgements;
use super::child_spec::Factory;
use super::error::{ChildFailed, StartError};
use super::listener::Listener;
use super::machine::{Effect, Fate, Input, Machine, Moment, Spawn};
use super::request::RequestReceiver;
use crate::event::Event;
use crate::process::reply::reply;
use crate::process::{Context, ExitReason, ProcessId, ProcessSpec, Signal, SpawnError};
use crate::runtime::{Runtime, Timestamp};

/// Where a supervisor leaves why it could not start, for whoever started it.
pub(super) type Complaint = Arc<Mutex<Option<StartError>>>;

/// How many facts of one kind are taken in before the other kinds get their turn.
const BATCH: usize = 256;

/// How many turns are taken before other tasks get theirs.
const TURNS: usize = 16;

type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A machine and what its effects act on.
pub(super) struct Driver<R: Runtime, M: Machine<Factory<R>>, Ready> {
    context: Context<R>,
    machine: M,
    requests: RequestReceiver<M::Call>,
    acknowledgements: Acknowledgements,
    timer: Option<(Timestamp, Timer)>,
    ready: Option<Ready>,
    complaint: Option<Complaint>,
    listener: Option<Arc<dyn Listener<R>>>,
    ended: Option<ExitReason>,
}

impl<R, M, Ready> Driver<R, M, Ready>
where
    R: Runtime,
    M: Machine<Factory<R>> + Send + Unpin,
    Ready: FnOnce(&Context<R>) + Send + Unpin,
{
    /// `ready` is called once all first children have started.
    pub(super) fn new(
        context: Context<R>,
        machine: M,
        requests: RequestReceiver<M::Call>,
        ready: Ready,
        complaint: Option<Complaint>,
    ) -> Self {
        Self {
            context,
            machine,
            requests,
            acknowledgements: Acknowledgements::default(),
            timer: None,
            ready: Some(ready),
            complaint,
            listener: None,
            ended: None,
        }
    }

    /// Whom every fact is told as well.
    pub(super) fn listener(mut self, listener: Option<Arc<dyn Listener<R>>>) -> Self {
        self.listener = listener;
        self
    }

    /// Drives the machine until it ends; answers why.
    pub(super) async fn run(mut self) -> ExitReason {
        self.feed(Input::Begin);
        loop {
            for _ in 0..TURNS {
                if let Some(reason) = self.ended.take() {
                    return reason;
                }
                poll_fn(|task| self.take_turn(task)).await;
            }
            // Many turns can pass without a wait; other tasks must get theirs.
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
    }

    /// Takes in what is there: signals first, then acknowledgements, then requests,
    /// then the deadline. Pending if there was nothing.
    fn take_turn(&mut self, task: &mut task::Context<'_>) -> Poll<()> {
        let mut progress = Poll::Pending;
        for _ in 0..BATCH {
            let Poll::Ready(signal) = pin!(self.context.signal()).poll(task) else {
                break;
            };
            progress = Poll::Ready(());
            self.receive(signal);
        }
        for _ in 0..BATCH {
            let Some((process, start)) = self.acknowledgements.next(task.waker()) else {
                break;
            };
            progress = Poll::Ready(());
            self.feed(Input::Answered(process, start));
        }
        for _ in 0..BATCH {
            let Some(call) = self.requests.next(task.waker()) else {
                break;
            };
            progress = Poll::Ready(());
            self.feed(Input::Call(call));
        }
        if self.poll_deadline(task).is_ready() {
            progress = Poll::Ready(());
            self.feed(Input::Tick);
        }
        if self.ended.is_some() {
            return Poll::Ready(());
        }
        progress
    }

    fn receive(&mut self, signal: Signal) {
        match signal {
            // As in OTP the end of a linked process, other than the parent, is none
            // of a supervisor's business; the end of the parent ends it anyway.
            Signal::Exit { linked: true, .. } | Signal::Down { .. } => {}
            Signal::Exit {
                linked: false,
                reason,
                ..
            } => self.feed(Input::Exit(reason)),
            Signal::ChildExited { process, reason } => {
                // A child can answer its start and end before it is heard.
                if let Some(start) = self.acknowledgements.close(process) {
                    self.feed(Input::Answered(process, start));
                }
                self.feed(Input::Ended(process, reason));
            }
        }
    }

    fn poll_deadline(&mut self, task: &mut task::Context<'_>) -> Poll<()> {
        let clock = self.context.runtime();
        let Some(deadline) = self.machine.deadline() else {
            self.timer = None;
            return Poll::Pending;
        };
        if deadline <= clock.now() {
            self.timer = None;
            return Poll::Ready(());
        }
        let timer = match &mut self.timer {
            Some((set, timer)) if *set == deadline => timer,
            stale => {
                let timer = Box::pin(clock.sleep_until(deadline));
                &mut stale.insert((deadline, timer)).1
            }
        };
        timer.as_mut().poll(task)
    }

    /// Gives a fact to the machine and performs what it wants done.
    fn feed(&mut self, input: Input<M::Call>) {
        if self.ended.is_some() {
            // What comes now finds a supervisor that is gone.
            return;
        }
        let mut effects = VecDeque::new();
        self.handle(input, &mut effects);
        while let Some(effect) = effects.pop_front() {
            if let Some(spawned) = self.perform(effect) {
                self.handle(spawned, &mut effects);
            }
        }
    }

    fn handle(&mut self, input: Input<M::Call>, effects: &mut VecDeque<Effect<Factory<R>>>) {
        let runtime = self.context.runtime();
        let path = self.context.path();
        let moment = Moment {
            now: runtime.now(),
            // A stream of its own for each draw: no draw moves another.
            draw: &|child, ordinal| {
                let label = format!("supervision/{path}/{child}/{ordinal}");
                runtime.stream(&label).unit()
            },
        };
        let mut fx = Vec::new();
        self.machine.handle(input, &moment, &mut fx);
        effects.extend(fx);
    }

    fn perform(&mut self, effect: Effect<Factory<R>>) -> Option<Input<M::Call>> {
        match effect {
            Effect::Spawn(spawn) => {
                let key = spawn.key;
                return Some(Input::Spawned(key, self.spawn(spawn)));
            }
            Effect::Ask(process) => self.context.exit(process, &ExitReason::SHUTDOWN),
            Effect::Kill(process) => self.context.node().kill(process),
            Effect::Announce(event) => {
                let event = Event::Supervision(event);
                self.context.announce(&event);
                if let (Some(listener), Event::Supervision(event)) = (&self.listener, &event) {
                    listener.heard(&self.context, event);
                }
            }
            Effect::Settle(failure, fate) => self.settle(failure, fate),
            Effect::Notify { to, from, reason } => {
                self.context.node().peer_ended(from, to, &reason);
            }
            Effect::Answer(answer) => answer.give(),
            Effect::Ready => {
                if let Some(ready) = self.ready.take() {
                    ready(&self.context);
                }
            }
            Effect::End(reason, error) => {
                if let (Some(complaint), Some(error)) = (&self.complaint, error) {
                    // Nothing that can panic runs under this lock.
                    *complaint.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
                self.ended = Some(reason);
            }
        }
        None
    }

    fn spawn(&mut self, spawn: Spawn<Factory<R>>) -> Result<ProcessId, SpawnError> {
        let spec = ProcessSpec::new(spawn.name).trap_exit(spawn.trap_exit);
        let factory = spawn.factory;
        // The factory goes with the closure; the body must not hold it.
        let body = move |context| factory.make(context);
        if !spawn.acknowledged {
            return self.context.spawn(spec, None, body);
        }
        let (sender, receiver) = reply();
        let process = self.context.spawn(spec, Some(sender), body)?;
        self.acknowledgements.expect(process, receiver);
        Ok(process)
    }

    fn settle(&self, failure: ChildFailed, fate: Fate) {
        let Err(failure) = self.context.deliver::<Infallible, _>(Err(failure));
        match fate {
            Fate::Report(severity) => failure.report(severity),
            // The answer to the caller, or the exit reason, carries the same news.
            Fate::GiveBack => drop(failure.give_back()),
            Fate::Escalate => drop(failure.escalate()),
        }
    }
}
