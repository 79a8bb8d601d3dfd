//! `steadfast trace`: what happened.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use steadfast_sim::sweep::{Keep, PlannedRun, Watchdog, run_isolated};
use steadfast_sim::trace::file::{self, Footer, Header, TraceFile};
use steadfast_sim::trace::render::{Options, Renderer};

use super::failures::current_build;
use super::target::{Target, source};
use crate::cli::{CommandError, Format, Output, Subjects, TraceArguments};
use crate::exit_code::ExitCode;

pub(super) fn trace(
    arguments: &TraceArguments,
    subjects: &Subjects,
    output: &mut Output,
) -> Result<ExitCode, CommandError> {
    if arguments.story && arguments.format == Format::Json {
        return Err(CommandError::usage(
            "--story leaves lines out, and a trace file must be whole",
            "leave out --story, or --format json",
        ));
    }
    let target = Target::resolve(
        subjects,
        &arguments.target,
        arguments.seed,
        arguments.any_build,
    )?;
    let Some(path) = &arguments.output else {
        let trace = obtain(&target, arguments)?;
        return write(&trace, arguments, output);
    };
    // Before anything is run, so that a name that is taken costs nothing.
    let created = File::create_new(path).map_err(|error| CommandError::unwritable(path, &error))?;
    let written =
        obtain(&target, arguments).and_then(|trace| write_file(&trace, arguments, path, created));
    if written.is_err() {
        // What is there is not what was asked for; if it stays, the error says enough.
        drop(fs::remove_file(path));
    }
    written
}

/// Reads the trace, or runs what it is the trace of.
fn obtain(target: &Target, arguments: &TraceArguments) -> Result<TraceFile, CommandError> {
    let Some((scenario, source)) = source(target) else {
        return read(Path::new(&arguments.target));
    };
    let watchdog = Watchdog::new(arguments.watchdog.limit());
    let planned = run_isolated(scenario, source, Keep::Trace, watchdog)
        .map_err(|error| CommandError::internal("the run failed", &error))?;
    into_trace(planned)
}

fn read(path: &Path) -> Result<TraceFile, CommandError> {
    let named = |error: &dyn std::fmt::Display| format!("trace file {}: {error}", path.display());
    let file = File::open(path)
        .map_err(|error| CommandError::usage(named(&error), "name a file that can be read"))?;
    file::read(BufReader::new(file))
        .map_err(|error| CommandError::usage(named(&error), error.remedy()))
}

fn into_trace(planned: PlannedRun) -> Result<TraceFile, CommandError> {
    let report = planned.run.report;
    let Some(digest) = report.known_digest() else {
        return Err(CommandError::lost(&planned.plan, &report.outcome));
    };
    Ok(TraceFile {
        header: Header::new(planned.plan, current_build()?.to_string()),
        records: planned.run.trace,
        footer: Footer {
            digest,
            records: report.records,
            outcome: report.outcome,
        },
    })
}

fn write_file(
    trace: &TraceFile,
    arguments: &TraceArguments,
    path: &Path,
    file: File,
) -> Result<ExitCode, CommandError> {
    let mut file = BufWriter::new(file);
    let written = match arguments.format {
        Format::Json => file::write(&mut file, &trace.header, &trace.records, &trace.footer),
        Format::Text => lines(trace, arguments.story).try_for_each(|line| writeln!(file, "{line}")),
    };
    written
        .and_then(|()| file.flush())
        .map_err(|error| CommandError::unwritable(path, &error))?;
    Ok(ExitCode::Passed)
}

fn write(
    trace: &TraceFile,
    arguments: &TraceArguments,
    output: &mut Output,
) -> Result<ExitCode, CommandError> {
    match arguments.format {
        Format::Json => output.write(|mut stream| {
            file::write(&mut stream, &trace.header, &trace.records, &trace.footer)
        })?,
        Format::Text => {
            for line in lines(trace, arguments.story) {
                output.line(line)?;
                if output.is_closed() {
                    break;
                }
            }
        }
    }
    Ok(ExitCode::Passed)
}

fn lines(trace: &TraceFile, story: bool) -> impl Iterator<Item = String> {
    let options = if story { Options::STORY } else { Options::FULL };
    let mut renderer = Renderer::new(options);
    trace
        .records
        .iter()
        .filter_map(move |record| renderer.line(record))
}
