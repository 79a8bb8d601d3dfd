//! What a process knows of itself and may do.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::control::{Control, Start, StartInfo};
use super::exit::{ExitReason, IntoExit};
use super::id::ProcessId;
use super::node::{Node, SpawnError};
use super::reply::ReplySender;
use super::signal::{MonitorRef, Signal};
use super::table::Watcher;
use crate::event::Event;
use crate::failure::Failure;
use crate::label::Label;
use crate::runtime::{NodeId, Port, Runtime, SendError};

/// How a process is started.
#[derive(Debug, Clone)]
pub struct ProcessSpec {
    pub(super) name: Label,
    pub(super) trap_exit: bool,
    pub(super) link: Option<ProcessId>,
    pub(super) callers: Option<Arc<[ProcessId]>>,
}

impl ProcessSpec {
    /// A process under this name, which need not be unique.
    pub fn new(name: impl Into<Label>) -> Self {
        Self {
            name: name.into(),
            trap_exit: false,
            link: None,
            callers: None,
        }
    }

    /// Whether exit signals reach the process as [`Signal`]s instead of ending it.
    #[must_use]
    pub const fn trap_exit(mut self, trap_exit: bool) -> Self {
        self.trap_exit = trap_exit;
        self
    }

    /// Links the process to another before it runs, as OTP's `spawn_link` does: no
    /// end of either can fall between the start and the link.
    pub(crate) const fn link(mut self, other: ProcessId) -> Self {
        self.link = Some(other);
        self
    }

    /// On whose behalf the process works, nearest first.
    pub(crate) fn callers(mut self, callers: Arc<[ProcessId]>) -> Self {
        self.callers = Some(callers);
        self
    }
}

/// A process's own view: its identity, its node, its signals.
///
/// A context belongs to the body of its process; do not move it into another.
pub struct Context<R: Runtime> {
    node: Node<R>,
    process: ProcessId,
    path: Label,
    callers: Option<Arc<[ProcessId]>>,
    control: Arc<Control>,
}

impl<R: Runtime> Context<R> {
    /// How many [`callers`](Self::callers) are kept.
    pub const CALLERS_MAX: usize = 16;

    pub(super) const fn new(
        node: Node<R>,
        process: ProcessId,
        path: Label,
        callers: Option<Arc<[ProcessId]>>,
        control: Arc<Control>,
    ) -> Self {
        Self {
            node,
            process,
            path,
            callers,
            control,
        }
    }

    /// The identity of this process.
    pub const fn id(&self) -> ProcessId {
        self.process
    }

    /// The node that it runs on.
    pub const fn node(&self) -> &Node<R> {
        &self.node
    }

    /// The runtime of that node.
    pub fn runtime(&self) -> &R {
        self.node.runtime()
    }

    /// Names from the root down to this process.
    pub const fn path(&self) -> &Label {
        &self.path
    }

    /// On whose behalf this process works: who asked for it, then who asked for
    /// that one, and so on, at most [`CALLERS_MAX`](Self::CALLERS_MAX). Empty
    /// unless the process is a task. Elixir's `$callers`.
    #[must_use]
    pub fn callers(&self) -> &[ProcessId] {
        self.callers.as_deref().unwrap_or(&[])
    }

    /// Tells the supervisor that the start is done. Only needed for children whose
    /// spec asks for an acknowledgement; the first answer counts.
    pub fn ready(&self) {
        self.control.answer_start(Start::Ready(None));
    }

    /// As [`ready`](Self::ready), with something for whoever started the child.
    pub fn ready_with(&self, info: StartInfo) {
        self.control.answer_start(Start::Ready(Some(info)));
    }

    /// Tells the supervisor that this process does not want to run. Return the
    /// answer from the body.
    #[must_use]
    pub fn ignore(&self) -> ExitReason {
        self.control.answer_start(Start::Ignored);
        ExitReason::Normal
    }

    /// Whether exit signals arrive as [`Signal`]s from now on. Answers what held before.
    pub fn trap_exit(&self, trap: bool) -> bool {
        self.control.set_trap(trap)
    }

    /// Waits for the next signal.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call takes no signal.
    pub async fn signal(&self) -> Signal {
        std::future::poll_fn(|context| self.control.poll_signal(context.waker())).await
    }

    /// The next signal if one is there.
    pub fn try_signal(&self) -> Option<Signal> {
        self.control.try_signal()
    }

    /// Waits until this process is asked to exit, for processes that trap exits.
    /// Other signals that arrive meanwhile are dropped.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call loses no exit request.
    pub async fn exit_requested(&self) -> ExitReason {
        loop {
            if let Signal::Exit { reason, .. } = self.signal().await {
                return reason;
            }
        }
    }

    /// Ties this process to another: when one ends, the other gets an exit signal.
    /// Linking twice is linking once. Linking to a process that is gone gives an
    /// exit signal with [`ExitReason::NoProcess`] at once.
    pub fn link(&self, other: ProcessId) {
        self.node.with_table(|table, wakers| {
            if !table.link(self.process, other) {
                table.exit(
                    self.process,
                    Some(other),
                    &ExitReason::NoProcess,
                    true,
                    wakers,
                );
            }
        });
    }

    /// Unties this process from another.
    pub fn unlink(&self, other: ProcessId) {
        self.node.unlink(self.process, other);
    }

    /// Asks for one [`Signal::Down`] when `target` ends; at once, with
    /// [`ExitReason::NoProcess`], if it is gone.
    pub fn monitor(&self, target: ProcessId) -> MonitorRef {
        self.node.with_table(|table, wakers| {
            let (monitor, refused) = table.watch(target, Watcher::Process(self.process));
            if refused.is_some() {
                let reason = ExitReason::NoProcess;
                let signal = Signal::Down {
                    monitor,
                    process: target,
                    reason,
                };
                wakers.extend(self.control.push(signal));
            }
            monitor
        })
    }

    /// Withdraws a monitor; its notice will not be seen, even if it is queued already.
    pub fn demonitor(&self, monitor: MonitorRef) {
        self.node.lock().unwatch(self.process, monitor);
    }

    /// Asks another process to exit; see [`Node::exit`].
    pub fn exit(&self, process: ProcessId, reason: &ExitReason) {
        self.node.exit_from(Some(self.process), process, reason);
    }

    /// Sends a message to a port of a node.
    ///
    /// # Errors
    ///
    /// See [`SendError`]; the failure must be settled.
    pub fn send(&self, to: NodeId, port: Port, payload: Vec<u8>) -> Result<(), Failure<SendError>> {
        self.deliver(self.runtime().send(to, port, payload))
    }

    /// Turns an error of the runtime into a failure of this process, which must be
    /// settled.
    ///
    /// # Errors
    ///
    /// The error that was given, as a [`Failure`].
    pub fn deliver<T, E>(&self, result: Result<T, E>) -> Result<T, Failure<E>>
    where
        E: Error + 'static,
    {
        result.map_err(|error| {
            Failure::deliver(
                self.node.next_failure(),
                Some(self.process),
                Some(self.control.ended.clone()),
                self.node.book(),
                error,
            )
        })
    }

    /// Announces a fact.
    pub(crate) fn announce(&self, event: &Event) {
        self.node.announce(event);
    }

    /// Whether this process is to end, whatever its body does.
    pub(super) fn is_ending(&self) -> bool {
        self.control.is_ending()
    }

    /// The next signal, a request to exit before the others.
    pub(super) fn poll_urgent_signal(&self, waker: &Waker) -> Poll<Signal> {
        self.control.poll_urgent_signal(waker)
    }

    /// Starts a process below this one, for those who write a supervisor of their own.
    /// Everyone else gives a child spec to a [supervisor](crate::supervision).
    ///
    /// The child cannot outlive this process. Its end is told once, as
    /// [`Signal::ChildExited`], and is not acted on by anyone else.
    ///
    /// # Errors
    ///
    /// See [`SpawnError`].
    pub fn spawn_child<B, F>(&self, spec: ProcessSpec, body: B) -> Result<ProcessId, SpawnError>
    where
        B: FnOnce(Self) -> F,
        F: Future + Send + 'static,
        F::Output: IntoExit,
    {
        self.spawn(spec, None, body)
    }

    /// Starts a process below this one.
    #[track_caller]
    pub(crate) fn spawn<B, F>(
        &self,
        spec: ProcessSpec,
        start: Option<ReplySender<Start>>,
        body: B,
    ) -> Result<ProcessId, SpawnError>
    where
        B: FnOnce(Self) -> F,
        F: Future + Send + 'static,
        F::Output: IntoExit,
    {
        self.node
            .spawn(Some(self.process), spec, start, body)
            .map(|(process, _)| process)
    }
}

impl<R: Runtime> fmt::Debug for Context<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("process", &self.process)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
