//! What can be said on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use steadfast_sim::sweep::{Seeds, Sweep};

use crate::exit_code::ExitCode;

/// Runs seeded fault scenarios in a deterministic simulation, and replays what fails.
#[derive(Debug, Parser)]
#[command(name = "steadfast", version, after_help = ExitCode::HELP, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List scenarios, specimens and faults.
    List(ListArguments),
    /// Run scenarios over a range of seeds: the main job.
    #[command(after_help = ExitCode::HELP)]
    Run(RunArguments),
    /// Run a seed or a capsule again and compare the digests.
    #[command(after_help = ExitCode::HELP)]
    Replay(ReplayArguments),
    /// Show what happened in a seed, a capsule or a trace file.
    Trace(TraceArguments),
}

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// How the list is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Which scenarios; all of them if none is named.
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<String>,
    /// Which seeds: A..B without B, A..=B, or one number [default: 0..100]. With
    /// --specimens: how far from its first seed a hunt may go [default: 0..1000].
    #[arg(long, value_name = "A..B")]
    pub(crate) seeds: Option<Seeds>,
    /// How many runs go on at a time [default: the number of processors].
    #[arg(long, value_name = "N", value_parser = parse_jobs)]
    pub(crate) jobs: Option<usize>,
    /// Run the specimens instead, each until it is caught, from several first seeds.
    #[arg(long)]
    pub(crate) specimens: bool,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// The folder for the capsules of failed seeds; made when it is missing.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "capsules",
        conflicts_with = "specimens"
    )]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) watchdog: WatchdogArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// A scenario (with --seed), or the file of a capsule.
    #[arg(value_name = "SCENARIO|CAPSULE")]
    pub(crate) target: String,
    /// The seed of the scenario.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Take a capsule of another build: run its plan with this one.
    #[arg(long, conflicts_with = "seed")]
    pub(crate) any_build: bool,
    #[command(flatten)]
    pub(crate) watchdog: WatchdogArguments,
}

#[derive(Debug, Args)]
pub(crate) struct TraceArguments {
    /// A scenario (with --seed), or the file of a capsule or of a trace.
    #[arg(value_name = "SCENARIO|FILE")]
    pub(crate) target: String,
    /// The seed of the scenario.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Take a capsule of another build: run its plan with this one.
    #[arg(long, conflicts_with = "seed")]
    pub(crate) any_build: bool,
    /// How the trace is written: lines of text, or lines of JSON, which is the format
    /// of trace files.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Leave out raw tasks, messages and files.
    #[arg(long)]
    pub(crate) story: bool,
    /// Write into this new file instead of to standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) watchdog: WatchdogArguments,
}

#[derive(Debug, Args)]
pub(crate) struct WatchdogArguments {
    /// How many seconds of wall-clock time a run may take before it counts as stalled.
    #[arg(long = "watchdog", value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
}

impl WatchdogArguments {
    pub(crate) const fn limit(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

fn parse_jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs) if (1..=Sweep::WORKERS_MAX).contains(&jobs) => Ok(jobs),
        Ok(_) | Err(_) => Err(format!("write a number from 1 to {}", Sweep::WORKERS_MAX)),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
