//! Lines of EDN maps.

use steadfast::Label;

use super::edn_value::{Edn, clip, read};
use super::entry::{Entry, Kind};
use super::format::Line;
use super::value::Value;

pub(super) fn parse(line: &str) -> Result<Line, String> {
    if line.trim_start().starts_with(';') {
        return Ok(Line::Skipped);
    }
    let (value, rest) = read(line)?;
    let Edn::Map(fields) = value else {
        return Err(format!("an event is a map, not {}", clip(line)));
    };
    if !rest.is_empty() {
        return Err(format!("{} comes after the map", clip(rest)));
    }
    let mut map = Fields::default();
    for (key, value) in fields {
        map.take(&key, value)?;
    }
    map.entry()
}

#[derive(Default)]
struct Fields {
    process: Option<Value>,
    kind: Option<Value>,
    op: Option<Value>,
    key: Option<Value>,
    /// `None` for a value that cannot be understood.
    value: Option<Option<Value>>,
    time: Option<Value>,
}

impl Fields {
    fn take(&mut self, name: &Value, value: Edn) -> Result<(), String> {
        let value = match value {
            Edn::Value(value) => Some(value),
            Edn::Map(_) | Edn::Other => None,
        };
        let Some(name) = name.name() else {
            return Ok(());
        };
        let (field, value) = match &*name {
            "value" => {
                let twice = self.value.replace(value).is_some();
                return if twice { Err(again(&name)) } else { Ok(()) };
            }
            "process" => (&mut self.process, value),
            "type" => (&mut self.kind, value),
            "f" => (&mut self.op, value),
            "key" => (&mut self.key, value),
            "time" => (&mut self.time, value),
            _ => return Ok(()),
        };
        let Some(value) = value else {
            return Err(format!(":{name} is neither a text nor a whole number"));
        };
        match field.replace(value) {
            Some(_) => Err(again(&name)),
            None => Ok(()),
        }
    }

    fn entry(self) -> Result<Line, String> {
        let process = named(self.process, "process")?;
        if process == "nemesis" {
            return Ok(Line::Skipped);
        }
        let kind = named(self.kind, "type")?;
        let Some(kind) = Kind::parse(&kind) else {
            return Err(format!(
                ":type is :invoke, :ok, :fail or :info, not :{kind}"
            ));
        };
        let op = named(self.op, "f")?;
        let value = match kind {
            Kind::Invoke | Kind::Ok => self
                .value
                .unwrap_or(Some(Value::Null))
                .ok_or(":value is no value of an operation")?,
            // What stands there where it is not known or did not happen is not read.
            Kind::Fail | Kind::Info => Value::Null,
        };
        let key = match self.key {
            None | Some(Value::Null) => None,
            Some(key) => Some(named(Some(key), "key")?),
        };
        let time = match self.time {
            None | Some(Value::Null) => None,
            Some(Value::Int(time)) if time >= 0 => Some(time.unsigned_abs()),
            Some(time) => return Err(format!(":time is a whole number from 0, not {time}")),
        };
        let entry = Entry {
            process,
            kind,
            op: Some(op),
            key,
            value,
            time,
        };
        Ok(Line::Event(entry.untuple()))
    }
}

fn again(name: &str) -> String {
    format!(":{name} stands there twice")
}

fn named(value: Option<Value>, field: &str) -> Result<Label, String> {
    let value = value.ok_or_else(|| format!(":{field} is missing"))?;
    value
        .name()
        .ok_or_else(|| format!(":{field} is a text or a whole number, not {value}"))
}
