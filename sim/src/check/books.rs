//! The books of failures balance.

use std::collections::{BTreeMap, BTreeSet};

use steadfast::Label;
use steadfast::event::{Event, FailureEvent};
use steadfast::failure::FailureId;
use steadfast::process::ProcessId;
use steadfast::runtime::{Incarnation, NodeId};

use super::checker::{Checker, Findings};
use crate::trace::{NodeEvent, Phase, Record, RunEvent, TraceEvent};

/// Checks the second promise, "no swallowed errors".
///
/// | invariant | does not hold when |
/// |---|---|
/// | `every_failure_is_settled` | a failure is dropped, or is open when its node has stopped or the run is over |
/// | `a_failure_is_delivered_once` | an identity is given to two failures |
/// | `a_failure_is_settled_once` | a failure is settled although it is closed already |
/// | `only_delivered_failures_are_settled` | a failure is settled or dropped that nobody was given |
///
/// A crash takes the open failures of its incarnation with it: they are written off.
/// Bounded by the failures that are open.
#[derive(Default)]
pub struct Books {
    open: BTreeMap<FailureId, Open>,
    delivered: BTreeMap<(NodeId, Incarnation), Ordinals>,
    stopping: bool,
}

struct Open {
    what: Label,
    holder: Option<ProcessId>,
}

/// The ordinals that were given out, as a run from 1 and those above a gap.
#[derive(Default)]
struct Ordinals {
    upto: u64,
    above: BTreeSet<u64>,
}

impl Books {
    /// Nothing delivered yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn failure(&mut self, event: &FailureEvent, findings: &mut Findings) {
        match event {
            FailureEvent::Delivered {
                failure,
                process,
                what,
            } => {
                let book = (failure.node, failure.incarnation);
                let delivered = self.delivered.entry(book).or_default();
                if !delivered.add(failure.ordinal) {
                    let detail = format!("{failure} was delivered twice, now for: {what}");
                    findings.violated("a_failure_is_delivered_once", detail);
                }
                let (what, holder) = (what.clone(), *process);
                self.open.insert(*failure, Open { what, holder });
            }
            FailureEvent::Settled { failure, .. } => {
                self.close(*failure, findings);
            }
            FailureEvent::Dropped { failure, what } => {
                let holder = self.close(*failure, findings).and_then(|open| open.holder);
                let holder = holder.map_or_else(String::new, |holder| format!(" by {holder}"));
                let detail = format!("{failure} was swallowed{holder}: {what}");
                findings.violated("every_failure_is_settled", detail);
            }
            FailureEvent::Incident { .. } => {}
        }
    }

    fn close(&mut self, failure: FailureId, findings: &mut Findings) -> Option<Open> {
        let open = self.open.remove(&failure);
        if open.is_none() {
            let book = (failure.node, failure.incarnation);
            let known = self.delivered.get(&book);
            if known.is_some_and(|known| known.contains(failure.ordinal)) {
                let detail = format!("{failure} was settled again");
                findings.violated("a_failure_is_settled_once", detail);
            } else {
                let detail = format!("{failure} was settled but never delivered");
                findings.violated("only_delivered_failures_are_settled", detail);
            }
        }
        open
    }

    /// The incarnation is over. Answers its open failures.
    fn close_book(&mut self, node: NodeId, incarnation: Incarnation) -> BTreeMap<FailureId, Open> {
        self.delivered.remove(&(node, incarnation));
        let id = |incarnation, ordinal| FailureId {
            node,
            incarnation,
            ordinal,
        };
        let mut own = self.open.split_off(&id(incarnation, 0));
        let next = Incarnation(incarnation.0.saturating_add(1));
        let mut rest = own.split_off(&id(next, 0));
        self.open.append(&mut rest);
        own
    }

    fn report_open(open: &BTreeMap<FailureId, Open>, when: &str, findings: &mut Findings) {
        let Some((failure, first)) = open.first_key_value() else {
            return;
        };
        let holder = first
            .holder
            .map_or_else(String::new, |holder| format!(", given to {holder}"));
        let more = match open.len() {
            1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        let detail = format!("{failure}{holder}, is open {when}{more}: {}", first.what);
        findings.violated("every_failure_is_settled", detail);
    }
}

impl Checker for Books {
    fn name(&self) -> &'static str {
        "books"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match (&record.event, record.node) {
            (TraceEvent::Core(Event::Failure(event)), _) => self.failure(event, findings),
            (TraceEvent::Node(NodeEvent::Crashed { incarnation, .. }), Some(node)) => {
                // What a dead incarnation owed is written off with it.
                drop(self.close_book(node, *incarnation));
            }
            (TraceEvent::Node(NodeEvent::Stopped { incarnation, .. }), Some(node)) => {
                let open = self.close_book(node, *incarnation);
                Self::report_open(&open, "although its node has stopped", findings);
            }
            (TraceEvent::Run(RunEvent::PhaseStarted { phase: Phase::Stop }), _) => {
                self.stopping = true;
            }
            (
                TraceEvent::Core(_)
                | TraceEvent::Run(_)
                | TraceEvent::Node(_)
                | TraceEvent::Task(_)
                | TraceEvent::Net(_)
                | TraceEvent::Disk(_)
                | TraceEvent::Fault(_),
                _,
            ) => {}
        }
    }

    fn finish(&mut self, findings: &mut Findings) {
        // A run that is cut off in the middle leaves work half done.
        if self.stopping {
            Self::report_open(&self.open, "although the run is over", findings);
        }
    }
}

impl Ordinals {
    fn contains(&self, ordinal: u64) -> bool {
        ordinal <= self.upto || self.above.contains(&ordinal)
    }

    /// Whether it is new.
    fn add(&mut self, ordinal: u64) -> bool {
        if self.contains(ordinal) {
            return false;
        }
        self.above.insert(ordinal);
        while self.above.remove(&self.upto.saturating_add(1)) {
            self.upto += 1;
        }
        true
    }
}
