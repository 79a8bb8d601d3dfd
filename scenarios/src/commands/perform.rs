//! From the command to its file.

use super::{list, replay, run, specimens, trace};
use crate::cli::{Command, CommandError, Output};
use crate::exit_code::ExitCode;

/// Performs a command and answers how it went.
pub(crate) fn perform(command: &Command) -> Result<ExitCode, CommandError> {
    let mut output = Output::standard();
    let code = match command {
        Command::List(arguments) => list::list(arguments, &mut output),
        Command::Run(arguments) if arguments.specimens => {
            specimens::run_specimens(arguments, &mut output)
        }
        Command::Run(arguments) => run::run(arguments, &mut output),
        Command::Replay(arguments) => replay::replay(arguments, &mut output),
        Command::Trace(arguments) => trace::trace(arguments, &mut output),
    }?;
    output.flush()?;
    Ok(code)
}
