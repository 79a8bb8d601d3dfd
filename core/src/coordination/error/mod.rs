//! What may go wrong in coordination, one file a family.

mod lock;
mod queue;
mod session;

pub use lock::{LockError, ReleaseError};
pub(super) use queue::QueueError;
pub use session::{CloseError, SessionError};
