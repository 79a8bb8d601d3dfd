//! How a consistent registry works.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::label::Label;

/// What becomes of processes whose names are lost with the session of their node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnLoss {
    /// They are asked to exit, with [`ExitReason::Shutdown`](crate::process::ExitReason)
    /// and the name that was lost.
    Exit,
    /// They go on without the name; whoever watches the name is told.
    Tell,
}

/// How a consistent registry works. In a file, times are whole milliseconds in fields
/// that end in `_ms`; what a [`RegistryConfig`](crate::registry::RegistryConfig) says
/// itself (`owner_only`, `indexes`, `entries_max`) is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ConsistentConfig {
    /// How long the names of a node that has vanished stay its own. 10 s unless set.
    #[serde(rename = "ttl_ms", with = "crate::milliseconds")]
    pub ttl: Duration,
    /// How long the store may take for one answer. 2 s unless set.
    #[serde(rename = "answer_limit_ms", with = "crate::milliseconds")]
    pub answer_limit: Duration,
    /// How long the driver waits before it turns to a store again that did not answer.
    /// 250 ms unless set.
    #[serde(rename = "retry_ms", with = "crate::milliseconds")]
    pub retry: Duration,
    /// How many changes may wait for those before them. 4096 unless set.
    pub queue_max: usize,
    /// What becomes of processes whose names are lost. They exit unless set.
    pub on_loss: OnLoss,
    /// How many registrations this node may hold.
    #[serde(skip)]
    pub entries_max: usize,
    /// Whether only a holder may take away or change its registration.
    #[serde(skip)]
    pub owner_only: bool,
    /// The fields of metadata of which an index is kept on this node, in every scope.
    #[serde(skip)]
    pub indexes: Vec<Label>,
}

impl Default for ConsistentConfig {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(10),
            answer_limit: Duration::from_secs(2),
            retry: Duration::from_millis(250),
            queue_max: 4_096,
            on_loss: OnLoss::Exit,
            entries_max: 1_000_000,
            owner_only: false,
            indexes: Vec::new(),
        }
    }
}

/// A configuration that makes no sense. No effect; correct it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsistentConfigError {
    /// A number that must be at least one is zero.
    #[error("{field} must not be zero")]
    Zero {
        /// Which one, as a file names it.
        field: Label,
    },
}

impl ConsistentConfig {
    /// With this fate of holders whose names are lost.
    #[must_use]
    pub const fn on_loss(mut self, on_loss: OnLoss) -> Self {
        self.on_loss = on_loss;
        self
    }

    /// With this time to live of the names of a node that has vanished.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Checks that it makes sense.
    ///
    /// # Errors
    ///
    /// See [`ConsistentConfigError`].
    pub fn validate(&self) -> Result<(), ConsistentConfigError> {
        let counts = [
            ("ttl_ms", self.ttl.is_zero()),
            ("answer_limit_ms", self.answer_limit.is_zero()),
            ("retry_ms", self.retry.is_zero()),
            ("queue_max", self.queue_max == 0),
            ("entries_max", self.entries_max == 0),
        ];
        match counts.into_iter().find(|(_, zero)| *zero) {
            Some((field, _)) => Err(ConsistentConfigError::Zero {
                field: field.into(),
            }),
            None => Ok(()),
        }
    }
}
