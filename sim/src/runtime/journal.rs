//! What happened so far, what the checkers say to it, and whether the run is over.

use steadfast::runtime::NodeId;

use crate::check::{Checker, Findings};
use crate::outcome::{Outcome, Violation};
use crate::run::{Caught, catch};
use crate::trace::{Capture, NetEvent, Recorder, RunEvent, TraceEvent};

/// Records events, shows each to the checkers, and holds how the run ended.
///
/// Once the run is over nothing is recorded any more, so that a failure is the last
/// thing that a trace shows.
pub(crate) struct Journal {
    recorder: Recorder,
    checkers: Vec<Box<dyn Checker>>,
    /// Whether any checker wants to see messages and files.
    traffic_is_read: bool,
    /// Whether nobody will see the record of a message.
    messages_are_unseen: bool,
    findings: Findings,
    ending: Option<Outcome>,
    /// The bound on records was hit; the listing of live tasks is still to be made.
    full: bool,
    closed: bool,
}

impl Journal {
    pub(crate) fn new(capture: Capture, records_max: u64, checkers: Vec<Box<dyn Checker>>) -> Self {
        let recorder = Recorder::new(capture, records_max);
        let traffic_is_read = checkers.iter().any(|checker| checker.reads_traffic());
        Self {
            messages_are_unseen: recorder.keeps_nothing() && !traffic_is_read,
            recorder,
            traffic_is_read,
            checkers,
            findings: Findings::new(),
            ending: None,
            full: false,
            closed: false,
        }
    }

    /// Takes one event. Answers whether it ended the run.
    pub(crate) fn record(&mut self, time: u64, node: Option<NodeId>, event: TraceEvent) -> bool {
        if self.closed {
            return false;
        }
        let traffic = matches!(event, TraceEvent::Net(_) | TraceEvent::Disk(_));
        let record = self.recorder.record(time, node, event);
        if !traffic || self.traffic_is_read {
            // A checker's panic must not look like one of the code that it watches.
            let checked = catch(|| {
                for checker in &mut self.checkers {
                    self.findings.about(checker.name(), Some(record));
                    checker.observe(record, &mut self.findings);
                }
            });
            if self.end_on_findings(checked) {
                return true;
            }
        }
        self.close_if_full()
    }

    /// Takes one event about a message; otherwise as [`record`](Self::record).
    #[inline]
    pub(crate) fn record_message(&mut self, time: u64, node: NodeId, event: NetEvent) -> bool {
        if !self.messages_are_unseen {
            return self.record(time, Some(node), TraceEvent::Net(event));
        }
        if self.closed {
            return false;
        }
        self.recorder.hash_message(time, Some(node), &event);
        self.close_if_full()
    }

    /// Ends the run. Only the first ending counts.
    pub(crate) fn end(&mut self, outcome: Outcome) {
        self.closed = true;
        if self.ending.is_none() {
            self.ending = Some(outcome);
        }
    }

    /// Ends the run because a check outside the checkers failed.
    pub(crate) fn violate(&mut self, time: u64, checker: &str, invariant: &str, detail: String) {
        self.end(Outcome::Violated(Violation {
            checker: checker.to_owned(),
            invariant: invariant.to_owned(),
            detail,
            index: self.recorder.records(),
            time,
        }));
    }

    /// Takes the last record. If the run came to its end in good order, the checkers
    /// speak about the whole of it.
    pub(crate) fn conclude(&mut self, time: u64) {
        let finished = TraceEvent::Run(RunEvent::Finished);
        if self.closed {
            self.recorder.record(time, None, finished);
            return;
        }
        if self.record(time, None, finished) {
            return;
        }
        let checked = catch(|| {
            for checker in &mut self.checkers {
                self.findings.about(checker.name(), None);
                checker.finish(&mut self.findings);
            }
        });
        self.closed = true;
        self.end_on_findings(checked);
    }

    /// Takes nothing from here on.
    pub(crate) const fn close(&mut self) {
        self.closed = true;
    }

    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.full
    }

    /// The records, what the checkers found, and how the run ended unless it passed.
    pub(crate) fn into_parts(self) -> (Recorder, Vec<Violation>, Option<Outcome>) {
        let violations = self.findings.violations().to_vec();
        (self.recorder, violations, self.ending)
    }

    fn close_if_full(&mut self) -> bool {
        if self.recorder.is_full() {
            self.full = true;
            self.closed = true;
        }
        self.closed
    }

    /// Ends the run if a checker panicked or found something.
    fn end_on_findings(&mut self, checked: Result<(), Caught>) -> bool {
        let ending = match checked {
            Err(caught) => Some(caught.into()),
            Ok(()) => {
                let first = self.findings.violations().first();
                first.map(|violation| Outcome::Violated(violation.clone()))
            }
        };
        let ends = ending.is_some();
        if let Some(outcome) = ending {
            self.end(outcome);
        }
        ends
    }
}
