//! Claims about checkers: each passes good histories and catches planted bad ones.

mod books;
mod exits;
pub(super) mod history;
mod liveness;
mod notes;
mod orphans;
