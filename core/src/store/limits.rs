//! How much a store takes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Bounds of one store. They are part of its state: every replica of a store must
/// begin with the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Limits {
    /// The longest key, in bytes.
    pub key_len_max: usize,
    /// The longest value, in bytes.
    pub value_len_max: usize,
    /// How many comparisons, and how many operations of each list, one transaction has.
    pub transaction_len_max: usize,
    /// The size of all keys and values of one transaction, in bytes.
    pub transaction_bytes_max: usize,
    /// How many entries one read answers.
    pub read_len_max: usize,
    /// The size of all keys and values that exist, in bytes. A transaction that would
    /// exceed it is refused.
    pub bytes_max: usize,
    /// How many changes are remembered for watches and for reads at earlier revisions.
    /// The oldest are compacted.
    pub history_len_max: usize,
    /// The size of values that are remembered though they were replaced, in bytes.
    pub history_bytes_max: usize,
    /// How many leases there are at once.
    pub leases_max: usize,
    /// The shortest time to live; shorter ones are raised to it.
    pub lease_ttl_min: Duration,
    /// The longest time to live.
    pub lease_ttl_max: Duration,
    /// How many sessions of clients that retry are remembered; those that were not
    /// used for longest are forgotten.
    pub sessions_max: usize,
    /// How many answers are remembered for each session.
    pub session_answers_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            key_len_max: 1 << 10,
            value_len_max: 1 << 18,
            transaction_len_max: 128,
            transaction_bytes_max: 1 << 20,
            read_len_max: 10_000,
            bytes_max: 1 << 30,
            history_len_max: 100_000,
            history_bytes_max: 1 << 28,
            leases_max: 100_000,
            lease_ttl_min: Duration::from_millis(100),
            lease_ttl_max: Duration::from_secs(86_400),
            sessions_max: 1_024,
            session_answers_max: 1_024,
        }
    }
}

impl Limits {
    /// Remembers at most so many changes.
    #[must_use]
    pub const fn history_len_max(mut self, history_len_max: usize) -> Self {
        self.history_len_max = history_len_max;
        self
    }

    /// The size of all keys and values that exist, in bytes.
    #[must_use]
    pub const fn bytes_max(mut self, bytes_max: usize) -> Self {
        self.bytes_max = bytes_max;
        self
    }

    /// The shortest time to live.
    #[must_use]
    pub const fn lease_ttl_min(mut self, lease_ttl_min: Duration) -> Self {
        self.lease_ttl_min = lease_ttl_min;
        self
    }

    /// How many leases there are at once.
    #[must_use]
    pub const fn leases_max(mut self, leases_max: usize) -> Self {
        self.leases_max = leases_max;
        self
    }
}
