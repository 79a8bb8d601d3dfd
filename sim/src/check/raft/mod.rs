//! The invariants of Raft, held against what every node announces of its log.

mod disk;
mod logs;
mod step;
mod terms;

pub use logs::RaftLogs;
pub use terms::RaftTerms;
