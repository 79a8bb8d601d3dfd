//! Sessions: under what a participant holds whatever it holds.
//!
//! | file | what it holds |
//! |---|---|
//! | `options.rs` | what is asked for |
//! | `handle.rs` | what participants have of a session |
//! | `shared.rs` | what is true of it, for its holder, its process and its requests |
//! | `hold.rs` | one thing that is held under it |
//! | `claims.rs` | which names it holds or waits for |
//! | `driver.rs` | the process that renews it and ends it |

mod claims;
mod driver;
mod handle;
mod hold;
mod options;
mod shared;

pub(super) use claims::{Claim, Claimed};
pub(super) use driver::{Outcome, run};
pub use handle::Session;
pub(super) use hold::{Hold, HoldEnd};
pub use options::SessionOptions;
pub(super) use shared::{Shared, Surroundings};
