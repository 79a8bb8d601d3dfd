//! Every fact as a `tracing` event with stable field names.

use crate::event::Event;

/// Emits one fact.
pub(crate) fn emit(event: &Event) {
    tracing::trace!(target: "steadfast", ?event);
}
