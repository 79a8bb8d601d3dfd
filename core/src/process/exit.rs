//! Why a process ended.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::label::Label;

/// Why a process ended. The reasons and their meanings are those of Erlang/OTP.
///
/// | reason | abnormal | ends a linked process | restarts a transient child |
/// |---|---|---|---|
/// | `Normal` | no | no | no |
/// | `Shutdown` | no | yes | no |
/// | `Error`, `Panic`, `Killed` | yes | yes | yes |
/// | `NoProcess` | yes | yes | never a child's own reason |
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ExitReason {
    /// The work is done.
    Normal,
    /// It was asked to stop, or stopped in an orderly way, perhaps with a detail.
    Shutdown(Option<Label>),
    /// It failed with an error.
    Error(ErrorCause),
    /// It panicked, with this text.
    Panic(Label),
    /// It was ended without being asked.
    Killed,
    /// There was no such process. Seen only in link and monitor notices about a
    /// process that had already gone.
    NoProcess,
}

impl ExitReason {
    /// `Shutdown` without a detail.
    pub const SHUTDOWN: Self = Self::Shutdown(None);

    /// An error exit with the cause chain of `error`.
    #[must_use]
    pub fn error(error: &(dyn Error + 'static)) -> Self {
        Self::Error(ErrorCause::new(error))
    }

    /// An error exit with this text and no deeper cause.
    #[must_use]
    pub fn failed(message: impl Into<Label>) -> Self {
        Self::Error(ErrorCause {
            message: message.into(),
            causes: Vec::new(),
        })
    }

    /// Whether a transient child that ends so is restarted.
    #[must_use]
    pub const fn is_abnormal(&self) -> bool {
        match self {
            Self::Normal | Self::Shutdown(_) => false,
            Self::Error(_) | Self::Panic(_) | Self::Killed | Self::NoProcess => true,
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("normal"),
            Self::Shutdown(None) => f.write_str("shutdown"),
            Self::Shutdown(Some(detail)) => write!(f, "shutdown: {detail}"),
            Self::Error(cause) => write!(f, "error: {cause}"),
            Self::Panic(text) => write!(f, "panic: {text}"),
            Self::Killed => f.write_str("killed"),
            Self::NoProcess => f.write_str("no process"),
        }
    }
}

/// An error and what caused it, as text: errors cross nodes and files.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ErrorCause {
    /// The error.
    pub message: Label,
    /// Its causes, nearest first. At most [`ErrorCause::DEPTH_MAX`].
    pub causes: Vec<Label>,
}

impl ErrorCause {
    /// How many causes are kept.
    pub const DEPTH_MAX: usize = 16;

    /// Reads the error and its chain of sources.
    #[must_use]
    pub fn new(error: &(dyn Error + 'static)) -> Self {
        let mut causes = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next.filter(|_| causes.len() < Self::DEPTH_MAX) {
            causes.push(cause.to_string().into());
            next = cause.source();
        }
        Self {
            message: error.to_string().into(),
            causes,
        }
    }
}

impl fmt::Display for ErrorCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)?;
        self.causes
            .iter()
            .try_for_each(|cause| write!(f, ": {cause}"))
    }
}

/// What the body of a process may return.
///
/// `()` ends it normally, `Ok` as its value says, `Err` ends it with the error and its causes
/// (and settles a [`Failure`](crate::failure::Failure) as escalated), and an
/// [`ExitReason`] says it outright.
pub trait IntoExit {
    /// The exit reason.
    fn into_exit(self) -> ExitReason;
}

impl IntoExit for () {
    fn into_exit(self) -> ExitReason {
        ExitReason::Normal
    }
}

impl IntoExit for ExitReason {
    fn into_exit(self) -> ExitReason {
        self
    }
}

impl<T: IntoExit, E: Into<ExitReason>> IntoExit for Result<T, E> {
    fn into_exit(self) -> ExitReason {
        match self {
            Ok(end) => end.into_exit(),
            Err(error) => error.into(),
        }
    }
}

impl From<Box<dyn Error + Send + Sync>> for ExitReason {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        Self::error(&*error)
    }
}

impl From<String> for ExitReason {
    fn from(message: String) -> Self {
        Self::failed(message)
    }
}

impl From<&str> for ExitReason {
    fn from(message: &str) -> Self {
        Self::failed(message)
    }
}

/// Lets the body of a process end with each of these errors by `?`.
macro_rules! ends_a_process {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for $crate::process::ExitReason {
            fn from(error: $error) -> Self {
                Self::error(&error)
            }
        }
    )+};
}
pub(crate) use ends_a_process;
