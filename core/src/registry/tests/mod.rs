//! Claims about the facade, on a backend without any cleverness.

mod await_tests;
mod change_tests;
mod naive;
mod stage;
mod watch_tests;
