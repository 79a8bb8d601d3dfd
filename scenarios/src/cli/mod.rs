//! The command line: its arguments, its output, its errors.

mod arguments;
mod error;
mod output;
mod subject;

pub(crate) use arguments::{
    Arguments, Command, Format, ListArguments, ReplayArguments, RunArguments, TraceArguments,
};
pub(crate) use error::CommandError;
pub(crate) use output::Output;
pub(crate) use subject::{Subject, find, program, subjects};
