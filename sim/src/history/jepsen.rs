//! Lines of Jepsen's log.

use super::edn_value::read_value;
use super::entry::{Entry, Kind};
use super::format::Line;
use super::value::Value;

/// The levels that a line of a log can begin with.
const LEVELS: [&str; 5] = ["INFO", "WARN", "ERROR", "DEBUG", "TRACE"];

/// What the logger of operations is called.
const LOGGER: &str = "jepsen.util";

/// Whether it is a line of a logger, of operations or not.
pub(super) fn is_log(line: &str) -> bool {
    logged(line).is_some()
}

/// The logger and the message of a line that begins with a level.
fn logged(line: &str) -> Option<(&str, &str)> {
    let (head, message) = line.split_once(" - ")?;
    let mut words = head.split_whitespace();
    let level = words.next()?;
    LEVELS.contains(&level).then_some(())?;
    Some((words.last().unwrap_or_default(), message))
}

pub(super) fn parse(line: &str) -> Result<Line, String> {
    let event = match logged(line) {
        Some((LOGGER, message)) => message,
        Some(_) => return Ok(Line::Skipped),
        None => line,
    };
    let (process, rest) = word(event);
    let (kind, rest) = word(rest);
    let (op, rest) = word(rest);
    if process == ":nemesis" {
        return Ok(Line::Skipped);
    }
    if process.parse::<u64>().is_err() {
        return Err(format!("a process is a whole number, not {process:?}"));
    }
    let Some(kind) = keyword(kind).and_then(Kind::parse) else {
        return Err(format!(
            "a type is :invoke, :ok, :fail or :info, not {kind:?}"
        ));
    };
    let Some(op) = keyword(op) else {
        return Err(format!("an operation begins with a colon, not {op:?}"));
    };
    // Where it is not known or did not happen, the error may stand in place of the
    // value.
    let value = match kind {
        Kind::Invoke | Kind::Ok => value(rest)?,
        Kind::Fail | Kind::Info => Value::Null,
    };
    let entry = Entry {
        process: process.into(),
        kind,
        op: Some(op.into()),
        key: None,
        value,
        time: None,
    };
    Ok(Line::Event(entry.untuple()))
}

/// The value, after which an error may stand.
fn value(text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let (value, rest) = read_value(text)?;
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with(':') {
        Ok(value)
    } else {
        Err(format!("{rest:?} comes after the value"))
    }
}

fn keyword(word: &str) -> Option<&str> {
    word.strip_prefix(':').filter(|name| !name.is_empty())
}

/// The first word, and what comes after it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(char::is_whitespace).unwrap_or((text, ""))
}
