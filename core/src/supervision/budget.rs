//! Whether a child may be restarted once more, and when.

use std::time::Duration;

use super::backoff::Backoff;
use super::crew::Crew;
use super::error::ChildFailed;
use super::intensity::RestartLimit;
use super::machine::{Effect, Fate, Moment};
use super::table::ChildKey;
use crate::event::SupervisionEvent;
use crate::failure::Severity;

/// What the limits say about one more restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Budget {
    /// Restart it after this time.
    Restart(Duration),
    /// The child's own limit is used up.
    ChildSpent,
    /// The supervisor's limit is used up.
    SupervisorSpent,
}

impl<F> Crew<F> {
    /// Asks the limits for one more restart after `failure`, reports it accordingly
    /// and announces what was decided. `ran` is how long the child ran before.
    pub(super) fn budget(
        &mut self,
        key: ChildKey,
        failure: ChildFailed,
        ran: Duration,
        (limit, backoff): (RestartLimit, Option<Backoff>),
        moment: &Moment<'_>,
        fx: &mut Vec<Effect<F>>,
    ) -> Budget {
        let supervisor = self.supervisor;
        let Some(child) = self.children.get_mut(key) else {
            return Budget::ChildSpent;
        };
        let label = child.label.clone();
        let own = child
            .policy
            .limit
            .map(|limit| child.window.consider(limit, moment.now));
        if let Some(refused) = own.filter(|own| !own.allowed) {
            fx.push(Effect::Settle(failure, Fate::Report(Severity::Error)));
            fx.push(Effect::Announce(SupervisionEvent::ChildLimitExceeded {
                supervisor,
                child: label,
                in_window: refused.in_window,
            }));
            return Budget::ChildSpent;
        }
        let shared = self.window.consider(limit, moment.now);
        if !shared.allowed {
            fx.push(Effect::Settle(failure, Fate::Report(Severity::Error)));
            fx.push(Effect::Announce(SupervisionEvent::IntensityExceeded {
                supervisor,
                child: label,
                in_window: shared.in_window,
            }));
            return Budget::SupervisorSpent;
        }
        self.window.record(moment.now);
        if own.is_some() {
            child.window.record(moment.now);
        }
        child.restarts += 1;
        let delay = match child.policy.backoff.or(backoff) {
            None => Duration::ZERO,
            Some(backoff) => {
                if ran >= backoff.reset_after {
                    child.attempts = 0;
                }
                child.attempts = child.attempts.saturating_add(1);
                let draw = if backoff.jitter > 0.0 {
                    (moment.draw)(&label, child.restarts)
                } else {
                    0.0
                };
                backoff.delay(child.attempts, draw)
            }
        };
        if failure.is_abnormal() {
            fx.push(Effect::Settle(failure, Fate::Report(Severity::Warning)));
        }
        fx.push(Effect::Announce(SupervisionEvent::RestartScheduled {
            supervisor,
            child: label,
            delay,
            in_window: shared.in_window,
        }));
        Budget::Restart(delay)
    }
}
