//! Supervision with the exact semantics of Erlang/OTP.

mod policy;
pub mod tasks;

pub use policy::{AutoShutdown, Restart, ShutdownPolicy, Strategy};
