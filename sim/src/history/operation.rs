//! One operation of a history.

use steadfast::Label;

/// An instant of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The place of the event, which is what orders events: the number of its line in
    /// a file, from 1, or of its record in a trace, from 0.
    pub position: u64,
    /// Nanoseconds since some origin, if known; only shown.
    pub time: Option<u64>,
}

impl Moment {
    /// The place alone.
    #[must_use]
    pub const fn at(position: u64) -> Self {
        Self {
            position,
            time: None,
        }
    }
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<A> {
    /// It took effect, with this answer.
    Ok(A),
    /// It certainly never took effect.
    Failed,
    /// It may have taken effect, may do so at any later time, or never.
    Unknown,
}

/// One operation: who asked what, when, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation<C, A> {
    /// Who asked.
    pub process: Label,
    /// The object it is about; empty where there is only one.
    pub key: Label,
    /// What was asked.
    pub call: C,
    /// How it ended.
    pub outcome: Outcome<A>,
    /// When it was asked.
    pub invoked: Moment,
    /// When its client was told, or gave up; `None` if the history ends before.
    pub completed: Option<Moment>,
}
