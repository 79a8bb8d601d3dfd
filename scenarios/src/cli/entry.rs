//! Where the command line begins.

use std::io::{self, Write};
use std::process;
use std::sync::Arc;

use clap::Parser;
use steadfast_sim::Scenario;

use super::arguments::Arguments;
use super::error::CommandError;
use super::subject::Subjects;
use crate::commands::perform;
use crate::specimens::Specimen;

/// The whole `steadfast` command for these scenarios and specimens, whose names must
/// be unique: reads the arguments of the process, performs the command, and answers
/// its exit code. A `main` of your own that calls it with your own scenarios has
/// everything that the command has.
///
/// Call it before the process has any other thread: runs are forked, and a process
/// with several threads cannot be.
pub fn command_line(
    scenarios: Vec<Arc<dyn Scenario>>,
    specimens: Vec<Specimen>,
) -> process::ExitCode {
    let arguments = Arguments::parse();
    match perform(&arguments.command, &Subjects::new(scenarios, specimens)) {
        Ok(code) => code.into(),
        Err(error) => {
            report(&error);
            error.code.into()
        }
    }
}

/// Tells of an error. If standard error is closed, the exit code has to do.
fn report(error: &CommandError) {
    drop(io::stderr().write_all(error.text().as_bytes()));
}
