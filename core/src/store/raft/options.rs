//! How a replicated store is started.

use std::collections::BTreeSet;
use std::time::Duration;

use openraft::{Config, SnapshotPolicy};

use crate::label::Label;
use crate::runtime::{NodeId, Port};
use crate::store::limits::Limits;

/// How a replicated store is started. All nodes of a store need the same `limits`,
/// `port` and `voters`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RaftOptions {
    /// Who decides at the very first start. Without effect once the store has been
    /// started; empty at a node that joins later.
    pub voters: BTreeSet<NodeId>,
    /// The port that other nodes ask at; answers come to the one after it.
    pub port: Port,
    /// The beginning of the names of its files.
    pub files: Label,
    /// Its bounds.
    pub limits: Limits,
    /// How often a leader shows that it is there, and how long it waits for an answer to
    /// that: more than the round trip between any two nodes of a majority. A leader to
    /// whom no majority answers in time falls silent, so that another one can lead.
    pub heartbeat: Duration,
    /// For how long at least nobody is heard of before another one wants to lead; twice
    /// that at most.
    pub election: Duration,
    /// After how many entries of the log a snapshot is made.
    pub snapshot_after: u64,
    /// How many entries of the log are kept after a snapshot, for nodes that are behind.
    pub log_kept: u64,
    /// How many requests of this node wait for answers at once.
    pub in_flight_max: usize,
    /// How many watches it serves at once.
    pub watches_max: usize,
}

impl RaftOptions {
    /// A store of these nodes.
    pub fn new(voters: impl IntoIterator<Item = NodeId>) -> Self {
        Self {
            voters: voters.into_iter().collect(),
            port: Port(700),
            files: "store".into(),
            limits: Limits::default(),
            heartbeat: Duration::from_millis(50),
            election: Duration::from_millis(200),
            snapshot_after: 5_000,
            log_kept: 1_000,
            in_flight_max: 512,
            watches_max: 10_000,
        }
    }

    /// Its bounds.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// After how many entries of the log a snapshot is made, and how many are kept.
    #[must_use]
    pub const fn snapshot_after(mut self, entries: u64, kept: u64) -> Self {
        self.snapshot_after = entries;
        self.log_kept = kept;
        self
    }

    /// How many requests of this node wait for answers at once.
    #[must_use]
    pub const fn in_flight_max(mut self, in_flight_max: usize) -> Self {
        self.in_flight_max = in_flight_max;
        self
    }

    pub(super) fn config(&self) -> Config {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let shortest = millis(self.heartbeat) + 1;
        Config {
            cluster_name: self.files.to_string(),
            heartbeat_interval: millis(self.heartbeat),
            // Nobody votes for another one within the longer of these after it heard a
            // leader, and nobody wants to lead before both that and a time between
            // them have passed.
            election_timeout_min: shortest,
            election_timeout_max: millis(self.election)
                .saturating_sub(shortest)
                .max(shortest + 1),
            install_snapshot_timeout: millis(self.election * 5),
            snapshot_policy: SnapshotPolicy::LogsSinceLast(self.snapshot_after),
            max_in_snapshot_log_to_keep: self.log_kept,
            snapshot_max_chunk_size: 1 << 18,
            max_payload_entries: 64,
            replication_lag_threshold: self.log_kept.max(self.snapshot_after),
            ..Config::default()
        }
    }
}
