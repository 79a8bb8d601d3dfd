//! A store of texts under keys.

use std::fmt;

use steadfast::Label;

use super::model::Model;
use crate::history::{Said, Value, Vocabulary};

/// A store of texts under keys, all missing at first. Each key is an object, and every
/// invocation names one. Whole numbers count as their texts.
///
/// | operation | value of the invocation | value of ok |
/// |---|---|---|
/// | `get` | null | the text; null if it is missing; an empty text says that it is missing or empty |
/// | `put` | the text | null, or the text |
/// | `append` | a text, put after what is there | null, or the text |
/// | `delete` | null | null |
/// | `cas` | `[old, new]`; null for a missing one | null, true or `[old, new]`: swapped; false: it was not `old` |
#[derive(Debug, Clone, Copy, Default)]
pub struct Kv;

/// What a store is asked about one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KvCall {
    /// Its text.
    Get,
    /// To take this text.
    Put(Label),
    /// To take this text at its end.
    Append(Label),
    /// To be missing.
    Delete,
    /// To take a text if it has another.
    Cas {
        /// The text that it must have.
        old: Option<Label>,
        /// The text that it then takes.
        new: Option<Label>,
    },
}

/// What a store answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KvAnswer {
    /// This was there; `None` for nothing.
    Text(Option<Label>),
    /// Done.
    Done,
    /// Not swapped, for the text was another.
    Differed,
}

/// What is under a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KvState(pub Option<Label>);

/// A text that may be missing.
struct Shown<'a>(&'a Option<Label>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(text) => write!(f, "{:?}", text.as_str()),
            None => f.write_str("missing"),
        }
    }
}

impl fmt::Display for KvState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.0).fmt(f)
    }
}

impl fmt::Display for KvCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get => f.write_str("get"),
            Self::Put(text) => write!(f, "put {:?}", text.as_str()),
            Self::Append(text) => write!(f, "append {:?}", text.as_str()),
            Self::Delete => f.write_str("delete"),
            Self::Cas { old, new } => write!(f, "cas {} to {}", Shown(old), Shown(new)),
        }
    }
}

impl fmt::Display for KvAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => Shown(text).fmt(f),
            Self::Done => f.write_str("done"),
            Self::Differed => f.write_str("differed"),
        }
    }
}

/// The text of a value, `None` for null.
fn text(value: &Value) -> Result<Option<Label>, String> {
    match value.name() {
        None if value.is_null() => Ok(None),
        Some(text) => Ok(Some(text)),
        None => Err(format!("a value is a text, not {value}")),
    }
}

fn some_text(op: &str, value: &Value) -> Result<Label, String> {
    text(value)?.ok_or_else(|| format!("{op} takes a text, not null"))
}

impl Vocabulary for Kv {
    type Call = KvCall;
    type Answer = KvAnswer;

    fn op(&self, call: &KvCall) -> &str {
        match call {
            KvCall::Get => "get",
            KvCall::Put(_) => "put",
            KvCall::Append(_) => "append",
            KvCall::Delete => "delete",
            KvCall::Cas { .. } => "cas",
        }
    }

    fn call(&self, said: Said<'_>) -> Result<KvCall, String> {
        let Said { op, value, .. } = said;
        let call = match op {
            "get" | "delete" if !value.is_null() => {
                return Err(format!("{op} takes no value, not {value}"));
            }
            "get" => KvCall::Get,
            "delete" => KvCall::Delete,
            "put" => KvCall::Put(some_text(op, value)?),
            "append" => KvCall::Append(some_text(op, value)?),
            "cas" => match value.pair() {
                Some((old, new)) => KvCall::Cas {
                    old: text(old)?,
                    new: text(new)?,
                },
                None => return Err(format!("a cas takes [old new], not {value}")),
            },
            _ => {
                return Err(format!(
                    "a store knows get, put, append, delete and cas, and no {op:?}"
                ));
            }
        };
        match said.key {
            Some(_) => Ok(call),
            None => Err(format!("{op} names no key")),
        }
    }

    fn answer(&self, call: &KvCall, value: &Value) -> Result<KvAnswer, String> {
        let confirmed = match call {
            KvCall::Get => return Ok(KvAnswer::Text(text(value)?)),
            KvCall::Put(said) | KvCall::Append(said) => {
                value.is_null() || value.name().as_ref() == Some(said)
            }
            KvCall::Delete => value.is_null(),
            KvCall::Cas { .. } if *value == Value::Bool(false) => return Ok(KvAnswer::Differed),
            KvCall::Cas { old, new } => {
                matches!(value, Value::Null | Value::Bool(true))
                    || value
                        .pair()
                        .is_some_and(|(from, to)| from.name() == *old && to.name() == *new)
            }
        };
        if confirmed {
            Ok(KvAnswer::Done)
        } else {
            Err(format!("{value} is no answer to {call}"))
        }
    }
}

impl Model for Kv {
    type State = KvState;

    fn initial(&self) -> KvState {
        KvState(None)
    }

    fn step(&self, state: &KvState, call: &KvCall, answer: Option<&KvAnswer>) -> Option<KvState> {
        let KvState(there) = state;
        let next = match (call, answer) {
            (KvCall::Get, None) => there.clone(),
            (KvCall::Get, Some(KvAnswer::Text(seen))) => {
                let empty = |text: &Option<Label>| text.as_ref().is_none_or(|text| text.is_empty());
                let fits = seen == there || (seen.is_some() && empty(seen) && empty(there));
                return fits.then(|| state.clone());
            }
            (KvCall::Put(text), None | Some(KvAnswer::Done)) => Some(text.clone()),
            (KvCall::Append(text), None | Some(KvAnswer::Done)) => {
                let before = there.as_deref().unwrap_or_default();
                Some(Label::from(format!("{before}{text}")))
            }
            (KvCall::Delete, None | Some(KvAnswer::Done)) => None,
            (KvCall::Cas { old, .. }, Some(KvAnswer::Differed)) => {
                return (old != there).then(|| state.clone());
            }
            (KvCall::Cas { old, new }, None | Some(KvAnswer::Done)) => {
                return (old == there).then(|| KvState(new.clone()));
            }
            (KvCall::Get, Some(KvAnswer::Done | KvAnswer::Differed))
            | (
                KvCall::Put(_) | KvCall::Append(_) | KvCall::Delete,
                Some(KvAnswer::Text(_) | KvAnswer::Differed),
            )
            | (KvCall::Cas { .. }, Some(KvAnswer::Text(_))) => return None,
        };
        Some(KvState(next))
    }

    fn observes_only(&self, call: &KvCall, answer: Option<&KvAnswer>) -> bool {
        match call {
            KvCall::Get => true,
            KvCall::Put(_) | KvCall::Append(_) | KvCall::Delete => false,
            KvCall::Cas { .. } => answer == Some(&KvAnswer::Differed),
        }
    }

    fn overwrites(&self, call: &KvCall, answer: Option<&KvAnswer>) -> bool {
        matches!(call, KvCall::Put(_) | KvCall::Delete)
            && matches!(answer, None | Some(KvAnswer::Done))
    }

    fn heap_bytes(&self, state: &KvState) -> usize {
        state.0.as_ref().map_or(0, |text| text.len())
    }
}
