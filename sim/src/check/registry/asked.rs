//! What a workload asked a registry for, restated.

use serde::{Deserialize, Serialize};
use steadfast::Label;
use steadfast::process::ProcessId;
use steadfast::registry::{Condition, Key, Metadata, Value};

/// A question to a registry, in the meaning that the documents give to a query. A
/// checker must not let the code that it checks say what a query means.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Only this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Label>,
    /// Only names that begin so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Label>,
    /// Only what this process holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessId>,
    /// Only where each field passes its test.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(Label, Condition)>,
    /// At most so many, the first in the order of names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

impl Asked {
    /// Whether a name passes the tests on names.
    #[must_use]
    pub fn covers(&self, key: &Key) -> bool {
        let name: &str = &key.name;
        self.name.as_deref().is_none_or(|wanted| wanted == name)
            && self
                .prefix
                .as_deref()
                .is_none_or(|prefix| name.as_bytes().starts_with(prefix.as_bytes()))
    }

    /// Whether a registration is meant, whatever the limit.
    #[must_use]
    pub fn means(&self, key: &Key, process: ProcessId, metadata: &Metadata) -> bool {
        self.covers(key)
            && self.process.is_none_or(|wanted| wanted == process)
            && self
                .fields
                .iter()
                .all(|(field, condition)| passes(condition, metadata.get(field)))
    }
}

/// An absent field passes no test but the one for absence; values are compared with
/// values of their kind; a list is also what its elements are.
fn passes(condition: &Condition, actual: Option<&Value>) -> bool {
    let same = |actual: &Value, wanted: &Value| {
        actual == wanted || matches!(actual, Value::List(items) if items.contains(wanted))
    };
    match (condition, actual) {
        (Condition::Absent, actual) => actual.is_none(),
        (_, None) => false,
        (Condition::Present, Some(_)) => true,
        (Condition::Is(wanted), Some(actual)) => same(actual, wanted),
        (Condition::NoneOf(values), Some(actual)) => {
            values.iter().all(|wanted| !same(actual, wanted))
        }
        (Condition::Less(bound), Some(actual)) => before(actual, bound),
        (Condition::Greater(bound), Some(actual)) => before(bound, actual),
    }
}

fn before(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => !one & other,
        (Value::Int(one), Value::Int(other)) => one < other,
        (Value::Text(one), Value::Text(other)) => one.as_bytes() < other.as_bytes(),
        (
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::List(_),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::List(_),
        ) => false,
    }
}
