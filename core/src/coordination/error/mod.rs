//! What may go wrong in coordination, one file a family.

mod barrier;
mod consensus;
mod counter;
mod election;
mod lock;
mod queue;
mod replica;
mod session;

pub use barrier::BarrierError;
pub use consensus::ConsensusError;
pub use counter::CounterError;
pub use election::ElectionError;
pub use lock::{LockError, ReleaseError};
pub(super) use queue::QueueError;
pub use replica::{PnCounterError, VectorClockError};
pub use session::{CloseError, SessionError};
