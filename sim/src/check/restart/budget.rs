//! Restarts stay within their limits, and none is lost.

use super::super::checker::{Checker, Findings};
use super::super::tempo::Tempo;
use super::debts::RestartDebts;
use super::need::RestartNeeds;
use super::tally::RestartTallies;
use crate::trace::{Record, TraceEvent};

/// Checks that supervisors restart what they must and keep to their limits, by counting
/// again.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `the_intensity_is_kept` | a restart is decided although the window is full |
/// | `the_intensity_is_used_up_first` | a supervisor ends by its intensity although the window has room |
/// | `restarts_are_counted` | a supervisor states another number of restarts in its window than there are |
/// | `an_exceeded_intensity_ends_the_supervisor` | a supervisor goes on although its intensity is exceeded |
/// | `only_failures_are_restarted` | a restart is decided of a child whose end asks for none: temporary, transient after a normal end, stopped on request |
/// | `no_restart_is_lost` | an idle supervisor leaves a restart that is due undone for a second |
/// | `a_child_given_up_stays_down` | a restart is decided of a child that used up its own limit and was not started since |
///
/// The window slides: a restart that is exactly one period old still counts. It runs on
/// the node's own clock: while that drifts, both numbers that the drift allows are
/// accepted. A restart that was found too old once is forgotten, even if the period is
/// made longer later. A lost restart is found one second of the node's own clock after
/// the supervisor could have done it: it is due, and no child is being started or
/// stopped. A supervisor that is killed, or crashes with its node, owes nothing. Bounded by the restarts of one period and the children
/// that are listed.
pub struct RestartBudget {
    tallies: RestartTallies,
    needs: RestartNeeds,
    debts: RestartDebts,
    tempo: Tempo,
}

impl RestartBudget {
    /// No supervisor yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            tallies: RestartTallies::new(),
            needs: RestartNeeds::new(),
            debts: RestartDebts::new(),
            tempo: Tempo::new(),
        }
    }
}

impl Default for RestartBudget {
    fn default() -> Self {
        Self::new()
    }
}

impl Checker for RestartBudget {
    fn name(&self) -> &'static str {
        "restart_budget"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match &record.event {
            TraceEvent::Net(_) | TraceEvent::Disk(_) | TraceEvent::Task(_) => return,
            TraceEvent::Node(_) | TraceEvent::Run(_) | TraceEvent::Fault(_) => {
                self.tempo.observe(record);
            }
            TraceEvent::Core(_) => {}
        }
        self.tallies.observe(record, &self.tempo, findings);
        self.needs.observe(record, findings);
        self.debts.observe(record, &self.tempo, findings);
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
