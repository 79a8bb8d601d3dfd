//! What is asked of a session.

use std::time::Duration;

/// How long a session lasts without a renewal.
///
/// Two times count. The holder relies on the session for `ttl` after it asked for a
/// renewal that was answered, by its own clock. The store keeps it for `ttl + delay`
/// after that, by the clock of whoever counts leases. So nobody is let in for `delay`
/// after a holder had to give up (Consul's lock delay), and both clocks may differ in
/// pace by `delay / ttl` before two could hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionOptions {
    /// For how long the holder relies on the session after a renewal.
    pub ttl: Duration,
    /// For how much longer the store keeps it. At most `ttl`.
    pub delay: Duration,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(10),
            delay: Duration::from_secs(1),
        }
    }
}

impl SessionOptions {
    /// With this time to live, and a tenth of it as delay.
    #[must_use]
    pub fn ttl(ttl: Duration) -> Self {
        let delay = ttl / 10;
        Self { ttl, delay }
    }

    /// For how much longer the store keeps it. At most the time to live.
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}
