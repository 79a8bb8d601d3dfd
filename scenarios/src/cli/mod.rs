//! The command line: its arguments, its output, its errors.

mod arguments;
mod entry;
mod error;
mod output;
mod subject;

pub(crate) use arguments::{
    CheckArguments, Command, Format, InputFormat, ListArguments, ModelName, ReplayArguments,
    RunArguments, TraceArguments,
};
pub use entry::command_line;
pub(crate) use error::CommandError;
pub(crate) use output::Output;
pub(crate) use subject::{Subject, Subjects, program};
