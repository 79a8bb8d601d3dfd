//! What the workload says, as checks.

use super::checker::{Checker, Findings};
use crate::trace::{Record, RunEvent, TraceEvent};

/// Lets a workload fail a run by a note.
///
/// A note that begins with `failed: ` is a violation: what follows, up to the next
/// `: `, is the invariant, the rest says what was seen. `failed: one leader: n1 and
/// n3` violates `one leader`.
#[derive(Debug, Default)]
pub struct Claims;

impl Claims {
    /// How such a note begins.
    pub const PREFIX: &str = "failed: ";

    /// The checker.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Checker for Claims {
    fn name(&self) -> &'static str {
        "claims"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        if let Some(claim) = text(record).and_then(|text| text.strip_prefix(Self::PREFIX)) {
            let (invariant, detail) = claim.split_once(": ").unwrap_or((claim, claim));
            findings.violated(invariant, detail);
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}

/// A scenario's own checker over the notes of its workload, from two closures: one
/// takes each note, one speaks when the run is over. Both see the same state.
///
/// ```
/// use steadfast_sim::check::{Checker, NoteChecker};
///
/// let leaders: Box<dyn Checker> = Box::new(NoteChecker::new(
///     "leaders",
///     0_u32,
///     |count, note, findings| {
///         *count += u32::from(note.starts_with("leads "));
///         if *count > 1 {
///             findings.violated("one leader", note);
///         }
///     },
///     |count, findings| {
///         if *count == 0 {
///             findings.violated("some leader", "nobody ever led");
///         }
///     },
/// ));
/// ```
pub struct NoteChecker<S, N, F> {
    name: &'static str,
    state: S,
    note: N,
    finish: F,
}

impl<S, N, F> NoteChecker<S, N, F>
where
    S: Send,
    N: FnMut(&mut S, &str, &mut Findings) + Send,
    F: FnMut(&mut S, &mut Findings) + Send,
{
    /// A checker of this name that begins with this state.
    pub const fn new(name: &'static str, state: S, note: N, finish: F) -> Self {
        Self {
            name,
            state,
            note,
            finish,
        }
    }
}

impl<S, N, F> Checker for NoteChecker<S, N, F>
where
    S: Send,
    N: FnMut(&mut S, &str, &mut Findings) + Send,
    F: FnMut(&mut S, &mut Findings) + Send,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        if let Some(text) = text(record) {
            (self.note)(&mut self.state, text, findings);
        }
    }

    fn finish(&mut self, findings: &mut Findings) {
        (self.finish)(&mut self.state, findings);
    }
}

/// What a note says; `None` for any other record.
pub(super) fn text(record: &Record) -> Option<&str> {
    match &record.event {
        TraceEvent::Run(RunEvent::Note { text }) => Some(text),
        TraceEvent::Core(_)
        | TraceEvent::Run(_)
        | TraceEvent::Node(_)
        | TraceEvent::Task(_)
        | TraceEvent::Net(_)
        | TraceEvent::Disk(_)
        | TraceEvent::Fault(_) => None,
    }
}
