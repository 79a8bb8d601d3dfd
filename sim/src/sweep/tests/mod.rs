//! Claims about workers, isolated runs and sweeps.

mod isolated;
mod pool;
mod scripted;
mod sweeping;
