//! The starts that a supervisor waits for, however many at a time.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::process::reply::ReplyReceiver;
use crate::process::{ProcessId, Start};

#[derive(Default)]
struct Woken {
    processes: VecDeque<ProcessId>,
    supervisor: Option<Waker>,
}

#[derive(Default)]
struct Shared(Mutex<Woken>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Woken> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the supervisor and tells it which of its children has answered, so that
/// one answer costs the same however many are outstanding.
struct Mark {
    process: ProcessId,
    shared: Arc<Shared>,
}

impl Wake for Mark {
    fn wake(self: Arc<Self>) {
        let waker = {
            let mut woken = self.shared.lock();
            woken.processes.push_back(self.process);
            woken.supervisor.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Answers to starts that are still to come. A supervisor has at most one per child.
#[derive(Default)]
pub(super) struct Acknowledgements {
    receivers: BTreeMap<ProcessId, ReplyReceiver<Start>>,
    /// Answers that were there before anyone waited.
    early: VecDeque<(ProcessId, Start)>,
    shared: Arc<Shared>,
}

impl Acknowledgements {
    /// Waits for the answer of this process too.
    pub(super) fn expect(&mut self, process: ProcessId, mut receiver: ReplyReceiver<Start>) {
        let shared = self.shared.clone();
        let mark = Waker::from(Arc::new(Mark { process, shared }));
        match Pin::new(&mut receiver).poll(&mut Context::from_waker(&mark)) {
            Poll::Pending => {
                self.receivers.insert(process, receiver);
            }
            Poll::Ready(start) => self.early.extend(start.map(|start| (process, start))),
        }
    }

    /// Takes the answer of a process that has ended, if it had given one.
    pub(super) fn close(&mut self, process: ProcessId) -> Option<Start> {
        if let Some(place) = self.early.iter().position(|(early, _)| *early == process) {
            return self.early.remove(place).map(|(_, start)| start);
        }
        self.receivers.remove(&process)?.try_take()
    }

    /// The next process that has answered; otherwise `waker` is woken when one has.
    pub(super) fn next(&mut self, waker: &Waker) -> Option<(ProcessId, Start)> {
        if let Some(early) = self.early.pop_front() {
            return Some(early);
        }
        loop {
            let process = {
                let mut woken = self.shared.lock();
                let next = woken.processes.pop_front();
                if next.is_none() {
                    woken.supervisor = Some(waker.clone());
                }
                next?
            };
            let receiver = self.receivers.get_mut(&process);
            if let Some(start) = receiver.and_then(ReplyReceiver::try_take) {
                self.receivers.remove(&process);
                return Some((process, start));
            }
        }
    }
}
