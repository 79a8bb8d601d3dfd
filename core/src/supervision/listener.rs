//! Following what a supervisor does from beside it.

use super::handle::SupervisorRef;
use crate::event::SupervisionEvent;
use crate::process::Context;
use crate::runtime::Runtime;

/// Told of everything that a static supervisor does, in order, inside its process.
///
/// Must neither wait nor panic: the supervisor does nothing meanwhile.
pub(crate) trait Listener<R: Runtime>: Send + Sync {
    /// A process of the supervisor begins; its children start next.
    fn begun(&self, context: &Context<R>, supervisor: &SupervisorRef<R>);

    /// A fact, right after it was announced.
    fn heard(&self, context: &Context<R>, event: &SupervisionEvent);
}
