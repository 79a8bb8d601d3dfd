//! Each run in an operating-system process of its own.
//!
//! A process holds more than a simulator can seed: counters that a dependency keeps
//! for the whole process, thread-local generators, keys of hash maps. So a run
//! happens in a forked child of a parent that has done nothing but fork, on a thread
//! with fresh state: one that the child makes, or, in a sweep, the copy of one from
//! which its worker forks all children. It finds the same memory whether it is the first run or the
//! thousandth, alone or in a batch, and three more things come with it: a hung run
//! is killed at a wall-clock limit, a crash ends only its own run, and what a run
//! leaks is given back at its end.
//!
//! What stays different between two runs of one executable is what the code under
//! test asks the kernel for past the interposed functions (a raw `getrandom` system
//! call) and the addresses of its memory.

mod child;
mod frame;
mod isolate;
mod last_words;
mod relay;
mod stopwatch;
#[cfg(test)]
mod tests;

pub use child::ForkError;
pub(crate) use child::{Child, fork, on_lone_thread};
pub(crate) use frame::{FrameError, FrameReader, read_frame, wait_readable, write_frame};
pub(crate) use isolate::STACK_BYTES;
pub use isolate::{Ending, IsolationError, is_single_threaded, isolate, on_fresh_thread};
pub(crate) use last_words::keep_last_words;
pub(crate) use relay::test_name;
pub use relay::{RelayError, Separation, relay};
pub use stopwatch::Stopwatch;
