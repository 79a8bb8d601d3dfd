//! Supervision with the exact semantics of Erlang/OTP.

mod policy;

pub use policy::{AutoShutdown, Restart, ShutdownPolicy, Strategy};
