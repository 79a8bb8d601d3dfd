//! A run goes through its phases.

use super::checker::{Checker, Findings};
use crate::trace::{Phase, Record, RunEvent, TraceEvent};

/// Checks that the phases of a run come in order, each once, and that a run which
/// came to its end has left the liveness phase: its healed core has converged.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `phases_come_in_order` | a phase begins again, or after a later one |
/// | `the_healed_core_converges` | the run is over and the liveness phase was not followed by the stop |
///
/// Whoever drives a run measures the time of the liveness phase; see
/// [`Limits::liveness`](crate::Limits::liveness).
#[derive(Debug, Default)]
pub struct Liveness {
    phase: Option<Phase>,
}

impl Liveness {
    /// No phase has begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Checker for Liveness {
    fn name(&self) -> &'static str {
        "liveness"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        if let TraceEvent::Run(RunEvent::PhaseStarted { phase }) = &record.event {
            if let Some(before) = self.phase.filter(|before| before >= phase) {
                let detail = format!("phase {phase:?} begins after {before:?}");
                findings.violated("phases_come_in_order", detail);
            }
            self.phase = Some(*phase);
        }
    }

    fn finish(&mut self, findings: &mut Findings) {
        if self.phase == Some(Phase::Liveness) {
            let detail = "the run is over, but its core had not converged";
            findings.violated("the_healed_core_converges", detail);
        }
    }
}
