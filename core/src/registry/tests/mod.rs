//! Claims about the facade, on the local backends and on one that fails on request.

mod await_tests;
mod change_tests;
mod clearing_tests;
mod config_tests;
mod driver_tests;
mod lifetime_tests;
mod lock_tests;
mod monitor_tests;
mod naive;
mod naive_backend;
mod sending_tests;
mod stage;
mod supervised_tests;
mod switch_tests;
mod thread_tests;
mod watch_tests;
