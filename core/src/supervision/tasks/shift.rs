//! One run of a task supervisor, as its driver and all handles share it.
//!
//! Handles change only what is in here and wake the driver; the effects (asking,
//! killing, announcing) are the driver's. The lock is never held while code of the
//! user runs or is dropped.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::error::{StartTaskError, TaskError};
use super::options::{TaskSpec, TaskSupervisorOptions};
use super::roster::{Added, Entry, Roster};
use crate::event::{Event, SupervisionEvent};
use crate::failure::Failure;
use crate::label::Label;
use crate::process::{Context, ExitReason, Node, ProcessId, ProcessSpec};
use crate::runtime::{Runtime, Timestamp};
use crate::supervision::{Restart, ShutdownPolicy};

/// How a task ended, for whoever waits for it.
pub(super) enum End {
    /// Its process has ended; `failure` if that end must be settled.
    Exited {
        reason: ExitReason,
        failure: Option<Failure<TaskError>>,
    },
    /// Its supervisor was ended from outside, and it goes the same way.
    SupervisorEnded,
}

/// Tells whoever waits for a task how it ended. Gives a failure back that nobody
/// took.
pub(super) type Answer = Box<dyn FnOnce(End) -> Option<Failure<TaskError>> + Send>;

/// What is kept with a task until its end.
pub(super) struct Post {
    pub(super) name: Label,
    pub(super) linked: bool,
    pub(super) answer: Option<Answer>,
}

/// What a handle wants of the driver.
pub(super) enum Request {
    /// Stop a task, by this policy or by its own.
    Stop(ProcessId, Option<ShutdownPolicy>),
    /// A task ended before its start was on record.
    Ended(ProcessId, ExitReason),
    /// Nothing; look again whether all is done.
    Look,
}

struct State {
    roster: Roster<Post>,
    // At most a few for each task: a handle asks when it is told to, and when it is
    // dropped.
    requests: VecDeque<Request>,
    driver: Option<Waker>,
}

pub(super) struct Shift<R: Runtime> {
    node: Node<R>,
    supervisor: ProcessId,
    shutdown: ShutdownPolicy,
    state: Mutex<State>,
}

impl<R: Runtime> Shift<R> {
    pub(super) fn new(context: &Context<R>, options: TaskSupervisorOptions) -> Self {
        Self {
            node: context.node().clone(),
            supervisor: context.id(),
            shutdown: options.shutdown,
            state: Mutex::new(State {
                roster: Roster::new(options.max_children),
                requests: VecDeque::new(),
                driver: None,
            }),
        }
    }

    pub(super) const fn node(&self) -> &Node<R> {
        &self.node
    }

    pub(super) const fn supervisor(&self) -> ProcessId {
        self.supervisor
    }

    /// Starts a task for the process of `caller`.
    pub(super) fn spawn<B, F>(
        &self,
        caller: &Context<R>,
        spec: TaskSpec,
        linked: bool,
        answer: Option<Answer>,
        body: B,
    ) -> Result<ProcessId, StartTaskError>
    where
        B: FnOnce(Context<R>) -> F,
        F: Future<Output = ExitReason> + Send + 'static,
    {
        let child = self.with_roster(|roster| roster.reserve(&spec.name))?;
        let mut process = ProcessSpec::new(child.clone()).callers(callers(caller));
        if linked {
            process = process.link(caller.id());
        }
        let spawned = self.node.spawn(Some(self.supervisor), process, None, body);
        let process = match spawned {
            Ok((process, _)) => process,
            Err(refused) => {
                self.with_roster(Roster::release);
                self.request(Request::Look);
                return Err(refused.into());
            }
        };
        let shutdown = spec.shutdown.unwrap_or(self.shutdown);
        let post = Post {
            name: spec.name,
            linked,
            answer,
        };
        self.add(process, child, shutdown, post);
        Ok(process)
    }

    /// Asks the driver for something.
    pub(super) fn request(&self, request: Request) {
        let waker = {
            let mut state = self.lock();
            state.requests.push_back(request);
            state.driver.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The next request; `waker` is woken when there is one.
    pub(super) fn poll_request(&self, waker: &Waker) -> Poll<Request> {
        let mut state = self.lock();
        if let Some(request) = state.requests.pop_front() {
            return Poll::Ready(request);
        }
        match &state.driver {
            Some(known) if known.will_wake(waker) => {}
            _ => state.driver = Some(waker.clone()),
        }
        Poll::Pending
    }

    /// Unties a task from its caller. Whether the task had ended before, so that the
    /// link has told the caller.
    pub(super) fn unlink(&self, process: ProcessId, caller: ProcessId) -> bool {
        // In one step for the driver, which settles the failure of a linked task
        // otherwise than that of a loose one.
        self.with_roster(|roster| {
            let tied = self.node.unlink(process, caller);
            if let Some(post) = roster.payload_mut(process) {
                post.linked = !tied;
            }
            !tied
        })
    }

    /// A failure handed to a process that waits for a task.
    pub(super) fn failure(&self, holder: ProcessId, error: TaskError) -> Failure<TaskError> {
        let id = self.node.next_failure();
        Failure::deliver(id, Some(holder), None, self.node.book(), error)
    }

    pub(super) fn with_roster<T>(&self, change: impl FnOnce(&mut Roster<Post>) -> T) -> T {
        change(&mut self.lock().roster)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.node.runtime().now()
    }

    /// The driver is gone: everyone who still waits is told.
    pub(super) fn close(&self) {
        let left = {
            let mut state = self.lock();
            state.requests.clear();
            state.roster.close()
        };
        left.into_iter().for_each(Self::abandon);
    }

    fn add(&self, process: ProcessId, child: Label, shutdown: ShutdownPolicy, post: Post) {
        let supervisor = self.supervisor;
        let added = self.with_roster(|roster| {
            let index = u32::try_from(roster.len()).unwrap_or(u32::MAX);
            // Announced under the lock, so that the order of facts is that of the roster.
            self.announce(SupervisionEvent::ChildAdded {
                supervisor,
                child: child.clone(),
                index,
                restart: Restart::Temporary,
                shutdown,
                significant: false,
            });
            self.announce(SupervisionEvent::ChildStarted {
                supervisor,
                child: child.clone(),
                process,
                starts: 1,
            });
            roster.add(process, Entry::new(child, shutdown, post))
        });
        match added {
            Added::Running => {}
            Added::EndedBefore(reason) => self.request(Request::Ended(process, reason)),
            Added::ToStop => self.request(Request::Stop(process, None)),
            Added::Over(entry) => Self::abandon(entry.into_payload()),
        }
    }

    pub(super) fn announce(&self, event: SupervisionEvent) {
        self.node.announce(&Event::Supervision(event));
    }

    fn abandon(post: Post) {
        if let Some(answer) = post.answer {
            let unsettled = answer(End::SupervisorEnded);
            debug_assert!(unsettled.is_none(), "no failure was given to the answer");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The callers of a task that `caller` starts.
fn callers<R: Runtime>(caller: &Context<R>) -> Arc<[ProcessId]> {
    let known = caller.callers().iter().copied();
    std::iter::once(caller.id())
        .chain(known)
        .take(Context::<R>::CALLERS_MAX)
        .collect()
}
