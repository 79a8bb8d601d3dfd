//! A checker of runs that record a history.

use steadfast::Label;

use super::bounds::Bounds;
use super::check::check;
use super::model::Model;
use super::verdict::Verdict;
use crate::check::checker::{Checker, Findings};
use crate::history::{History, HistoryOf, Moment, enter, event_of_note};
use crate::trace::{Record, RunEvent, TraceEvent};

/// The most operations of a run.
const OPERATIONS_MAX: usize = 100_000;

/// Judges the history that a run [records](crate::history::HistoryRecorder) under one
/// name, when the run is over. The invariants:
///
/// - `linearizable`: there is an order that explains the history; the detail of a
///   violation is the witness, in which places are records of the trace.
/// - `judged`: the bounds were enough to know. An unknown verdict never passes.
/// - `readable`: what was recorded is an event that means something to the model.
/// - `recorded`: there is at least one operation, for a run that records none under
///   this name checks nothing.
///
/// A process that asks again before it was told has given up: what it had asked for
/// stays unknown.
pub struct Linearizable<M: Model> {
    name: &'static str,
    history: HistoryOf<M>,
    model: M,
    bounds: Bounds,
    broken: bool,
}

impl<M: Model> Linearizable<M> {
    /// A checker of the history of this name, which is its own name, too.
    #[must_use]
    pub fn new(name: &'static str, model: M) -> Self {
        Self {
            name,
            history: History::new(OPERATIONS_MAX),
            model,
            bounds: Bounds::default(),
            broken: false,
        }
    }

    /// With these bounds.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    fn take(&mut self, record: &Record, note: &str) -> Result<(), String> {
        let Some(entry) = event_of_note(note, self.name) else {
            return Ok(());
        };
        let entry = entry?;
        let moment = Moment {
            position: record.index,
            time: Some(record.time),
        };
        if entry.is_invocation() {
            self.history.abandon(&entry.process);
        }
        enter(&entry, moment, &self.model, &mut self.history).map_err(|error| error.to_string())
    }
}

impl<M: Model + Send> Checker for Linearizable<M>
where
    M::Call: Send,
    M::Answer: Send,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let TraceEvent::Run(RunEvent::Note { text }) = &record.event else {
            return;
        };
        if self.broken {
            return;
        }
        if let Err(reason) = self.take(record, text) {
            self.broken = true;
            findings.violated("readable", format!("{text}: {reason}"));
        }
    }

    fn finish(&mut self, findings: &mut Findings) {
        if self.broken {
            return;
        }
        if self.history.operations().is_empty() {
            let name = Label::from(self.name);
            findings.violated("recorded", format!("no operation of the history {name}"));
            return;
        }
        match check(&self.model, &self.history, self.bounds).verdict {
            Verdict::Linearizable => {}
            Verdict::Illegal(witness) => findings.violated("linearizable", witness.text("record")),
            Verdict::Unknown(reason) => findings.violated("judged", reason.to_string()),
        }
    }
}
