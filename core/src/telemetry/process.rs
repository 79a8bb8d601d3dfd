//! Facts about processes.

use super::emit::{Source, emit, facts};
use crate::event::ProcessEvent;
use crate::process::ExitReason;

pub(super) fn process(source: Source, event: &ProcessEvent) {
    use ProcessEvent as P;
    facts! { source, event;
        P::Spawned { process, parent, path } => debug "process.spawned"
            (%process, parent = parent.map(tracing::field::display), %path);
        P::Exited { process, reason: reason @ (ExitReason::Error(_) | ExitReason::Panic(_)) } =>
            warn "process.exited" (%process, %reason);
        P::Exited { process, reason } => debug "process.exited" (%process, %reason);
        P::MessageDiscarded { process, discarded } => warn "process.message_discarded"
            (%process, discarded);
    }
}
