//! The capabilities of the Steadfast runtime on madsim.
//!
//! madsim executes tasks in an order that the scheduler seed decides, and owns
//! simulated time. Everything else is ours: timers on clocks that drift, a network
//! of directed links, disks that lose what was not synced. All of it waits in one
//! agenda, and one pump does what is due.

mod agenda;
mod board;
mod disk;
mod fate;
mod faults;
mod journal;
mod life;
mod links;
mod network;
mod node_clock;
mod plugin;
mod pump;
mod shared;
mod sleep;
mod slots;
mod state;
mod storage;
mod task;

pub(crate) use agenda::Due;
pub(crate) use faults::Act;
pub(crate) use journal::Journal;
pub(crate) use life::Life;
pub use life::SimRuntime;
pub(crate) use plugin::WorldSimulator;
pub(crate) use pump::Alarm;
pub(crate) use shared::Shared;
pub(crate) use sleep::WorldSleep;
pub(crate) use state::State;
pub(crate) use task::portable_path;
