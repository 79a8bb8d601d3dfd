//! What an event is about.

use steadfast::Label;
use steadfast::event::SupervisionEvent;
use steadfast::process::ProcessId;

/// Which supervisor and which child an event is about.
pub(crate) const fn subject(event: &SupervisionEvent) -> (ProcessId, Option<&Label>) {
    use SupervisionEvent as E;
    match event {
        E::SupervisorStarted { supervisor, .. }
        | E::SupervisorReconfigured { supervisor, .. }
        | E::SupervisorStopping { supervisor, .. }
        | E::SupervisorStopped { supervisor } => (*supervisor, None),
        E::ChildAdded {
            supervisor, child, ..
        }
        | E::ChildRemoved { supervisor, child }
        | E::ChildStarted {
            supervisor, child, ..
        }
        | E::ChildStartFailed {
            supervisor, child, ..
        }
        | E::ChildIgnored { supervisor, child }
        | E::ChildExited {
            supervisor, child, ..
        }
        | E::RestartScheduled {
            supervisor, child, ..
        }
        | E::RestartCancelled { supervisor, child }
        | E::ChildStopping {
            supervisor, child, ..
        }
        | E::ChildKilled {
            supervisor, child, ..
        }
        | E::ChildLimitExceeded {
            supervisor, child, ..
        }
        | E::IntensityExceeded {
            supervisor, child, ..
        }
        | E::AutoShutdown { supervisor, child } => (*supervisor, Some(child)),
    }
}
