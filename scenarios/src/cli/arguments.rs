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
    /// Check whether a recorded history is linearizable.
    #[command(after_help = ExitCode::HELP, after_long_help = CHECK_HELP)]
    Check(CheckArguments),
}

/// What histories look like.
const CHECK_HELP: &str = "\
A history is a list of events in the order of real time. Its formats:

  jepsen   lines of Jepsen's log, with or without what comes before the process:
             INFO  jepsen.util - 0  :invoke  :cas  [1 4]
             INFO  jepsen.util - 0  :info    :cas  :timed-out
  edn      one map a line:
             {:process 0, :type :invoke, :f :append, :key \"k\", :value \"x\"}
             {:process 0, :type :ok, :f :append, :key \"k\", :value \"x\"}
  json     one object a line; an optional first line is {\"history_version\":1}:
             {\"process\":0,\"type\":\"invoke\",\"op\":\"write\",\"key\":\"k\",\"value\":3,\"time\":120}
             {\"process\":0,\"type\":\"ok\",\"time\":340}

Types: invoke; ok (it took effect, with the value as its answer); fail (it certainly
did not and never will); info (nobody knows: it may take effect at any later time, or
never). What has not ended when the history does is unknown, too. A process has one
operation at a time. Keys are objects of their own. Times are nanoseconds and only
shown; the order of the lines counts.

Models and their operations, with the value of the invocation and that of ok:

  register   read (null; what was read), write (value; null), cas ([old,new]; true,
             or false: it was not old); begins as null
  kv         get (null; the text, null for missing), put, append (text; null),
             delete (null; null), cas; every operation names a key
  lock       acquire (null; true, or a fencing token that must rise, or false: held),
             release (null; true, or false: not held by this process)

The verdict is one of three: linearizable (exit code 0), not linearizable (10, with
a witness), unknown (14: a bound was hit, which says nothing about the history). A
file that cannot be read ends with 2, and with the line and the reason.

Exit codes:
  0   linearizable
  10  not linearizable
  14  unknown
  2   wrong usage, or a file that cannot be read
  1   the harness itself failed";

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
pub(crate) struct CheckArguments {
    /// The file of the history; - is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What the history is of.
    #[arg(long, value_enum, value_name = "register|counter|kv|lock")]
    pub(crate) model: ModelName,
    /// How the history is written [default: what its first line looks like].
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) input: Option<InputFormat>,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// How many MiB may be remembered for one key.
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub(crate) memory: u64,
    /// How many placements may be tried for one key.
    #[arg(long, value_name = "N", default_value_t = 100_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) steps: u64,
}

/// What a history is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModelName {
    /// A register: read, write, cas.
    Register,
    /// A counter: read, add, write, cas.
    Counter,
    /// Texts under keys: get, put, append, delete, cas.
    Kv,
    /// A lock: acquire, release.
    Lock,
}

/// How a history is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    /// Lines of Jepsen's log.
    Jepsen,
    /// One EDN map a line.
    Edn,
    /// One JSON object a line.
    Json,
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
