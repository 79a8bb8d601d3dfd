//! Claims about supervisors, over many interleavings of tasks.

mod restarts;
mod stage;
