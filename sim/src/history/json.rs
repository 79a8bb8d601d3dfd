//! Our own lines of JSON.

use serde::{Deserialize, Serialize};
use steadfast::Label;

use super::entry::{Entry, Kind};
use super::format::Line;
use super::value::Value;

/// The version of the format that is read.
const VERSION: u64 = 1;

/// A line as it is written.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct JsonLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    history_version: Option<u64>,
    #[serde(skip_serializing_if = "Value::is_null")]
    process: Value,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<Label>,
    #[serde(skip_serializing_if = "Option::is_none")]
    op: Option<Label>,
    #[serde(skip_serializing_if = "Value::is_null")]
    key: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Label>,
}

pub(super) fn parse(line: &str, first: bool) -> Result<Line, String> {
    let line: JsonLine = serde_json::from_str(line).map_err(|error| {
        // The message ends with a line and a column; the line is always 1.
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        format!("column {}: {text}", error.column())
    })?;
    if let Some(version) = line.history_version {
        return version_line(&line, version, first);
    }
    let process = named(&line.process, "process")?.ok_or("process is missing")?;
    let kind = line.kind.as_ref().ok_or("type is missing")?;
    let Some(kind) = Kind::parse(kind) else {
        return Err(format!(
            "type is \"invoke\", \"ok\", \"fail\" or \"info\", not {:?}",
            kind.as_str()
        ));
    };
    if kind == Kind::Invoke && line.op.is_none() {
        return Err("op is missing".to_owned());
    }
    Ok(Line::Event(Entry {
        process,
        kind,
        op: line.op,
        key: named(&line.key, "key")?,
        value: line.value,
        time: line.time,
    }))
}

fn version_line(line: &JsonLine, version: u64, first: bool) -> Result<Line, String> {
    if version != VERSION {
        return Err(format!(
            "history_version is {version}, and only {VERSION} can be read"
        ));
    }
    if !first {
        return Err("history_version stands only on the first line".to_owned());
    }
    if line.kind.is_some() || line.op.is_some() || !line.process.is_null() {
        return Err("history_version stands on a line of its own".to_owned());
    }
    Ok(Line::Skipped)
}

fn named(value: &Value, field: &str) -> Result<Option<Label>, String> {
    match value.name() {
        None if value.is_null() => Ok(None),
        Some(name) => Ok(Some(name)),
        None => Err(format!("{field} is a text or a whole number, not {value}")),
    }
}

/// Writes an event.
pub(super) fn write(entry: &Entry) -> String {
    let line = JsonLine {
        process: Value::Text(entry.process.clone()),
        kind: Some(
            match entry.kind {
                Kind::Invoke => "invoke",
                Kind::Ok => "ok",
                Kind::Fail => "fail",
                Kind::Info => "info",
            }
            .into(),
        ),
        op: entry.op.clone(),
        key: entry.key.clone().map_or(Value::Null, Value::Text),
        value: entry.value.clone(),
        time: entry.time,
        ..JsonLine::default()
    };
    serde_json::to_string(&line).expect("a line of texts and numbers can be written")
}
