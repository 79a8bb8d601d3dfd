//! Checks of registries: each keeps its own model of what every node sees, built from
//! the facts that the node announces.

mod agreement;
mod answers;
mod asked;
mod conflicts;
mod endings;
mod handover;
mod holders;
mod reading;
mod refusals;
mod view;
mod views;
mod watchers;

pub use agreement::Agreement;
pub use answers::Answers;
pub use asked::Asked;
pub use conflicts::Conflicts;
pub use endings::Endings;
pub use handover::Handover;
pub use holders::Holders;
pub use reading::{Heard, Reading, Row};
pub use refusals::Refusals;
pub use watchers::Watchers;
