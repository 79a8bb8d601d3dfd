//! What a counter says lies between what was confirmed and what was asked for.

use std::collections::BTreeMap;

use steadfast::Label;

use super::super::checker::{Checker, Findings};
use super::super::note;
use crate::history::{Entry, Kind, Value, event_of_note};
use crate::trace::Record;

/// Sums of what was added to one counter: of what is more than zero, and of the rest.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    up: i128,
    down: i128,
}

impl Sums {
    fn add(&mut self, by: i64, sign: i128) {
        let by = i128::from(by);
        if by > 0 {
            self.up += sign * by;
        } else {
            self.down += sign * by;
        }
    }
}

#[derive(Debug, Default)]
struct Total {
    /// What was confirmed.
    certain: Sums,
    /// What was asked for and has not certainly failed, what was confirmed included.
    possible: Sums,
    /// Whether it was changed by something other than an addition.
    replaced: bool,
}

#[derive(Debug)]
enum Call {
    Add(i64),
    /// What was certain when it began.
    Read(Sums),
}

/// Checks counters that are only added to, in the history that a run
/// [records](crate::history::HistoryRecorder) under one name: `read` and `add`, as in
/// [`Counter`](crate::check::linearizability::Counter). A counter on which anything else
/// was called is not judged from then on.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `what_was_confirmed_is_there` | a read shows less than what was confirmed before it began |
/// | `nothing_is_counted_twice` | a read shows more than all that was asked for and has not failed |
/// | `readable` | what was recorded cannot be understood |
///
/// An addition of unknown outcome may be there or not. With additions of less than zero
/// both bounds mean the same, the other way round. Simpler than linearizability, which
/// implies it, and says at once what is wrong. Bounded by one call a process, and four
/// sums a counter.
#[derive(Debug)]
pub struct CounterBounds {
    history: &'static str,
    totals: BTreeMap<Label, Total>,
    calls: BTreeMap<Label, (Label, Call)>,
}

impl CounterBounds {
    /// A checker of the history of this name.
    #[must_use]
    pub const fn new(history: &'static str) -> Self {
        Self {
            history,
            totals: BTreeMap::new(),
            calls: BTreeMap::new(),
        }
    }

    fn invoked(&mut self, entry: &Entry) -> Result<(), String> {
        // What the process had asked for before stays unknown.
        self.calls.remove(&entry.process);
        let counter = entry.key.clone().unwrap_or_else(|| Label::from(""));
        let total = self.totals.entry(counter.clone()).or_default();
        let call = match (entry.op.as_deref(), &entry.value) {
            (Some("add"), Value::Int(by)) => {
                total.possible.add(*by, 1);
                Call::Add(*by)
            }
            (Some("read"), Value::Null) => Call::Read(total.certain),
            (Some("write" | "cas"), _) => {
                total.replaced = true;
                return Ok(());
            }
            (op, value) => return Err(format!("{} of {value}", op.unwrap_or("nothing"))),
        };
        self.calls.insert(entry.process.clone(), (counter, call));
        Ok(())
    }

    fn ended(&mut self, entry: &Entry, findings: &mut Findings) -> Result<(), String> {
        let Some((counter, call)) = self.calls.remove(&entry.process) else {
            return Ok(());
        };
        let total = self.totals.entry(counter.clone()).or_default();
        match (entry.kind, call) {
            (Kind::Ok, Call::Add(by)) => total.certain.add(by, 1),
            (Kind::Fail, Call::Add(by)) => total.possible.add(by, -1),
            (Kind::Ok, Call::Read(_)) if total.replaced => {}
            (Kind::Ok, Call::Read(before)) => {
                let Value::Int(value) = entry.value else {
                    return Err(format!("a read of {}", entry.value));
                };
                let low = before.up + total.possible.down;
                let high = total.possible.up + before.down;
                let shown = i128::from(value);
                let who = &entry.process;
                if shown < low {
                    let detail = format!("{who} reads {value} of {counter}, not {low} or more");
                    findings.violated("what_was_confirmed_is_there", detail);
                }
                if shown > high {
                    let detail = format!("{who} reads {value} of {counter}, not {high} or less");
                    findings.violated("nothing_is_counted_twice", detail);
                }
            }
            (Kind::Info | Kind::Invoke, _) | (Kind::Fail, Call::Read(_)) => {}
        }
        Ok(())
    }
}

impl Checker for CounterBounds {
    fn name(&self) -> &'static str {
        "counter_bounds"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let entry = note::text(record).and_then(|text| event_of_note(text, self.history));
        let read = match entry {
            Some(Ok(entry)) if entry.is_invocation() => self.invoked(&entry),
            Some(Ok(entry)) => self.ended(&entry, findings),
            Some(Err(reason)) => Err(reason),
            None => Ok(()),
        };
        if let Err(reason) = read {
            findings.violated("readable", reason);
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
