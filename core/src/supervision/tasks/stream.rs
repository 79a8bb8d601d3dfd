//! A bounded stream of tasks.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::iter::Fuse;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as PollContext, Poll};

use super::error::{StreamOptionsError, TaskError};
use super::handle::TaskSupervisorRef;
use super::options::{OnTimeout, StreamOptions, TaskSpec};
use super::task::Task;
use crate::process::Context;
use crate::runtime::{Runtime, Timestamp};
use crate::supervision::ShutdownPolicy;

/// One input of a stream gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamError<I> {
    /// Why.
    pub error: TaskError,
    /// The input, if [`StreamOptions::keep_inputs`] asked for it.
    pub input: Option<I>,
}

impl<I> fmt::Display for StreamError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<I: fmt::Debug> std::error::Error for StreamError<I> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

type Item<I, T> = Result<T, StreamError<I>>;

/// A place in the stream, in the order of the inputs.
struct Place<R: Runtime, I, T> {
    input: Option<I>,
    state: State<R, T>,
}

enum State<R: Runtime, T> {
    Running { task: Task<R, T>, limit: Limit },
    Done(Result<T, TaskError>),
}

/// Whether a running task is late.
enum Limit {
    At(Timestamp),
    /// It is being killed, and its place will say this.
    Passed(TaskError),
}

/// The results of work on many inputs; see [`TaskSupervisorRef::stream`].
///
/// No more than `max_concurrency` tasks exist at any time, one that was killed for
/// being late included until it has ended. Tasks are started only while
/// [`next`](Self::next) is awaited, and run on by themselves between the calls.
/// Dropping the stream shuts its tasks down.
#[must_use = "a stream does nothing until its items are asked for"]
pub struct TaskStream<'a, R: Runtime, Inputs: Iterator, W, T> {
    tasks: TaskSupervisorRef<R>,
    caller: &'a Context<R>,
    inputs: Fuse<Inputs>,
    options: StreamOptions<Inputs::Item>,
    linked: bool,
    work: Arc<W>,
    places: VecDeque<Place<R, Inputs::Item, T>>,
    running: usize,
    over: bool,
}

impl<'a, R, Inputs, W, F, T> TaskStream<'a, R, Inputs, W, T>
where
    R: Runtime,
    Inputs: Iterator,
    Inputs::Item: Send + 'static,
    T: Send + 'static,
    W: Fn(Context<R>, Inputs::Item) -> F + Send + Sync + 'static,
    F: Future<Output = T> + Send + 'static,
{
    pub(super) fn new(
        tasks: TaskSupervisorRef<R>,
        caller: &'a Context<R>,
        inputs: Inputs,
        options: StreamOptions<Inputs::Item>,
        linked: bool,
        work: W,
    ) -> Result<Self, StreamOptionsError> {
        options.check()?;
        Ok(Self {
            tasks,
            caller,
            inputs: inputs.fuse(),
            options,
            linked,
            work: Arc::new(work),
            places: VecDeque::new(),
            running: 0,
            over: false,
        })
    }

    /// The next result; `None` after the last one.
    ///
    /// # Errors
    ///
    /// Inside: [`TaskError::TimedOut`] for a task that took too long,
    /// [`TaskError::Exited`] for one that failed, [`TaskError::NotStarted`] for one
    /// that the task supervisor refused. The stream goes on after each of them,
    /// except after a timeout under [`OnTimeout::Exit`].
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call loses no result and ends no task.
    pub async fn next(&mut self) -> Option<Result<T, StreamError<Inputs::Item>>> {
        while !self.over {
            self.fill();
            if let Some(item) = self.take_item() {
                return Some(item);
            }
            if self.places.is_empty() {
                self.over = true;
                break;
            }
            if self.progress().await == Woken::Late
                && let Some(item) = self.handle_late()
            {
                return Some(item);
            }
        }
        None
    }

    /// Starts as many tasks as the bounds allow.
    fn fill(&mut self) {
        while self.running < self.options.max_concurrency
            && self.places.len() - self.running < self.options.waiting_max
        {
            let Some(input) = self.inputs.next() else {
                return;
            };
            let place = self.start(input);
            if matches!(place.state, State::Running { .. }) {
                self.running += 1;
            }
            self.places.push_back(place);
        }
    }

    fn start(&self, input: Inputs::Item) -> Place<R, Inputs::Item, T> {
        let kept = self.options.keep.map(|keep| keep(&input));
        let work = self.work.clone();
        let spec = TaskSpec::new(self.options.name.clone());
        let body = move |context| async move { work(context, input).await };
        let started = self
            .tasks
            .shift()
            .and_then(|shift| Task::start(shift, self.caller, spec, self.linked, body));
        let deadline = self.caller.runtime().now() + self.options.timeout;
        let state = match started {
            Ok(task) => State::Running {
                task,
                limit: Limit::At(deadline),
            },
            Err(refused) => State::Done(Err(refused.into())),
        };
        Place { input: kept, state }
    }

    /// Takes the result whose turn it is.
    fn take_item(&mut self) -> Option<Item<Inputs::Item, T>> {
        let mut done = self.places.iter().map(Place::is_done);
        let turn = if self.options.ordered {
            done.next().filter(|first| *first).map(|_| 0)
        } else {
            done.position(|done| done)
        }?;
        let Place { input, state } = self.places.remove(turn)?;
        match state {
            State::Done(answer) => Some(answer.map_err(|error| StreamError { error, input })),
            State::Running { .. } => None,
        }
    }

    /// Waits until a task has ended or is late.
    async fn progress(&mut self) -> Woken {
        let deadline = self.places.iter().filter_map(Place::deadline).min();
        let runtime = self.caller.runtime();
        let mut late = pin!(async {
            match deadline {
                Some(deadline) => runtime.sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        });
        std::future::poll_fn(|context| {
            let mut ended = 0;
            for place in &mut self.places {
                ended += usize::from(place.poll(context));
            }
            if ended > 0 {
                self.running -= ended;
                return Poll::Ready(Woken::Ended);
            }
            late.as_mut().poll(context).map(|()| Woken::Late)
        })
        .await
    }

    /// Deals with the tasks that are late by now; an item if that ends the stream.
    fn handle_late(&mut self) -> Option<Item<Inputs::Item, T>> {
        let now = self.caller.runtime().now();
        let timeout = self.options.timeout;
        for place in &mut self.places {
            let (task, limit) = match &mut place.state {
                State::Running { task, limit } => match limit {
                    Limit::At(deadline) if *deadline <= now => (task, limit),
                    Limit::At(_) | Limit::Passed(_) => continue,
                },
                State::Done(_) => continue,
            };
            let failure = task.timed_out(timeout);
            match self.options.on_timeout {
                OnTimeout::Kill => {
                    *limit = Limit::Passed(failure.give_back());
                    task.begin_stop(ShutdownPolicy::Brutal);
                }
                OnTimeout::Exit => {
                    let error = failure.error().clone();
                    let input = place.input.take();
                    self.caller.exit(self.caller.id(), &failure.escalate());
                    self.over = true;
                    self.places.clear();
                    return Some(Err(StreamError { error, input }));
                }
            }
        }
        None
    }
}

/// What a wait for progress saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    Ended,
    Late,
}

impl<R: Runtime, I, T> Place<R, I, T> {
    const fn is_done(&self) -> bool {
        matches!(self.state, State::Done(_))
    }

    const fn deadline(&self) -> Option<Timestamp> {
        match &self.state {
            State::Running {
                limit: Limit::At(deadline),
                ..
            } => Some(*deadline),
            State::Running {
                limit: Limit::Passed(_),
                ..
            }
            | State::Done(_) => None,
        }
    }

    /// Whether the task of this place has ended just now.
    fn poll(&mut self, context: &mut PollContext<'_>) -> bool {
        let State::Running { task, limit } = &mut self.state else {
            return false;
        };
        let answer = match limit {
            Limit::At(_) => task.poll_answer(context),
            // A value that came too late is late; a failure is told as it is.
            Limit::Passed(timed_out) => task
                .poll_stopped(context)
                .map(|stopped| stopped.and_then(|_late| Err(timed_out.clone()))),
        };
        match answer {
            Poll::Ready(answer) => {
                self.state = State::Done(answer);
                true
            }
            Poll::Pending => false,
        }
    }
}

impl<R: Runtime, Inputs: Iterator, W, T> fmt::Debug for TaskStream<'_, R, Inputs, W, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskStream")
            .field("running", &self.running)
            .field("waiting", &(self.places.len() - self.running))
            .finish_non_exhaustive()
    }
}
