//! The part of a process that others may touch: exit requests, signals, the
//! acknowledgement of its start.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::exit::ExitReason;
use super::id::ProcessId;
use super::reply::ReplySender;
use super::signal::{MonitorRef, Signal};
use crate::failure::EndedFlag;

/// What a child hands to whoever started it, together with its acknowledgement.
#[derive(Clone)]
pub struct StartInfo(Arc<dyn Any + Send + Sync>);

impl StartInfo {
    /// Wraps a value.
    pub fn new<T: Any + Send + Sync>(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// The value, if it is a `T`.
    #[must_use]
    pub fn downcast<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.clone().downcast().ok()
    }
}

impl fmt::Debug for StartInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartInfo").finish_non_exhaustive()
    }
}

/// What came of a start.
#[derive(Debug, Clone)]
pub(crate) enum Start {
    /// The process runs.
    Ready(Option<StartInfo>),
    /// The process does not want to run; it ends by itself.
    Ignored,
    /// The process ended before it acknowledged.
    Exited(ExitReason),
}

struct State {
    kill: bool,
    exit: Option<ExitReason>,
    trap: bool,
    signals: VecDeque<Signal>,
    start: Option<ReplySender<Start>>,
    // Apart from `task`: a body may poll its signals through a waker of its own.
    receiver: Option<Waker>,
    task: Option<Waker>,
}

pub(crate) struct Control {
    state: Mutex<State>,
    /// Set while the body is dropped from outside; see `failure`.
    pub(crate) ended: EndedFlag,
}

/// Why a process must end now.
pub(super) enum Verdict {
    Run,
    End(ExitReason),
}

impl Control {
    pub(super) fn new(trap: bool, start: Option<ReplySender<Start>>) -> Self {
        Self {
            state: Mutex::new(State {
                kill: false,
                exit: None,
                trap,
                signals: VecDeque::new(),
                start,
                receiver: None,
                task: None,
            }),
            ended: Arc::new(AtomicBool::new(false)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the process may go on; remembers whom to wake when that changes.
    /// Killing goes before every other reason to end.
    pub(super) fn verdict(&self, waker: &Waker) -> Verdict {
        let mut state = self.lock();
        match &state.task {
            Some(known) if known.will_wake(waker) => {}
            _ => state.task = Some(waker.clone()),
        }
        if state.kill {
            Verdict::End(ExitReason::Killed)
        } else {
            state.exit.clone().map_or(Verdict::Run, Verdict::End)
        }
    }

    pub(super) fn kill(&self) -> Option<Waker> {
        let mut state = self.lock();
        state.kill = true;
        state.task.take()
    }

    pub(super) fn exit(
        &self,
        from: Option<ProcessId>,
        reason: &ExitReason,
        linked: bool,
    ) -> Option<Waker> {
        let mut state = self.lock();
        if state.trap {
            let signal = Signal::Exit {
                from,
                reason: reason.clone(),
                linked,
            };
            // A link gives one notice, but a request can be repeated without an end.
            if !linked && state.signals.contains(&signal) {
                return None;
            }
            state.signals.push_back(signal);
            return state.receiver.take();
        }
        // A normal exit signal ends nobody; OTP ignores it too.
        if *reason == ExitReason::Normal || state.exit.is_some() {
            return None;
        }
        state.exit = Some(reason.clone());
        state.task.take()
    }

    pub(super) fn push(&self, signal: Signal) -> Option<Waker> {
        let mut state = self.lock();
        state.signals.push_back(signal);
        state.receiver.take()
    }

    pub(super) fn forget_monitor(&self, gone: MonitorRef) {
        self.lock()
            .signals
            .retain(|signal| !matches!(signal, Signal::Down { monitor, .. } if *monitor == gone));
    }

    /// Takes back the notice that a linked process has ended normally.
    pub(super) fn forget_normal_end(&self, of: ProcessId) {
        self.lock().signals.retain(|signal| {
            let Signal::Exit {
                from,
                reason,
                linked,
            } = signal
            else {
                return true;
            };
            !(*linked && *from == Some(of) && *reason == ExitReason::Normal)
        });
    }

    pub(super) fn set_trap(&self, trap: bool) -> bool {
        std::mem::replace(&mut self.lock().trap, trap)
    }

    pub(super) fn poll_signal(&self, waker: &Waker) -> Poll<Signal> {
        let mut state = self.lock();
        if let Some(signal) = state.signals.pop_front() {
            return Poll::Ready(signal);
        }
        match &state.receiver {
            Some(known) if known.will_wake(waker) => {}
            _ => state.receiver = Some(waker.clone()),
        }
        Poll::Pending
    }

    /// As `poll_signal`, but a request to exit goes before the other signals.
    pub(super) fn poll_urgent_signal(&self, waker: &Waker) -> Poll<Signal> {
        let request = {
            let mut state = self.lock();
            let is_request = |signal: &Signal| matches!(signal, Signal::Exit { linked: false, .. });
            let position = state.signals.iter().position(is_request);
            position.and_then(|position| state.signals.remove(position))
        };
        request.map_or_else(|| self.poll_signal(waker), Poll::Ready)
    }

    /// Whether the process is to end, whatever its body does.
    pub(super) fn is_ending(&self) -> bool {
        let state = self.lock();
        state.kill || state.exit.is_some()
    }

    pub(super) fn try_signal(&self) -> Option<Signal> {
        self.lock().signals.pop_front()
    }

    /// Answers whoever waits for the start; only the first answer counts.
    pub(super) fn answer_start(&self, start: Start) {
        let reply = self.lock().start.take();
        if let Some(reply) = reply {
            // The supervisor may have given up waiting; then nobody needs the answer.
            drop(reply.send(start));
        }
    }
}
