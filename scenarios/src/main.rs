//! The command line of Steadfast.

mod cli;
mod commands;
mod exit_code;

use std::io::{self, Write};
use std::process;

use clap::Parser;

use cli::{Arguments, CommandError};

fn main() -> process::ExitCode {
    let arguments = Arguments::parse();
    match commands::perform(&arguments.command) {
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
