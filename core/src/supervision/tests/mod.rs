//! Claims about supervisors, over many interleavings of tasks.

mod calls;
mod chaos;
mod dependents;
mod dynamic;
mod limits;
mod machines;
mod peers;
mod restarts;
mod shutdown;
mod significance;
mod stage;
mod starting;
