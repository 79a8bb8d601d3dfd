//! A number that all participants change, and that each sees as it is.
//!
//! | file | what it holds |
//! |---|---|
//! | `handle.rs` | what participants have of a counter |
//! | `change.rs` | what an operation makes of the value, pure |
//! | `record.rs` | what is stored, pure |
//! | `changing.rs` | one operation, tried until its outcome is certain |

mod change;
mod changing;
mod handle;
mod record;

pub use handle::Counter;
