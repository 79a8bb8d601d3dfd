//! Simulated runs inside `cargo test` and `cargo nextest`.

mod closures;
mod snapshot;
mod test;
#[cfg(test)]
mod tests;

pub use closures::TestError;
pub use test::{SEED_VARIABLE, Test, test};
