//! `steadfast replay`: the same run again, or not.

use std::io::BufReader;
use std::process::{Command, Stdio};

use steadfast_sim::report::FailureReport;
use steadfast_sim::sweep::{
    Keep, PlannedRun, Watchdog, compare, compare_with_capsule, run_isolated,
};
use steadfast_sim::trace::file;
use steadfast_sim::{Build, Outcome, Run, RunReport};

use super::failures::command;
use super::target::{Target, source};
use crate::cli::{CommandError, Output, ReplayArguments, Subjects, program};
use crate::exit_code::ExitCode;

pub(super) fn replay(
    arguments: &ReplayArguments,
    subjects: &Subjects,
    output: &mut Output,
) -> Result<ExitCode, CommandError> {
    let target = Target::resolve(
        subjects,
        &arguments.target,
        arguments.seed,
        arguments.any_build,
    )?;
    let Some((scenario, source)) = source(&target) else {
        return Err(CommandError::usage(
            format!(
                "{} is a trace file, which cannot be replayed",
                arguments.target
            ),
            "replay the scenario and seed in its first line",
        ));
    };
    let watchdog = Watchdog::new(arguments.watchdog.limit());
    let run = || {
        run_isolated(scenario, source, Keep::Trace, watchdog)
            .map_err(|error| CommandError::internal("the run failed", &error))
    };
    let mut first = run()?;
    let second = match first.run.report.known_digest() {
        Some(_) => run_elsewhere(&first, arguments)?,
        // A run that leaves no trace is only compared by how it ends.
        None => run()?,
    };
    let mut difference = compare(&first, &second);
    if let (None, Target::Capsule { capsule, .. }, false) =
        (&difference, &target, arguments.any_build)
    {
        difference = compare_with_capsule(capsule, &first);
    }
    tell(arguments, &mut first, difference, output)
}

/// Runs the same thing in a process that is executed anew, so that nothing is shared
/// with this one, not even the addresses of its memory.
fn run_elsewhere(
    first: &PlannedRun,
    arguments: &ReplayArguments,
) -> Result<PlannedRun, CommandError> {
    let failed = |error: &dyn std::error::Error| {
        CommandError::internal("the second process could not be run", error)
    };
    let mut command = Command::new(Build::executable_file().map_err(|error| failed(&error))?);
    command.arg("trace").arg(&arguments.target);
    if let Some(seed) = arguments.seed {
        command.arg("--seed").arg(seed.to_string());
    }
    if arguments.any_build {
        command.arg("--any-build");
    }
    let seconds = arguments.watchdog.limit().as_secs().to_string();
    command.args(["--format", "json", "--watchdog", &seconds]);
    let mut process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(&error))?;
    let trace = process
        .stdout
        .take()
        .map(|stdout| file::read(BufReader::new(stdout)));
    let status = process.wait().map_err(|error| failed(&error))?;
    let (report, records) = match trace {
        Some(Ok(trace)) => {
            let report = RunReport {
                digest: trace.footer.digest,
                records: trace.footer.records,
                ..RunReport::lost(trace.footer.outcome)
            };
            (report, trace.records)
        }
        Some(Err(_)) | None => {
            let lost = RunReport::lost(Outcome::Panicked {
                text: format!("the second process gave no trace ({status})"),
                place: None,
            });
            (lost, Vec::new())
        }
    };
    Ok(PlannedRun {
        plan: first.plan.clone(),
        run: Run {
            report,
            trace: records,
            prefix_digests: Vec::new(),
        },
    })
}

fn tell(
    arguments: &ReplayArguments,
    first: &mut PlannedRun,
    difference: Option<Outcome>,
    output: &mut Output,
) -> Result<ExitCode, CommandError> {
    let same = difference.is_none();
    if let Some(diverged) = difference {
        first.run.report.outcome = diverged;
    }
    let report = &first.run.report;
    let command = match arguments.seed {
        Some(seed) => command(&arguments.target, seed),
        None => format!("{} replay {}", program(), arguments.target),
    };
    if same {
        output.line(match report.known_digest() {
            Some(digest) => format!(
                "same digest in two processes: {digest}, {} records",
                report.records
            ),
            None => "same end in two processes, neither with a trace".to_owned(),
        })?;
    }
    if report.outcome == Outcome::Passed {
        output.line(format!(
            "{} seed {}: passed",
            first.plan.scenario, first.plan.seed
        ))?;
    } else {
        output.line(FailureReport {
            planned: first,
            capsule: None,
            command: &command,
        })?;
    }
    Ok(ExitCode::of(&report.outcome))
}
