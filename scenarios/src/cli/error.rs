//! Why a command ends without a result.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use steadfast_sim::{Outcome, Plan};

use crate::exit_code::ExitCode;

/// A command that ends without a result. Shown as one message with the input that it
/// is about, and a hint where there is a remedy.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) code: ExitCode,
    message: String,
    hint: Option<String>,
}

impl CommandError {
    /// The command was used in a wrong way.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: ExitCode::Usage,
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// The harness failed.
    pub(crate) fn internal(what: &str, error: &dyn Error) -> Self {
        let mut message = format!("{what}: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            write!(message, ": {error}").expect("a string takes any text");
            cause = error.source();
        }
        Self {
            code: ExitCode::Internal,
            message,
            hint: None,
        }
    }

    /// A run left no trace to be shown.
    pub(crate) fn lost(plan: &Plan, outcome: &Outcome) -> Self {
        Self {
            code: ExitCode::of(outcome),
            message: format!(
                "{} seed {} left no trace, for its process is gone: {}",
                plan.scenario,
                plan.seed,
                outcome.word()
            ),
            hint: None,
        }
    }

    /// A file that was named cannot be written.
    pub(crate) fn unwritable(path: &Path, error: &dyn Error) -> Self {
        Self::usage(
            format!("{} cannot be written: {error}", path.display()),
            "name a place that can be written to; no file is overwritten",
        )
    }

    /// The text for standard error, with its line end.
    pub(crate) fn text(&self) -> String {
        match &self.hint {
            Some(hint) => format!("error: {}\n\nhint: {hint}\n", self.message),
            None => format!("error: {}\n", self.message),
        }
    }
}
