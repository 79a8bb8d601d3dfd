//! Claims about supervisors, over many interleavings of tasks.

mod dependents;
mod restarts;
mod stage;
