//! Histories in a few words.

use crate::check::linearizability::{Bounds, Judgement, Model, check};
use crate::history::{Format, History, HistoryLimits, read};

/// A history from lines of Jepsen's log, apart at line ends or bars.
pub(super) fn history<M: Model>(model: &M, text: &str) -> History<M::Call, M::Answer> {
    let lines = text.replace('|', "\n");
    read(
        lines.as_bytes(),
        Some(Format::Jepsen),
        model,
        HistoryLimits::default(),
    )
    .unwrap()
    .0
}

pub(super) fn judged<M: Model>(model: &M, text: &str) -> Judgement {
    check(model, &history(model, text), Bounds::default())
}

/// One word for the verdict.
pub(super) fn word<M: Model>(model: &M, text: &str) -> &'static str {
    judged(model, text).verdict.word()
}
