//! A register: read, write, compare-and-set.

use std::fmt;

use super::model::Model;
use crate::history::{Said, Value, Vocabulary};

/// A register that begins as null. Each key is a register.
///
/// | operation | value of the invocation | value of ok |
/// |---|---|---|
/// | `read` | null | what was read |
/// | `write` | what is written | null, or what was written |
/// | `cas` | `[old, new]` | null, true or `[old, new]`: swapped; false: it was not `old` |
#[derive(Debug, Clone, Copy, Default)]
pub struct Register;

/// What a register is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RegisterCall {
    /// Its value.
    Read,
    /// To take this value.
    Write(Value),
    /// To take a value if it has another.
    Cas {
        /// The value that it must have.
        old: Value,
        /// The value that it then takes.
        new: Value,
    },
}

/// What a register answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegisterAnswer {
    /// This was read.
    Value(Value),
    /// Written, or swapped.
    Done,
    /// Not swapped, for the value was another.
    Differed,
}

impl fmt::Display for RegisterCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::Write(value) => write!(f, "write {value}"),
            Self::Cas { old, new } => write!(f, "cas {old} to {new}"),
        }
    }
}

impl fmt::Display for RegisterAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Done => f.write_str("done"),
            Self::Differed => f.write_str("differed"),
        }
    }
}

impl Vocabulary for Register {
    type Call = RegisterCall;
    type Answer = RegisterAnswer;

    fn op(&self, call: &RegisterCall) -> &str {
        match call {
            RegisterCall::Read => "read",
            RegisterCall::Write(_) => "write",
            RegisterCall::Cas { .. } => "cas",
        }
    }

    fn call(&self, said: Said<'_>) -> Result<RegisterCall, String> {
        match said.op {
            "read" if said.value.is_null() => Ok(RegisterCall::Read),
            "read" => Err(format!("a read takes no value, not {}", said.value)),
            "write" => Ok(RegisterCall::Write(said.value.clone())),
            "cas" => match said.value.pair() {
                Some((old, new)) => Ok(RegisterCall::Cas {
                    old: old.clone(),
                    new: new.clone(),
                }),
                None => Err(format!("a cas takes [old new], not {}", said.value)),
            },
            op => Err(format!(
                "a register knows read, write and cas, and no {op:?}"
            )),
        }
    }

    fn answer(&self, call: &RegisterCall, value: &Value) -> Result<RegisterAnswer, String> {
        let confirmed = match call {
            RegisterCall::Read => return Ok(RegisterAnswer::Value(value.clone())),
            RegisterCall::Write(written) => value.is_null() || value == written,
            RegisterCall::Cas { .. } if *value == Value::Bool(false) => {
                return Ok(RegisterAnswer::Differed);
            }
            RegisterCall::Cas { old, new } => {
                matches!(value, Value::Null | Value::Bool(true)) || value.pair() == Some((old, new))
            }
        };
        if confirmed {
            Ok(RegisterAnswer::Done)
        } else {
            Err(format!("{value} is no answer to {call}"))
        }
    }
}

impl Model for Register {
    type State = Value;

    fn initial(&self) -> Value {
        Value::Null
    }

    fn step(
        &self,
        state: &Value,
        call: &RegisterCall,
        answer: Option<&RegisterAnswer>,
    ) -> Option<Value> {
        match (call, answer) {
            (RegisterCall::Read, Some(RegisterAnswer::Value(value))) => {
                (value == state).then(|| state.clone())
            }
            (RegisterCall::Read, None) => Some(state.clone()),
            (RegisterCall::Write(value), None | Some(RegisterAnswer::Done)) => Some(value.clone()),
            (RegisterCall::Cas { old, .. }, Some(RegisterAnswer::Differed)) => {
                (old != state).then(|| state.clone())
            }
            (RegisterCall::Cas { old, new }, None | Some(RegisterAnswer::Done)) => {
                (old == state).then(|| new.clone())
            }
            (RegisterCall::Read, Some(RegisterAnswer::Done | RegisterAnswer::Differed))
            | (RegisterCall::Write(_), Some(RegisterAnswer::Value(_) | RegisterAnswer::Differed))
            | (RegisterCall::Cas { .. }, Some(RegisterAnswer::Value(_))) => None,
        }
    }

    fn observes_only(&self, call: &RegisterCall, answer: Option<&RegisterAnswer>) -> bool {
        match call {
            RegisterCall::Read => true,
            RegisterCall::Write(_) => false,
            RegisterCall::Cas { .. } => answer == Some(&RegisterAnswer::Differed),
        }
    }

    fn overwrites(&self, call: &RegisterCall, answer: Option<&RegisterAnswer>) -> bool {
        matches!(call, RegisterCall::Write(_))
            && matches!(answer, None | Some(RegisterAnswer::Done))
    }

    fn heap_bytes(&self, state: &Value) -> usize {
        state.heap_bytes()
    }
}
