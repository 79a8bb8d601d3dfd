//! Checkers: each states one promise and reads nothing but the trace.

mod books;
mod checker;
mod deadlines;
mod exits;
mod liveness;
mod note;
mod orphans;
mod population;
mod standard;
mod tempo;
#[cfg(test)]
mod tests;

pub use books::Books;
pub use checker::{Checker, Findings};
pub use exits::Exits;
pub use liveness::Liveness;
pub use note::{Claims, NoteChecker};
pub use orphans::Orphans;
pub use standard::standard;
