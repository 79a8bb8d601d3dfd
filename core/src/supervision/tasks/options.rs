//! What can be set on task supervisors, tasks and streams.

use std::fmt;
use std::time::Duration;

use super::error::StreamOptionsError;
use crate::label::Label;
use crate::supervision::ShutdownPolicy;

/// The limits of a task supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskSupervisorOptions {
    /// How many tasks may exist at once, those on their way out included.
    pub max_children: usize,
    /// How a task is stopped when nothing else was said.
    pub shutdown: ShutdownPolicy,
}

impl TaskSupervisorOptions {
    /// Sets [`max_children`](Self::max_children).
    #[must_use]
    pub const fn max_children(mut self, max_children: usize) -> Self {
        self.max_children = max_children;
        self
    }

    /// Sets [`shutdown`](Self::shutdown).
    #[must_use]
    pub const fn shutdown(mut self, shutdown: ShutdownPolicy) -> Self {
        self.shutdown = shutdown;
        self
    }
}

impl Default for TaskSupervisorOptions {
    /// 100,000 tasks; each has 5 s to stop, as a worker has in OTP.
    fn default() -> Self {
        Self {
            max_children: 100_000,
            shutdown: ShutdownPolicy::Timeout(Duration::from_secs(5)),
        }
    }
}

/// A task to be: its name, which need not be unique, and how it is stopped.
///
/// A name alone will do wherever one of these is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskSpec {
    pub(super) name: Label,
    pub(super) shutdown: Option<ShutdownPolicy>,
}

impl TaskSpec {
    /// A task of this name, stopped as its supervisor's options say.
    pub fn new(name: impl Into<Label>) -> Self {
        Self {
            name: name.into(),
            shutdown: None,
        }
    }

    /// How the task is stopped when its handle is dropped, when a wait for it times
    /// out, and when its supervisor ends.
    #[must_use]
    pub const fn shutdown(mut self, shutdown: ShutdownPolicy) -> Self {
        self.shutdown = Some(shutdown);
        self
    }
}

impl From<&str> for TaskSpec {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for TaskSpec {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl From<Label> for TaskSpec {
    fn from(name: Label) -> Self {
        Self::new(name)
    }
}

/// What a stream does with a task that takes too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnTimeout {
    /// Kills the task; its place in the stream says that it timed out, and the
    /// others go on.
    Kill,
    /// Ends the stream and everything it runs, and asks the caller to exit with the
    /// timeout as its reason, as in Elixir. A caller that traps exits sees the
    /// request as a signal and the timeout as the last item of the stream.
    Exit,
}

/// How a stream runs its tasks; `I` is the type of its inputs.
pub struct StreamOptions<I> {
    pub(super) name: Label,
    pub(super) max_concurrency: usize,
    pub(super) ordered: bool,
    pub(super) waiting_max: usize,
    pub(super) timeout: Duration,
    pub(super) on_timeout: OnTimeout,
    pub(super) keep: Option<fn(&I) -> I>,
}

impl<I> StreamOptions<I> {
    /// At most `max_concurrency` tasks at once, results in the order of the inputs,
    /// 5 s for each task, [`OnTimeout::Exit`]; Elixir's defaults.
    #[must_use]
    pub fn new(max_concurrency: usize) -> Self {
        Self {
            name: "stream".into(),
            max_concurrency,
            ordered: true,
            waiting_max: 1_024,
            timeout: Duration::from_secs(5),
            on_timeout: OnTimeout::Exit,
            keep: None,
        }
    }

    /// The name of the tasks.
    #[must_use]
    pub fn name(mut self, name: impl Into<Label>) -> Self {
        self.name = name.into();
        self
    }

    /// Whether results come in the order of the inputs, or as they are done.
    #[must_use]
    pub const fn ordered(mut self, ordered: bool) -> Self {
        self.ordered = ordered;
        self
    }

    /// How many results may wait for their turn before no more tasks are started.
    #[must_use]
    pub const fn waiting_max(mut self, waiting_max: usize) -> Self {
        self.waiting_max = waiting_max;
        self
    }

    /// How long each task may take, and what happens to one that takes longer.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration, on_timeout: OnTimeout) -> Self {
        self.timeout = timeout;
        self.on_timeout = on_timeout;
        self
    }

    /// Gives the input back with the error of a task that gave no value.
    #[must_use]
    pub const fn keep_inputs(mut self) -> Self
    where
        I: Clone,
    {
        self.keep = Some(I::clone);
        self
    }

    pub(super) const fn check(&self) -> Result<(), StreamOptionsError> {
        if self.max_concurrency == 0 {
            Err(StreamOptionsError::NoConcurrency)
        } else if self.timeout.is_zero() {
            Err(StreamOptionsError::NoTime)
        } else if self.waiting_max == 0 {
            Err(StreamOptionsError::NoRoom)
        } else {
            Ok(())
        }
    }
}

impl<I> fmt::Debug for StreamOptions<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamOptions")
            .field("name", &self.name)
            .field("max_concurrency", &self.max_concurrency)
            .field("ordered", &self.ordered)
            .field("waiting_max", &self.waiting_max)
            .field("timeout", &self.timeout)
            .field("on_timeout", &self.on_timeout)
            .finish_non_exhaustive()
    }
}
