//! How a replicated registry works.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::conflict::Resolver;
use crate::label::Label;
use crate::runtime::Port;

/// What becomes of a process that loses a name to one of another node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// It is asked to exit, with [`ExitReason::Shutdown`](crate::process::ExitReason)
    /// and who holds the name now. One that is restarted finds the name taken.
    Exit,
    /// It goes on without the name; whoever watches the name is told.
    Tell,
}

/// How a replicated registry works. Every node of a cluster should use the same.
///
/// In a file, times are whole milliseconds in fields that end in `_ms`, such as
/// `sync_interval_ms`; what a [`RegistryConfig`](crate::registry::RegistryConfig) says
/// itself (`owner_only`, `indexes`, `entries_max`) is not repeated, and a resolver can
/// only be set in code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ReplicatedConfig {
    /// The port of the replication, the same on all nodes; one for each registry.
    pub port: Port,
    /// How often a node compares what it has with some others, give or take a quarter.
    #[serde(rename = "sync_interval_ms", with = "crate::milliseconds")]
    pub sync_interval: Duration,
    /// With how many others, however many there are.
    pub sync_fanout: u8,
    /// How long own changes wait for others to go with them.
    #[serde(rename = "push_delay_ms", with = "crate::milliseconds")]
    pub push_delay: Duration,
    /// How long an answer may take before the question is asked again.
    #[serde(rename = "answer_limit_ms", with = "crate::milliseconds")]
    pub answer_limit: Duration,
    /// From how many peers a node fetches at the same time.
    pub pulls_max: usize,
    /// How many of its own changes a node keeps for those that missed some. Whoever
    /// missed more takes a snapshot.
    pub log_steps_max: usize,
    /// How many bytes of them, roughly.
    pub log_bytes_max: usize,
    /// How many changes of one peer may wait for those before them. More are fetched
    /// again later.
    pub pending_max: usize,
    /// How many changes of other nodes are applied before local callers get their turn.
    pub apply_batch_max: usize,
    /// How many messages may wait to be handled.
    pub inbox_capacity: usize,
    /// How many registrations one node may hold.
    #[serde(skip)]
    pub entries_max: usize,
    /// How many scopes one node may open.
    pub scopes_max: usize,
    /// How many fields of the whole registry may ever be used.
    pub meta_max: usize,
    /// Whether only a holder may take away or change its registration.
    #[serde(skip)]
    pub owner_only: bool,
    /// The fields of metadata of which an index is kept on this node, in every scope.
    #[serde(skip)]
    pub indexes: Vec<Label>,
    /// What becomes of a process that loses a name.
    pub on_conflict: OnConflict,
    /// How long this node may lack changes that it knows of before it calls itself
    /// degraded.
    #[serde(rename = "lag_max_ms", with = "crate::milliseconds")]
    pub lag_max: Duration,
    /// Who wins a conflict, before the rules that need no resolver.
    #[serde(skip)]
    pub resolver: Option<Resolver>,
}

impl Default for ReplicatedConfig {
    fn default() -> Self {
        Self {
            port: Port(7_947),
            sync_interval: Duration::from_millis(500),
            sync_fanout: 2,
            push_delay: Duration::from_millis(2),
            answer_limit: Duration::from_secs(1),
            pulls_max: 16,
            log_steps_max: 16_384,
            log_bytes_max: 4 << 20,
            pending_max: 4_096,
            apply_batch_max: 256,
            inbox_capacity: 1_024,
            entries_max: 1_000_000,
            scopes_max: 10_000,
            meta_max: 4_096,
            owner_only: false,
            indexes: Vec::new(),
            on_conflict: OnConflict::Exit,
            lag_max: Duration::from_secs(10),
            resolver: None,
        }
    }
}

/// A configuration that makes no sense. No effect; correct it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicatedConfigError {
    /// A number that must be at least one is zero.
    #[error("{field} must not be zero")]
    Zero {
        /// Which one.
        field: Label,
    },
}

impl ReplicatedConfig {
    /// The default on another port.
    #[must_use]
    pub fn on(port: Port) -> Self {
        Self {
            port,
            ..Self::default()
        }
    }

    /// With this rhythm of comparing and asking again.
    #[must_use]
    pub const fn rhythm(mut self, sync_interval: Duration, answer_limit: Duration) -> Self {
        self.sync_interval = sync_interval;
        self.answer_limit = answer_limit;
        self
    }

    /// With a log of this size.
    #[must_use]
    pub const fn log(mut self, steps_max: usize, bytes_max: usize) -> Self {
        self.log_steps_max = steps_max;
        self.log_bytes_max = bytes_max;
        self
    }

    /// With this rank of claims.
    #[must_use]
    pub fn resolver(mut self, resolver: Resolver) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// With this fate of losers.
    #[must_use]
    pub const fn on_conflict(mut self, on_conflict: OnConflict) -> Self {
        self.on_conflict = on_conflict;
        self
    }

    /// With or without owner-only mode.
    #[must_use]
    pub const fn owner_only(mut self, owner_only: bool) -> Self {
        self.owner_only = owner_only;
        self
    }

    /// With an index of one more field.
    #[must_use]
    pub fn index(mut self, field: impl Into<Label>) -> Self {
        self.indexes.push(field.into());
        self
    }

    /// Checks that it makes sense.
    ///
    /// # Errors
    ///
    /// See [`ReplicatedConfigError`].
    pub fn validate(&self) -> Result<(), ReplicatedConfigError> {
        let counts = [
            ("sync_interval", self.sync_interval.is_zero()),
            ("sync_fanout", self.sync_fanout == 0),
            ("answer_limit", self.answer_limit.is_zero()),
            ("pulls_max", self.pulls_max == 0),
            ("log_steps_max", self.log_steps_max == 0),
            ("log_bytes_max", self.log_bytes_max == 0),
            ("pending_max", self.pending_max == 0),
            ("apply_batch_max", self.apply_batch_max == 0),
            ("inbox_capacity", self.inbox_capacity == 0),
            ("entries_max", self.entries_max == 0),
            ("scopes_max", self.scopes_max == 0),
            ("lag_max", self.lag_max.is_zero()),
        ];
        if let Some((field, _)) = counts.into_iter().find(|(_, zero)| *zero) {
            let field = field.into();
            return Err(ReplicatedConfigError::Zero { field });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_makes_sense_and_a_zero_is_named() {
        assert_eq!(ReplicatedConfig::default().validate(), Ok(()));
        let none = ReplicatedConfig {
            pulls_max: 0,
            ..ReplicatedConfig::default()
        };
        let field = "pulls_max".into();
        assert_eq!(none.validate(), Err(ReplicatedConfigError::Zero { field }));
    }
}
