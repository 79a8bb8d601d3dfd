//! What operations carry and answer, whatever the format.

use std::fmt;

use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use steadfast::Label;

/// An argument or an answer of an operation. In JSON it is written as itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Nothing: `null` in JSON, `nil` in EDN.
    #[default]
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text. EDN keywords and symbols are texts, too.
    Text(Label),
    /// Several, in order.
    List(Vec<Self>),
}

impl Value {
    /// Whether it is nothing.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Its text, if it can name something: texts and whole numbers can.
    #[must_use]
    pub fn name(&self) -> Option<Label> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Int(number) => Some(number.to_string().into()),
            Self::Null | Self::Bool(_) | Self::List(_) => None,
        }
    }

    /// The two elements, if it is a list of two.
    #[must_use]
    pub fn pair(&self) -> Option<(&Self, &Self)> {
        match self {
            Self::List(list) => match list.as_slice() {
                [first, second] => Some((first, second)),
                _ => None,
            },
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Text(_) => None,
        }
    }

    /// How many bytes it takes beside itself.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::List(list) => list
                .iter()
                .map(|value| size_of::<Self>() + value.heap_bytes())
                .sum(),
            Self::Null | Self::Bool(_) | Self::Int(_) => 0,
        }
    }
}

// By hand, because runs read a value for each of their events: what is derived for an
// untagged type tries one variant after the other and writes an error for each.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, true, false, a whole number of 64 bits, a text or a list of these")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Value, E> {
        Ok(Value::Bool(yes))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        let known = i64::try_from(number);
        known.map(Value::Int).map_err(|_| {
            let found = serde::de::Unexpected::Unsigned(number);
            E::invalid_value(found, &self)
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Self::Null
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for Value {
    /// Numbers that are too large for [`Value::Int`] become their text.
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or_else(|_| Self::Text(number.to_string().into()), Self::Int)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<(Self, Self)> for Value {
    fn from((first, second): (Self, Self)) -> Self {
        Self::List(vec![first, second])
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(yes) => yes.fmt(f),
            Self::Int(number) => number.fmt(f),
            Self::Text(text) => write!(f, "{:?}", text.as_str()),
            Self::List(list) => {
                f.write_str("[")?;
                for (index, value) in list.iter().enumerate() {
                    let separator = if index > 0 { " " } else { "" };
                    write!(f, "{separator}{value}")?;
                }
                f.write_str("]")
            }
        }
    }
}
