//! Many seeds of many scenarios.

mod pool;
#[cfg(test)]
mod tests;
