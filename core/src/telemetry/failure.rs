//! Facts about failures.

use super::emit::{Source, emit, facts};
use super::words::settlement_word;
use crate::event::FailureEvent;
use crate::failure::Severity;

pub(super) fn failure(source: Source, event: &FailureEvent) {
    use FailureEvent as F;
    facts! { source, event;
        F::Delivered { failure, process, what } => debug "failure.delivered"
            (%failure, process = process.map(tracing::field::display), %what);
        F::Settled { failure, how } => debug "failure.settled"
            (%failure, how = settlement_word(*how));
        F::Dropped { failure, what } => error "failure.dropped" (%failure, %what);
        F::Incident { severity: Severity::Warning, failure, what } => warn "failure.incident"
            (failure = failure.map(tracing::field::display), %what);
        F::Incident { severity: Severity::Error, failure, what } => error "failure.incident"
            (failure = failure.map(tracing::field::display), %what);
    }
}
