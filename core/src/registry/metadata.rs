//! What is known of a registration beside its holder.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::error::RegistryError;
use crate::label::Label;

/// A value of a field. Values of different kinds are never equal; between kinds the
/// order is that of declaration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Value {
    /// Known to be nothing, as opposed to a field that is absent.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A text.
    Text(Label),
    /// A list, of which an index knows each element.
    List(Vec<Self>),
}

impl Value {
    /// What it weighs against [`Metadata::WEIGHT_MAX`]: its bytes, roughly.
    fn weight(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 1,
            Self::Int(_) => 8,
            Self::Text(text) => 8 + text.len(),
            Self::List(list) => 8 + list.iter().map(Self::weight).sum::<usize>(),
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Text(_) => 0,
            Self::List(list) => 1 + list.iter().map(Self::depth).max().unwrap_or(0),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Text(value) => fmt::Debug::fmt(value, f),
            Self::List(list) => {
                f.write_str("[")?;
                for (index, value) in list.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { ", " })?;
                    value.fmt(f)?;
                }
                f.write_str("]")
            }
        }
    }
}

/// Fields with values, in the order of their names. Immutable and cheap to clone; an
/// empty one costs nothing.
///
/// An update replaces the whole: fields are never merged with those before.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(Arc<BTreeMap<Label, Value>>);

static EMPTY: LazyLock<Metadata> = LazyLock::new(|| Metadata(Arc::default()));

impl Metadata {
    /// The most that one registration may carry, in bytes, roughly.
    pub const WEIGHT_MAX: usize = 16 * 1024;

    /// How deep lists may lie in lists.
    pub const DEPTH_MAX: usize = 8;

    /// No fields.
    #[must_use]
    pub fn new() -> Self {
        EMPTY.clone()
    }

    /// The same with one more field, or with another value for it.
    #[must_use]
    pub fn with(mut self, field: impl Into<Label>, value: impl Into<Value>) -> Self {
        Arc::make_mut(&mut self.0).insert(field.into(), value.into());
        self
    }

    /// The same without a field.
    #[must_use]
    pub fn without(mut self, field: &str) -> Self {
        if self.0.contains_key(field) {
            Arc::make_mut(&mut self.0).remove(field);
        }
        self
    }

    /// The value of a field; `None` if it is absent.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    /// All fields, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&Label, &Value)> {
        self.0.iter()
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its bytes, roughly.
    #[must_use]
    pub fn weight(&self) -> usize {
        let fields = self.0.iter();
        fields
            .map(|(field, value)| field.len() + value.weight())
            .sum()
    }

    /// Checks the bounds.
    ///
    /// # Errors
    ///
    /// [`RegistryError::InvalidMetadata`]: an empty field name, more than
    /// [`WEIGHT_MAX`](Self::WEIGHT_MAX), or lists deeper than
    /// [`DEPTH_MAX`](Self::DEPTH_MAX).
    pub fn check(&self) -> Result<(), RegistryError> {
        let invalid = |why: String| Err(RegistryError::InvalidMetadata { why: why.into() });
        if self.0.contains_key("") {
            return invalid("a field has no name".to_owned());
        }
        let weight = self.weight();
        if weight > Self::WEIGHT_MAX {
            let most = Self::WEIGHT_MAX;
            return invalid(format!("it has {weight} bytes, and {most} are the most"));
        }
        if let Some((field, _)) = self
            .0
            .iter()
            .find(|(_, value)| value.depth() > Self::DEPTH_MAX)
        {
            return invalid(format!("the lists of {field:?} lie too deep in each other"));
        }
        Ok(())
    }
}

impl Default for Metadata {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Into<Label>, V: Into<Value>> FromIterator<(F, V)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (F, V)>>(fields: I) -> Self {
        let fields = fields.into_iter();
        let map: BTreeMap<_, _> = fields
            .map(|(field, value)| (field.into(), value.into()))
            .collect();
        if map.is_empty() {
            Self::new()
        } else {
            Self(Arc::new(map))
        }
    }
}

impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (field, value)) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            write!(f, "{field}: {value}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_checked_and_named() {
        assert_eq!(Metadata::new().check(), Ok(()));
        let heavy = Metadata::new().with("text", "x".repeat(Metadata::WEIGHT_MAX));
        let error = heavy.check().map_err(|error| error.to_string());
        assert!(error.is_err_and(|why| why.contains("16384 are the most")));
        let deep = (0..=Metadata::DEPTH_MAX).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        assert!(Metadata::new().with("deep", deep).check().is_err());
        assert!(Metadata::new().with("", 1).check().is_err());
    }

    #[test]
    fn an_absent_field_is_not_a_null_field() {
        let metadata = Metadata::new().with("known", Value::Null);
        assert_eq!(metadata.get("known"), Some(&Value::Null));
        assert_eq!(metadata.get("unknown"), None);
        assert!(metadata.without("known").is_empty());
    }

    #[test]
    fn it_reads_like_what_it_says() {
        let metadata = Metadata::new()
            .with("tier", 2)
            .with("roles", vec!["a", "b"]);
        assert_eq!(metadata.to_string(), r#"{roles: ["a", "b"], tier: 2}"#);
    }
}
