//! The checker of restarts: counted, needed, and not lost.

mod budget;
mod debts;
mod need;
mod tally;

pub use budget::RestartBudget;
