//! How a registry works, as data: from a file, or built step by step.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::backend_config::{BackendConfig, StoreConfig};
use super::backend_spec::BackendSpec;
use super::consistent::Consistent;
use super::error::RegistryError;
use super::key::{Keys, check_scope};
use super::local::{Local, LocalOptions};
use super::monitor::MonitorConfig;
use super::replicated::clustered;
use crate::label::Label;
use crate::membership;
use crate::runtime::{Port, Runtime};

/// How a registry works.
///
/// ```toml
/// backend = { kind = "partitioned", partitions = 8 }
/// owner_only = true
/// indexes = ["role"]
/// scopes = { agents = "unique", workers = "duplicate" }
/// deadline_ms = 2000
///
/// [monitor]
/// interval_ms = 500
/// fail_over = { to = { kind = "memory" } }
/// ```
///
/// One that the nodes of a cluster share:
///
/// ```toml
/// scopes = { agents = "unique" }
///
/// [backend]
/// kind = "replicated"
/// membership = { cluster = "shop", port = 7946, seeds = [1, 2, 3] }
/// replication = { port = 7947, sync_interval_ms = 500, on_conflict = "exit" }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RegistryConfig {
    /// Which backend stores the registrations. `memory` unless set.
    pub backend: BackendConfig,
    /// Whether only the holder may let go of a name and change its metadata. `false`
    /// unless set.
    pub owner_only: bool,
    /// The fields of metadata of which an index is kept, in every scope. None unless
    /// set.
    pub indexes: Vec<Label>,
    /// The scopes that are opened at the start. None unless set.
    pub scopes: BTreeMap<Label, Keys>,
    /// The most registrations; of a replicated backend, those of this node. 100 million
    /// unless set.
    pub entries_max: usize,
    /// How many changes are queued for one subscription. 1024 unless set.
    pub watch_capacity: usize,
    /// How long a change may wait for its answer, in milliseconds. 5000 unless set.
    pub deadline_ms: u64,
    /// How the backend is looked after. Not at all unless set.
    pub monitor: Option<MonitorConfig>,
}

impl Default for RegistryConfig {
    fn default() -> Self {
        Self {
            backend: BackendConfig::memory(),
            owner_only: false,
            indexes: Vec::new(),
            scopes: BTreeMap::new(),
            entries_max: LocalOptions::new().entries_max,
            watch_capacity: 1024,
            deadline_ms: 5_000,
            monitor: None,
        }
    }
}

/// A configuration contradicts itself. Nothing was started; a retry with the same one
/// cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number is zero that must not be.
    #[error("{field} is zero")]
    Zero {
        /// Which.
        field: Label,
    },
    /// A number is larger than it may be.
    #[error("{field} is {value}, and {most} is the most")]
    TooLarge {
        /// Which.
        field: Label,
        /// What it is.
        value: usize,
        /// The most.
        most: usize,
    },
    /// The membership of a replicated backend makes no sense.
    #[error("{field} is wrong")]
    Membership {
        /// Where it is.
        field: Label,
        /// What is wrong with it.
        #[source]
        source: membership::ConfigError,
    },
    /// Two protocols would listen on one port.
    #[error("{one} and {other} are both {port}")]
    SamePort {
        /// The field of the one.
        one: Label,
        /// The field of the other.
        other: Label,
        /// The port.
        port: Port,
    },
    /// An index has no name.
    #[error("an index names no field")]
    EmptyIndex,
    /// Two indexes are of the same field.
    #[error("field {field:?} is indexed twice")]
    DuplicateIndex {
        /// The field.
        field: Label,
    },
    /// The name of a scope breaks a rule of [`Key`](super::Key).
    #[error("scope {scope:?} cannot be opened")]
    Scope {
        /// The scope.
        scope: Label,
        /// Which rule.
        #[source]
        source: RegistryError,
    },
}

impl RegistryConfig {
    /// As stated at each field.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With this backend.
    #[must_use]
    pub fn backend(mut self, backend: BackendConfig) -> Self {
        self.backend = backend;
        self
    }

    /// Only the holder may change what it holds.
    #[must_use]
    pub const fn owner_only(mut self) -> Self {
        self.owner_only = true;
        self
    }

    /// With an index of one more field.
    #[must_use]
    pub fn index(mut self, field: impl Into<Label>) -> Self {
        self.indexes.push(field.into());
        self
    }

    /// With one more scope.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<Label>, keys: Keys) -> Self {
        self.scopes.insert(scope.into(), keys);
        self
    }

    /// With this limit of registrations.
    #[must_use]
    pub const fn entries_max(mut self, most: usize) -> Self {
        self.entries_max = most;
        self
    }

    /// With so much room in the queue of each subscription, in changes.
    #[must_use]
    pub const fn watch_capacity(mut self, changes: usize) -> Self {
        self.watch_capacity = changes;
        self
    }

    /// With this limit for the answer to a change, in milliseconds.
    #[must_use]
    pub const fn deadline_ms(mut self, deadline_ms: u64) -> Self {
        self.deadline_ms = deadline_ms;
        self
    }

    /// With a monitor.
    #[must_use]
    pub fn monitor(mut self, monitor: MonitorConfig) -> Self {
        self.monitor = Some(monitor);
        self
    }

    /// Whether it makes sense.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.backend.validate("backend")?;
        for (position, field) in self.indexes.iter().enumerate() {
            if field.is_empty() {
                return Err(ConfigError::EmptyIndex);
            }
            if self.indexes[..position].contains(field) {
                let field = field.clone();
                return Err(ConfigError::DuplicateIndex { field });
            }
        }
        for scope in self.scopes.keys() {
            check_scope(scope).map_err(|source| ConfigError::Scope {
                scope: scope.clone(),
                source,
            })?;
        }
        let numbers = [
            ("entries_max", self.entries_max == 0),
            ("watch_capacity", self.watch_capacity == 0),
            ("deadline_ms", self.deadline_ms == 0),
        ];
        if let Some((field, _)) = numbers.into_iter().find(|(_, zero)| *zero) {
            let field = field.into();
            return Err(ConfigError::Zero { field });
        }
        self.monitor
            .as_ref()
            .map_or(Ok(()), MonitorConfig::validate)
    }

    /// How its backend is made, for [`Registry::switch_to`](super::Registry::switch_to).
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn backend_spec<R: Runtime>(&self) -> Result<BackendSpec<R>, ConfigError> {
        self.validate()?;
        Ok(self.backend_spec_for(&self.backend))
    }

    /// How another backend with the same options is made.
    pub(super) fn backend_spec_for<R: Runtime>(&self, backend: &BackendConfig) -> BackendSpec<R> {
        let mut options = LocalOptions::new().entries_max(self.entries_max);
        options.owner_only = self.owner_only;
        options.indexed.clone_from(&self.indexes);
        match backend {
            BackendConfig::Memory {} => {
                BackendSpec::new(|node, host| Local::memory(host, node.runtime(), options))
            }
            BackendConfig::Partitioned { partitions } => {
                let partitions = *partitions;
                BackendSpec::new(move |node, host| {
                    Local::partitioned(host, node.runtime(), options, partitions)
                })
            }
            BackendConfig::Replicated {
                membership,
                replication,
            } => {
                let mut replication = (**replication).clone();
                replication.owner_only = self.owner_only;
                replication.indexes.clone_from(&self.indexes);
                replication.entries_max = self.entries_max;
                clustered((**membership).clone(), replication)
            }
            BackendConfig::Consistent {
                store: StoreConfig::Local,
                session,
            } => {
                let mut session = (**session).clone();
                session.owner_only = self.owner_only;
                session.indexes.clone_from(&self.indexes);
                session.entries_max = self.entries_max;
                Consistent::on_local_store(session)
            }
        }
    }

    pub(super) const fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }
}
