//! A counter: read, add, write, compare-and-set.

use std::fmt;

use super::model::Model;
use crate::history::{Said, Value, Vocabulary};

/// A counter that begins as 0, in whole numbers of 64 bits. Each key is a counter.
///
/// | operation | value of the invocation | value of ok |
/// |---|---|---|
/// | `read` | null | what was read |
/// | `add` | what is added | null, or the sum |
/// | `write` | what is written | null, or what was written |
/// | `cas` | `[old, new]` | null, true or `[old, new]`: swapped; false: it was not `old` |
///
/// A sum that does not fit is no answer: such an addition fails.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counter;

/// What a counter is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CounterCall {
    /// Its value.
    Read,
    /// To add this.
    Add(i64),
    /// To take this value.
    Write(i64),
    /// To take a value if it has another.
    Cas {
        /// The value that it must have.
        old: i64,
        /// The value that it then takes.
        new: i64,
    },
}

/// What a counter answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CounterAnswer {
    /// This was read, or is the sum.
    Value(i64),
    /// Added, written, or swapped.
    Done,
    /// Not swapped, for the value was another.
    Differed,
}

impl fmt::Display for CounterCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::Add(by) => write!(f, "add {by}"),
            Self::Write(value) => write!(f, "write {value}"),
            Self::Cas { old, new } => write!(f, "cas {old} to {new}"),
        }
    }
}

impl fmt::Display for CounterAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Done => f.write_str("done"),
            Self::Differed => f.write_str("differed"),
        }
    }
}

fn number(value: &Value) -> Result<i64, String> {
    match value {
        Value::Int(number) => Ok(*number),
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) => {
            Err(format!("a counter is a whole number, not {value}"))
        }
    }
}

impl Vocabulary for Counter {
    type Call = CounterCall;
    type Answer = CounterAnswer;

    fn op(&self, call: &CounterCall) -> &str {
        match call {
            CounterCall::Read => "read",
            CounterCall::Add(_) => "add",
            CounterCall::Write(_) => "write",
            CounterCall::Cas { .. } => "cas",
        }
    }

    fn call(&self, said: Said<'_>) -> Result<CounterCall, String> {
        match said.op {
            "read" if said.value.is_null() => Ok(CounterCall::Read),
            "read" => Err(format!("a read takes no value, not {}", said.value)),
            "add" => number(said.value).map(CounterCall::Add),
            "write" => number(said.value).map(CounterCall::Write),
            "cas" => match said.value.pair() {
                Some((old, new)) => Ok(CounterCall::Cas {
                    old: number(old)?,
                    new: number(new)?,
                }),
                None => Err(format!("a cas takes [old new], not {}", said.value)),
            },
            op => Err(format!(
                "a counter knows read, add, write and cas, and no {op:?}"
            )),
        }
    }

    fn answer(&self, call: &CounterCall, value: &Value) -> Result<CounterAnswer, String> {
        let confirmed = match call {
            CounterCall::Read => return number(value).map(CounterAnswer::Value),
            CounterCall::Add(_) if !value.is_null() => {
                return number(value).map(CounterAnswer::Value);
            }
            CounterCall::Add(_) => true,
            CounterCall::Write(written) => value.is_null() || *value == Value::Int(*written),
            CounterCall::Cas { .. } if *value == Value::Bool(false) => {
                return Ok(CounterAnswer::Differed);
            }
            CounterCall::Cas { old, new } => {
                let swapped = (Value::Int(*old), Value::Int(*new));
                matches!(value, Value::Null | Value::Bool(true))
                    || value.pair() == Some((&swapped.0, &swapped.1))
            }
        };
        if confirmed {
            Ok(CounterAnswer::Done)
        } else {
            Err(format!("{value} is no answer to {call}"))
        }
    }
}

impl Model for Counter {
    type State = i64;

    fn initial(&self) -> i64 {
        0
    }

    fn step(&self, state: &i64, call: &CounterCall, answer: Option<&CounterAnswer>) -> Option<i64> {
        let state = *state;
        match (call, answer) {
            (CounterCall::Read, Some(CounterAnswer::Value(value))) => {
                (*value == state).then_some(state)
            }
            (CounterCall::Read, None) => Some(state),
            // One that does not fit had no effect.
            (CounterCall::Add(by), None) => Some(state.checked_add(*by).unwrap_or(state)),
            (CounterCall::Add(by), Some(CounterAnswer::Done)) => state.checked_add(*by),
            (CounterCall::Add(by), Some(CounterAnswer::Value(sum))) => {
                state.checked_add(*by).filter(|now| now == sum)
            }
            (CounterCall::Write(value), None | Some(CounterAnswer::Done)) => Some(*value),
            (CounterCall::Cas { old, .. }, Some(CounterAnswer::Differed)) => {
                (*old != state).then_some(state)
            }
            (CounterCall::Cas { old, new }, None | Some(CounterAnswer::Done)) => {
                (*old == state).then_some(*new)
            }
            (CounterCall::Read, Some(CounterAnswer::Done | CounterAnswer::Differed))
            | (CounterCall::Add(_), Some(CounterAnswer::Differed))
            | (CounterCall::Write(_), Some(CounterAnswer::Value(_) | CounterAnswer::Differed))
            | (CounterCall::Cas { .. }, Some(CounterAnswer::Value(_))) => None,
        }
    }

    fn observes_only(&self, call: &CounterCall, answer: Option<&CounterAnswer>) -> bool {
        match call {
            CounterCall::Read => true,
            CounterCall::Add(by) => *by == 0,
            CounterCall::Write(_) => false,
            CounterCall::Cas { .. } => answer == Some(&CounterAnswer::Differed),
        }
    }

    fn overwrites(&self, call: &CounterCall, answer: Option<&CounterAnswer>) -> bool {
        matches!(call, CounterCall::Write(_)) && matches!(answer, None | Some(CounterAnswer::Done))
    }

    fn heap_bytes(&self, _state: &i64) -> usize {
        0
    }
}
