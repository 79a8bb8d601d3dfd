//! Claims about checkers: each passes good histories and catches planted bad ones.

mod barriers;
mod books;
mod child_order;
mod coordination;
mod counters;
mod decisions;
mod exits;
pub(super) mod history;
mod liveness;
mod membership;
mod notes;
mod orphans;
mod raft;
mod registry;
mod restart_budget;
mod restart_debts;
mod shutdown;
mod staging;
