//! Checks of coordination: each keeps its own model of who holds what, built from the
//! facts that the nodes announce.

mod fencing;
mod leaderships;
mod lock_holders;
mod observers;
mod step;

pub use fencing::{Fencing, Use};
pub use leaderships::Leaderships;
pub use lock_holders::LockHolders;
pub use observers::Observers;
