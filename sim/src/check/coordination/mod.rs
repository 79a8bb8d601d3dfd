//! Checks of coordination: each keeps its own model of who holds what, built from the
//! facts that the nodes announce.

mod assemblies;
mod counter_bounds;
mod decisions;
mod fencing;
mod gates;
mod generation;
mod leaderships;
mod lock_holders;
mod observers;
mod step;

pub use assemblies::{Assemblies, Leaving};
pub use counter_bounds::CounterBounds;
pub use decisions::Decisions;
pub use fencing::{Fencing, Use};
pub use gates::Gates;
pub use leaderships::Leaderships;
pub use lock_holders::LockHolders;
pub use observers::Observers;
