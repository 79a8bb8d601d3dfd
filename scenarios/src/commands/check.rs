//! `steadfast check`: whether a recorded history is linearizable.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use serde::Serialize;
use steadfast_sim::check::linearizability::{
    self, Bound, Bounds, Counter, Judgement, Kv, Lock, Model, Register, Verdict, Witness,
};
use steadfast_sim::history::{self, Format as HistoryFormat, HistoryError, HistoryLimits};

use super::table::grouped;
use crate::cli::{CheckArguments, CommandError, Format, InputFormat, ModelName, Output};
use crate::exit_code::ExitCode;

pub(super) fn check(
    arguments: &CheckArguments,
    output: &mut Output,
) -> Result<ExitCode, CommandError> {
    match arguments.model {
        ModelName::Register => judge(&Register, "register", arguments, output),
        ModelName::Counter => judge(&Counter, "counter", arguments, output),
        ModelName::Kv => judge(&Kv, "kv", arguments, output),
        ModelName::Lock => judge(&Lock, "lock", arguments, output),
    }
}

fn judge<M: Model>(
    model: &M,
    name: &'static str,
    arguments: &CheckArguments,
    output: &mut Output,
) -> Result<ExitCode, CommandError> {
    let (history, input) = history::read(
        open(&arguments.file)?,
        arguments.input.map(format),
        model,
        HistoryLimits::default(),
    )
    .map_err(|error| unreadable(&arguments.file, &error))?;
    let mebibytes = usize::try_from(arguments.memory).unwrap_or(usize::MAX);
    let bounds = Bounds {
        memory_bytes: mebibytes.saturating_mul(1 << 20),
        steps: arguments.steps,
    };
    let judgement = linearizability::check(model, &history, bounds);
    match arguments.format {
        Format::Json => write_json(&judgement, name, input, output)?,
        Format::Text => write_text(&judgement, output)?,
    }
    Ok(match judgement.verdict {
        Verdict::Linearizable => ExitCode::Passed,
        Verdict::Illegal(_) => ExitCode::Violated,
        Verdict::Unknown(_) => ExitCode::Unknown,
    })
}

const fn format(input: InputFormat) -> HistoryFormat {
    match input {
        InputFormat::Jepsen => HistoryFormat::Jepsen,
        InputFormat::Edn => HistoryFormat::Edn,
        InputFormat::Json => HistoryFormat::Json,
    }
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, CommandError> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    match File::open(path) {
        Ok(file) => Ok(Box::new(BufReader::new(file))),
        Err(error) => Err(CommandError::usage(
            format!("history {}: {error}", path.display()),
            "name a file that can be read, or - for standard input",
        )),
    }
}

fn unreadable(path: &Path, error: &HistoryError) -> CommandError {
    CommandError::usage(
        format!("history {}: {error}", path.display()),
        "`check --help` says how histories are written; --input jepsen|edn|json says which format it is",
    )
}

fn write_text(judgement: &Judgement, output: &mut Output) -> Result<(), CommandError> {
    let word = judgement.verdict.word();
    match &judgement.verdict {
        Verdict::Linearizable => output.line(word)?,
        Verdict::Illegal(witness) => {
            output.line(word)?;
            output.line(witness)?;
        }
        Verdict::Unknown(reason) => {
            output.line(format!("{word}: {reason}"))?;
            output.line(match reason.bound {
                Bound::Memory { .. } => "more may be allowed by --memory",
                Bound::Steps { .. } => "more may be allowed by --steps",
            })?;
        }
    }
    let count = |count: usize| grouped(count as u64);
    output.line(format!(
        "{} operations ({} failed, {} of unknown outcome), {} keys, {} steps, {} KiB",
        count(judgement.operations),
        count(judgement.failed),
        count(judgement.unknown),
        count(judgement.keys),
        grouped(judgement.steps),
        count(judgement.memory_bytes.div_ceil(1 << 10)),
    ))
}

/// A verdict for programs.
#[derive(Serialize)]
struct Judged<'a> {
    verdict: &'static str,
    model: &'static str,
    input: &'static str,
    operations: usize,
    failed: usize,
    unknown: usize,
    keys: usize,
    steps: u64,
    memory_bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<&'a Witness>,
}

fn write_json(
    judgement: &Judgement,
    model: &'static str,
    input: HistoryFormat,
    output: &mut Output,
) -> Result<(), CommandError> {
    let (reason, witness) = match &judgement.verdict {
        Verdict::Linearizable => (None, None),
        Verdict::Illegal(witness) => (None, Some(&**witness)),
        Verdict::Unknown(reason) => (Some(reason.to_string()), None),
    };
    let judged = Judged {
        verdict: judgement.verdict.word(),
        model,
        input: input.word(),
        operations: judgement.operations,
        failed: judgement.failed,
        unknown: judgement.unknown,
        keys: judgement.keys,
        steps: judgement.steps,
        memory_bytes: judgement.memory_bytes,
        reason,
        witness,
    };
    let text = serde_json::to_string_pretty(&judged)
        .map_err(|error| CommandError::internal("the verdict", &error))?;
    output.line(text)
}
