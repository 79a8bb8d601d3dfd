//! Which registrations of a scope are meant.

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::error::RegistryError;
use super::key::Key;
use super::metadata::{Metadata, Value};
use crate::label::Label;
use crate::process::ProcessId;

/// A test of one field.
///
/// A field that is absent fails every test but [`Absent`](Self::Absent). Comparisons
/// hold only between values of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// The value is this one, or is a list with this element.
    Is(Value),
    /// The field exists.
    Present,
    /// The field does not exist.
    Absent,
    /// The value is of the same kind and less.
    Less(Value),
    /// The value is of the same kind and greater.
    Greater(Value),
    /// The value is none of these, and no list with one of them.
    NoneOf(Vec<Value>),
}

/// A conjunction of tests on name, holder and fields.
///
/// ```
/// use steadfast::registry::Query;
///
/// let query = Query::all().prefix("workers/").is("tier", 2).limit(10);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Query {
    name: Option<Label>,
    prefix: Option<Label>,
    process: Option<ProcessId>,
    conditions: Vec<(Label, Condition)>,
    limit: Option<usize>,
}

impl Query {
    /// How many conditions a query may have.
    pub const CONDITIONS_MAX: usize = 32;

    /// Every registration of the scope.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only this name, letter by letter.
    #[must_use]
    pub fn name(mut self, name: impl Into<Label>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Only names that begin so. No character has a meaning of its own.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<Label>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Only what this process holds.
    #[must_use]
    pub const fn held_by(mut self, process: ProcessId) -> Self {
        self.process = Some(process);
        self
    }

    /// Only where the field has this value, or is a list with this element.
    #[must_use]
    pub fn is(self, field: impl Into<Label>, value: impl Into<Value>) -> Self {
        self.field(field, Condition::Is(value.into()))
    }

    /// Only where the field passes a test.
    #[must_use]
    pub fn field(mut self, field: impl Into<Label>, condition: Condition) -> Self {
        self.conditions.push((field.into(), condition));
        self
    }

    /// At most so many, the first in the order of names, across all partitions.
    #[must_use]
    pub const fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Checks that it makes sense.
    ///
    /// # Errors
    ///
    /// [`RegistryError::InvalidQuery`]: a limit of zero, an empty field name, an
    /// empty list of values, a comparison with a list or null, or too many conditions.
    pub fn check(&self) -> Result<(), RegistryError> {
        let invalid = |why: String| Err(RegistryError::InvalidQuery { why: why.into() });
        if self.limit == Some(0) {
            return invalid("a limit of 0 asks for nothing".to_owned());
        }
        if self.conditions.len() > Self::CONDITIONS_MAX {
            let (most, asked) = (Self::CONDITIONS_MAX, self.conditions.len());
            return invalid(format!("{asked} conditions, and {most} are the most"));
        }
        for (field, condition) in &self.conditions {
            if field.is_empty() {
                return invalid("a condition names no field".to_owned());
            }
            match condition {
                Condition::NoneOf(values) if values.is_empty() => {
                    return invalid(format!("{field:?} is compared with none of no values"));
                }
                Condition::Less(Value::Null | Value::List(_))
                | Condition::Greater(Value::Null | Value::List(_)) => {
                    return invalid(format!("{field:?} is compared with what has no order"));
                }
                Condition::Is(_)
                | Condition::Present
                | Condition::Absent
                | Condition::Less(_)
                | Condition::Greater(_)
                | Condition::NoneOf(_) => {}
            }
        }
        Ok(())
    }

    /// Whether a registration is meant, whatever the limit. This is the meaning of a
    /// query: an index may only find the same ones faster.
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        self.means(&entry.key, entry.process, &entry.metadata)
    }

    /// Whether a registration would be meant if it had these metadata.
    pub(super) fn matches_with(&self, entry: &Entry, metadata: &Metadata) -> bool {
        self.means(&entry.key, entry.process, metadata)
    }

    /// Whether a registration is meant, by its parts.
    pub(super) fn means(&self, key: &Key, holder: ProcessId, metadata: &Metadata) -> bool {
        self.covers_key(key)
            && self.process.is_none_or(|process| process == holder)
            && self
                .conditions
                .iter()
                .all(|(field, condition)| condition.holds(metadata.get(field)))
    }

    /// Whether a name passes the tests on names.
    #[must_use]
    pub fn covers_key(&self, key: &Key) -> bool {
        self.name.as_ref().is_none_or(|name| *name == key.name)
            && self
                .prefix
                .as_ref()
                .is_none_or(|prefix| key.name.starts_with(&**prefix))
    }

    /// The one name that it asks for, if it does.
    #[must_use]
    pub const fn exact_name(&self) -> Option<&Label> {
        self.name.as_ref()
    }

    /// The prefix that it asks for, if it does.
    #[must_use]
    pub const fn name_prefix(&self) -> Option<&Label> {
        self.prefix.as_ref()
    }

    /// The holder that it asks for, if it does.
    #[must_use]
    pub const fn holder(&self) -> Option<ProcessId> {
        self.process
    }

    /// The values that a field must have, for an index.
    pub fn equalities(&self) -> impl Iterator<Item = (&Label, &Value)> {
        self.conditions.iter().filter_map(|(field, condition)| {
            if let Condition::Is(value) = condition {
                Some((field, value))
            } else {
                None
            }
        })
    }

    /// The most that it wants.
    #[must_use]
    pub const fn most(&self) -> Option<usize> {
        self.limit
    }
}

impl Condition {
    fn holds(&self, actual: Option<&Value>) -> bool {
        let Some(actual) = actual else {
            return *self == Self::Absent;
        };
        match self {
            Self::Is(wanted) => is_or_has(actual, wanted),
            Self::Present => true,
            Self::Absent => false,
            Self::Less(bound) => same_kind(actual, bound) && actual < bound,
            Self::Greater(bound) => same_kind(actual, bound) && actual > bound,
            Self::NoneOf(values) => !values.iter().any(|value| is_or_has(actual, value)),
        }
    }
}

fn is_or_has(actual: &Value, wanted: &Value) -> bool {
    actual == wanted || matches!(actual, Value::List(list) if list.contains(wanted))
}

fn same_kind(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{Incarnation, NodeId};

    fn entry(name: &str, metadata: Metadata) -> Entry {
        Entry {
            key: Key::new("s", name),
            process: ProcessId {
                node: NodeId(1),
                incarnation: Incarnation(1),
                local: 1,
            },
            metadata,
            revision: 1,
            handle: None,
        }
    }

    #[test]
    fn all_tests_must_pass() {
        let metadata = Metadata::new()
            .with("tier", 2)
            .with("roles", vec!["a", "b"]);
        let entry = entry("workers/1", metadata);
        let yes = [
            Query::all(),
            Query::all().prefix("workers/"),
            Query::all().name("workers/1"),
            Query::all().is("tier", 2).is("roles", "b"),
            Query::all().field("tier", Condition::Less(3.into())),
            Query::all().field("tier", Condition::Greater(1.into())),
            Query::all().field("size", Condition::Absent),
            Query::all().field("roles", Condition::NoneOf(vec!["c".into()])),
            Query::all().held_by(entry.process),
        ];
        let no = [
            Query::all().prefix("worker/"),
            Query::all().name("workers/*"),
            Query::all().is("tier", 2).is("roles", "c"),
            Query::all().is("tier", "2"),
            Query::all().field("tier", Condition::Less("3".into())),
            Query::all().field("size", Condition::Present),
            Query::all().field("size", Condition::NoneOf(vec![1.into()])),
            Query::all().field("roles", Condition::NoneOf(vec!["a".into()])),
        ];
        for query in yes {
            assert!(query.matches(&entry), "{query:?}");
        }
        for query in no {
            assert!(!query.matches(&entry), "{query:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let nonsense = [
            Query::all().limit(0),
            Query::all().is("", 1),
            Query::all().field("tier", Condition::Less(Value::Null)),
            Query::all().field("tier", Condition::NoneOf(Vec::new())),
            (0..=Query::CONDITIONS_MAX).fold(Query::all(), |query, _| query.is("tier", 1)),
        ];
        for query in nonsense {
            let refused = matches!(query.check(), Err(RegistryError::InvalidQuery { .. }));
            assert!(refused, "{query:?}");
        }
        assert_eq!(Query::all().is("tier", 1).limit(1).check(), Ok(()));
    }
}
