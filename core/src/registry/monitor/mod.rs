//! The monitor of a registry's backend.
//!
//! | file | what it holds |
//! |---|---|
//! | `config.rs` | how often it looks, and what it does |
//! | `verdict.rs` | what it makes of what it saw, without any waiting |
//! | `driver.rs` | the process that looks |

mod config;
mod driver;
mod verdict;

pub use config::{FailOver, MonitorConfig};
pub(super) use driver::run;
