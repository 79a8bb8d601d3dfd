//! Files in a few words.

use crate::check::linearizability::{Register, RegisterAnswer, RegisterCall};
use crate::history::{Format, History, HistoryError, HistoryLimits, Operation, Outcome, read};

pub(super) type Registers = History<RegisterCall, RegisterAnswer>;

pub(super) fn registers(text: &str) -> Result<(Registers, Format), HistoryError> {
    read(text.as_bytes(), None, &Register, HistoryLimits::default())
}

/// What is wrong with a file.
pub(super) fn complaint(text: &str) -> String {
    registers(text).map(|_| ()).unwrap_err().to_string()
}

/// An operation as one line.
pub(super) fn shown(operation: &Operation<RegisterCall, RegisterAnswer>) -> String {
    let outcome = match &operation.outcome {
        Outcome::Ok(answer) => answer.to_string(),
        Outcome::Failed => "failed".to_owned(),
        Outcome::Unknown => "unknown".to_owned(),
    };
    let end = operation.completed.map(|end| end.position.to_string());
    format!(
        "{}-{} {} {}: {} {outcome}",
        operation.invoked.position,
        end.unwrap_or_default(),
        operation.process,
        operation.key,
        operation.call
    )
}
