//! Checkers: each states one promise and reads nothing but the trace.

mod books;
mod checker;
mod child_order;
mod coordination;
mod deadlines;
mod exits;
pub mod linearizability;
mod lineup;
mod liveness;
mod membership;
mod note;
mod orphans;
mod population;
mod raft;
mod registry;
mod restart;
mod shutdown;
mod standard;
mod tempo;
#[cfg(test)]
mod tests;

pub use books::Books;
pub use checker::{Checker, Findings};
pub use child_order::ChildOrder;
pub use coordination::{
    Assemblies, CounterBounds, Decisions, Fencing, Gates, Leaderships, Leaving, LockHolders,
    Observers, Use,
};
pub use exits::Exits;
pub use liveness::Liveness;
pub use membership::Membership;
pub use note::{Claims, NoteChecker};
pub use orphans::Orphans;
pub use raft::{RaftLogs, RaftTerms};
pub use registry::{
    Agreement, Answers, Asked, Conflicts, Endings, Handover, Heard, Holders, Reading, Refusals,
    Row, Watchers,
};
pub use restart::RestartBudget;
pub use shutdown::Shutdown;
pub use standard::standard;
