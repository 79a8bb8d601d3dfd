//! The shape of the pure part of a supervisor: facts in, effects out.
//!
//! A machine never waits. Its driver feeds it one fact at a time, performs the
//! effects in the order in which they were given, and wakes it at its deadline.

use std::fmt;

use super::error::{ChildFailed, StartError};
use super::table::ChildKey;
use crate::event::SupervisionEvent;
use crate::failure::Severity;
use crate::label::Label;
use crate::process::{ExitReason, ProcessId, SpawnError, Start};
use crate::runtime::Timestamp;

/// A fact that a machine takes in.
#[derive(Debug)]
pub(super) enum Input<C> {
    /// The supervisor begins.
    Begin,
    /// The supervisor was asked to exit.
    Exit(ExitReason),
    /// What came of [`Effect::Spawn`]. Given right after it, before any other fact.
    Spawned(ChildKey, Result<ProcessId, SpawnError>),
    /// A child answered its start.
    Answered(ProcessId, Start),
    /// The process of a child has ended.
    Ended(ProcessId, ExitReason),
    /// The deadline of the machine may have passed.
    Tick,
    /// Someone calls.
    Call(C),
}

/// What a machine wants done.
pub(super) enum Effect<F> {
    /// Start a process; [`Input::Spawned`] answers.
    Spawn(Spawn<F>),
    /// Ask a process to shut down.
    Ask(ProcessId),
    /// Kill a process.
    Kill(ProcessId),
    /// Announce a fact.
    Announce(SupervisionEvent),
    /// Take delivery of a failure and settle it.
    Settle(ChildFailed, Fate),
    /// Tell `to` that its peer `from` has ended for good.
    Notify {
        to: ProcessId,
        from: ProcessId,
        reason: ExitReason,
    },
    /// Answer a call.
    Answer(Answer),
    /// All first children have started.
    Ready,
    /// The supervisor ends, because of the error if there is one.
    End(ExitReason, Option<StartError>),
}

/// A process to start.
pub(super) struct Spawn<F> {
    pub(super) key: ChildKey,
    pub(super) name: Label,
    pub(super) trap_exit: bool,
    pub(super) acknowledged: bool,
    pub(super) factory: F,
}

/// How a failure is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Reported as an incident.
    Report(Severity),
    /// Given back to the caller who asked for the start.
    GiveBack,
    /// The supervisor ends with it.
    Escalate,
}

/// An answer that is ready to be given.
pub(super) struct Answer(Box<dyn FnOnce() + Send>);

impl Answer {
    pub(super) fn new<T: Send + 'static>(reply: Reply<T>, value: T) -> Self {
        // A caller that has gone away does not need the answer.
        Self(Box::new(move || drop(reply.send(value))))
    }

    pub(super) fn give(self) {
        (self.0)();
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

/// Where the answer to a call goes.
pub(super) type Reply<T> = crate::process::reply::ReplySender<T>;

/// What decisions depend on besides the state of the machine.
pub(super) struct Moment<'a> {
    /// The node's clock.
    pub(super) now: Timestamp,
    /// A random number from 0 up to 1 for the restart of a child with this ordinal.
    pub(super) draw: &'a dyn Fn(&Label, u64) -> f64,
}

/// The pure part of a supervisor.
pub(super) trait Machine<F> {
    /// What callers may ask.
    type Call;

    /// Takes in a fact.
    fn handle(&mut self, input: Input<Self::Call>, moment: &Moment<'_>, fx: &mut Vec<Effect<F>>);

    /// When it wants an [`Input::Tick`] if nothing happens before.
    fn deadline(&self) -> Option<Timestamp>;
}
