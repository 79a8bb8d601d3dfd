//! The command line of Steadfast.

use std::process::ExitCode;

use steadfast_scenarios::{catalogue, command_line, specimens};

fn main() -> ExitCode {
    command_line(catalogue(), specimens())
}
