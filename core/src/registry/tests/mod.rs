//! Claims about the facade, on a backend without any cleverness.

mod await_tests;
mod change_tests;
mod clearing_tests;
mod lock_tests;
mod naive;
mod sending_tests;
mod stage;
mod supervised_tests;
mod watch_tests;
