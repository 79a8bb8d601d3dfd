//! From the command to its file.

use super::{check, list, replay, run, specimens, trace};
use crate::cli::{Command, CommandError, Output, Subjects};
use crate::exit_code::ExitCode;

/// Performs a command and answers how it went.
pub(crate) fn perform(command: &Command, subjects: &Subjects) -> Result<ExitCode, CommandError> {
    let mut output = Output::standard();
    let code = match command {
        Command::List(arguments) => list::list(arguments, subjects, &mut output),
        Command::Run(arguments) if arguments.specimens => {
            specimens::run_specimens(arguments, subjects, &mut output)
        }
        Command::Run(arguments) => run::run(arguments, subjects, &mut output),
        Command::Replay(arguments) => replay::replay(arguments, subjects, &mut output),
        Command::Trace(arguments) => trace::trace(arguments, subjects, &mut output),
        Command::Check(arguments) => check::check(arguments, &mut output),
    }?;
    output.flush()?;
    Ok(code)
}
