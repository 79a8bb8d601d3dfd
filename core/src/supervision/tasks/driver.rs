//! The process of a task supervisor: waits, asks the roster, acts.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::error::TaskError;
use super::roster::{Ended, StopStep};
use super::shift::{End, Post, Request, Shift};
use crate::event::SupervisionEvent;
use crate::failure::{Failure, Severity};
use crate::process::{Context, ExitReason, ProcessId, Signal};
use crate::runtime::{Runtime, Timestamp};
use crate::supervision::ShutdownPolicy;

/// What the driver wakes up for.
enum Input {
    Signal(Signal),
    Request(Request),
    Late,
}

/// Tells everyone who still waits, however the driver ends. Made before the driver
/// first runs: it may be killed before that, when it has tasks already.
pub(super) struct Closing<R: Runtime>(pub(super) Arc<Shift<R>>);

impl<R: Runtime> Drop for Closing<R> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Runs a task supervisor until it is asked to exit.
pub(super) async fn run<R: Runtime>(context: Context<R>, closing: Closing<R>) -> ExitReason {
    let driver = Driver {
        context: &context,
        shift: &closing.0,
    };
    let reason = driver.supervise().await;
    driver.stop(&reason).await;
    reason
}

struct Driver<'a, R: Runtime> {
    context: &'a Context<R>,
    shift: &'a Shift<R>,
}

impl<R: Runtime> Driver<'_, R> {
    /// Handles everything until an exit is asked for.
    async fn supervise(&self) -> ExitReason {
        loop {
            if let Some(reason) = self.step().await {
                return reason;
            }
        }
    }

    /// Stops all tasks at once, each by its own policy, and waits for their ends.
    async fn stop(&self, reason: &ExitReason) {
        let supervisor = self.context.id();
        let shift = self.shift;
        shift.announce(SupervisionEvent::SupervisorStopping {
            supervisor,
            reason: reason.clone(),
        });
        let tasks = shift.with_roster(|roster| {
            roster.begin_stop();
            roster.list()
        });
        for (process, _) in tasks.into_iter().rev() {
            self.stop_task(process, None);
        }
        while !shift.with_roster(|roster| roster.is_finished()) {
            // A second request to exit changes nothing: the first is being obeyed.
            drop(self.step().await);
        }
        shift.announce(SupervisionEvent::SupervisorStopped { supervisor });
    }

    /// Handles one input; answers the reason if it was a request to exit.
    async fn step(&self) -> Option<ExitReason> {
        match self.input().await {
            Input::Signal(Signal::ChildExited { process, reason })
            | Input::Request(Request::Ended(process, reason)) => self.ended(process, reason),
            Input::Signal(Signal::Exit {
                reason,
                linked: false,
                ..
            }) => return Some(reason),
            // Somebody linked himself to the supervisor. As in OTP, the end of a
            // process that is neither parent nor child does not touch it.
            Input::Signal(Signal::Exit { linked: true, .. } | Signal::Down { .. }) => {}
            Input::Request(Request::Stop(process, policy)) => self.stop_task(process, policy),
            Input::Request(Request::Look) => {}
            Input::Late => self.kill_late(),
        }
        None
    }

    /// Waits for signals first, then requests, then the next deadline.
    async fn input(&self) -> Input {
        let shift = self.shift;
        let deadline = shift.with_roster(|roster| roster.next_deadline());
        let runtime = self.context.runtime();
        let mut signal = pin!(self.context.signal());
        let mut late = pin!(async {
            match deadline {
                Some(deadline) => runtime.sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        });
        std::future::poll_fn(|context| {
            if let Poll::Ready(signal) = signal.as_mut().poll(context) {
                return Poll::Ready(Input::Signal(signal));
            }
            if let Poll::Ready(request) = shift.poll_request(context.waker()) {
                return Poll::Ready(Input::Request(request));
            }
            late.as_mut().poll(context).map(|()| Input::Late)
        })
        .await
    }

    fn stop_task(&self, process: ProcessId, policy: Option<ShutdownPolicy>) {
        let shift = self.shift;
        let now = shift.now();
        let supervisor = self.context.id();
        match shift.with_roster(|roster| roster.stop(process, policy, now)) {
            StopStep::Ask(child, shutdown) => {
                shift.announce(SupervisionEvent::ChildStopping {
                    supervisor,
                    child,
                    process,
                    shutdown,
                });
                self.context.exit(process, &ExitReason::SHUTDOWN);
            }
            StopStep::Kill(child) => {
                shift.announce(SupervisionEvent::ChildStopping {
                    supervisor,
                    child,
                    process,
                    shutdown: ShutdownPolicy::Brutal,
                });
                self.context.node().kill(process);
            }
            StopStep::KillAsked(child) => {
                shift.announce(SupervisionEvent::ChildKilled {
                    supervisor,
                    child,
                    process,
                });
                self.context.node().kill(process);
            }
            StopStep::Nothing => {}
        }
    }

    fn kill_late(&self) {
        let shift = self.shift;
        let now: Timestamp = shift.now();
        for (process, child) in shift.with_roster(|roster| roster.take_late(now)) {
            shift.announce(SupervisionEvent::ChildKilled {
                supervisor: self.context.id(),
                child,
                process,
            });
            self.context.node().kill(process);
        }
    }

    fn ended(&self, process: ProcessId, reason: ExitReason) {
        let shift = self.shift;
        let Some(ended) = shift.with_roster(|roster| roster.ended(process, &reason)) else {
            return;
        };
        let Ended {
            child,
            expected,
            failed,
            payload:
                Post {
                    name,
                    linked,
                    answer,
                },
        } = ended;
        let supervisor = self.context.id();
        shift.announce(SupervisionEvent::ChildExited {
            supervisor,
            child: child.clone(),
            process,
            reason: reason.clone(),
            expected,
        });
        shift.announce(SupervisionEvent::ChildRemoved { supervisor, child });
        let failure = failed.then(|| {
            let reason = reason.clone();
            let name = name.clone();
            self.failure(TaskError::Exited {
                name,
                process,
                reason,
            })
        });
        let left = match answer {
            Some(answer) => {
                // The answer may have to drop a value that nobody takes, and with it
                // code of the user.
                let told = AssertUnwindSafe(|| answer(End::Exited { reason, failure }));
                std::panic::catch_unwind(told).unwrap_or_else(|payload| {
                    let text = crate::runtime::panic_text(&*payload);
                    Some(self.failure(TaskError::Exited {
                        name,
                        process,
                        reason: ExitReason::Panic(text.into()),
                    }))
                })
            }
            None => failure,
        };
        match left {
            // The link has carried the reason to the caller.
            Some(failure) if linked => drop(failure.escalate()),
            Some(failure) => failure.report(Severity::Error),
            None => {}
        }
    }

    fn failure(&self, error: TaskError) -> Failure<TaskError> {
        self.shift.failure(self.context.id(), error)
    }
}
