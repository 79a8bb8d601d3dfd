//! Claims about the checkers of registries.

mod agreement;
mod answers;
mod conflicts;
mod facts;
mod holders;
mod holdings;
mod watchers;
