//! A lock with fencing tokens.

use std::fmt;

use steadfast::Label;

use super::model::Model;
use crate::history::{Said, Value, Vocabulary};

/// A lock that is free at first and has at most one holder, a process. Each key is a
/// lock. A lease that ends by itself is recorded as a `release` of its holder, of
/// unknown outcome if nobody saw it end.
///
/// | operation | value of the invocation | value of ok |
/// |---|---|---|
/// | `acquire` | null | null or true: held now; a whole number: held now, and this is its fencing token, greater than all before; false: another process holds it |
/// | `release` | null | null or true: free now; false: this process does not hold it |
///
/// A lock is not reentrant: who holds it cannot acquire it once more.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lock;

/// What a lock is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockCall {
    /// To be held by this process.
    Acquire(Label),
    /// To be held by this process no more.
    Release(Label),
}

/// What a lock answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockAnswer {
    /// Acquired or released.
    Done,
    /// Acquired with this fencing token.
    Token(i64),
    /// Held by somebody else, or not held by who releases.
    Refused,
}

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockState {
    /// The holder.
    pub holder: Option<Label>,
    /// The last fencing token that was seen.
    pub token: Option<i64>,
}

impl fmt::Display for LockState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.holder {
            Some(holder) => write!(f, "held by {holder}")?,
            None => f.write_str("free")?,
        }
        match self.token {
            Some(token) => write!(f, " (token {token})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for LockCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acquire(_) => "acquire",
            Self::Release(_) => "release",
        })
    }
}

impl fmt::Display for LockAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Token(token) => write!(f, "token {token}"),
            Self::Refused => f.write_str("refused"),
        }
    }
}

impl Vocabulary for Lock {
    type Call = LockCall;
    type Answer = LockAnswer;

    fn op(&self, call: &LockCall) -> &str {
        match call {
            LockCall::Acquire(_) => "acquire",
            LockCall::Release(_) => "release",
        }
    }

    fn call(&self, said: Said<'_>) -> Result<LockCall, String> {
        let process = said.process.clone();
        match said.op {
            "acquire" | "release" if !said.value.is_null() => {
                Err(format!("{} takes no value, not {}", said.op, said.value))
            }
            "acquire" => Ok(LockCall::Acquire(process)),
            "release" => Ok(LockCall::Release(process)),
            op => Err(format!("a lock knows acquire and release, and no {op:?}")),
        }
    }

    fn answer(&self, call: &LockCall, value: &Value) -> Result<LockAnswer, String> {
        match (call, value) {
            (_, Value::Null | Value::Bool(true)) => Ok(LockAnswer::Done),
            (_, Value::Bool(false)) => Ok(LockAnswer::Refused),
            (LockCall::Acquire(_), Value::Int(token)) => Ok(LockAnswer::Token(*token)),
            (LockCall::Acquire(_) | LockCall::Release(_), _) => {
                Err(format!("{value} is no answer to {call}"))
            }
        }
    }
}

impl Model for Lock {
    type State = LockState;

    fn initial(&self) -> LockState {
        LockState {
            holder: None,
            token: None,
        }
    }

    fn step(
        &self,
        state: &LockState,
        call: &LockCall,
        answer: Option<&LockAnswer>,
    ) -> Option<LockState> {
        let held = |token| LockState {
            holder: Some(match call {
                LockCall::Acquire(process) | LockCall::Release(process) => process.clone(),
            }),
            token,
        };
        match (call, answer) {
            (LockCall::Acquire(_), None | Some(LockAnswer::Done)) => {
                state.holder.is_none().then(|| held(state.token))
            }
            (LockCall::Acquire(_), Some(LockAnswer::Token(token))) => {
                let fresh = state.token.is_none_or(|last| *token > last);
                (state.holder.is_none() && fresh).then(|| held(Some(*token)))
            }
            (LockCall::Acquire(_), Some(LockAnswer::Refused)) => {
                state.holder.is_some().then(|| state.clone())
            }
            (LockCall::Release(process), None | Some(LockAnswer::Done)) => {
                let free = || LockState {
                    holder: None,
                    token: state.token,
                };
                (state.holder.as_ref() == Some(process)).then(free)
            }
            (LockCall::Release(process), Some(LockAnswer::Refused)) => {
                (state.holder.as_ref() != Some(process)).then(|| state.clone())
            }
            (LockCall::Release(_), Some(LockAnswer::Token(_))) => None,
        }
    }

    fn observes_only(&self, _call: &LockCall, answer: Option<&LockAnswer>) -> bool {
        answer == Some(&LockAnswer::Refused)
    }

    fn overwrites(&self, _call: &LockCall, _answer: Option<&LockAnswer>) -> bool {
        false
    }

    fn heap_bytes(&self, state: &LockState) -> usize {
        state.holder.as_ref().map_or(0, |holder| holder.len())
    }
}
