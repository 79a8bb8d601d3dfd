//! Which backend a registry has, as data.

use serde::{Deserialize, Serialize};

use super::config::ConfigError;
use super::consistent::{ConsistentConfig, ConsistentConfigError};
use super::local::Local;
use super::replicated::{ReplicatedConfig, ReplicatedConfigError};
use crate::membership::MembershipConfig;

/// Which backend a registry has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum BackendConfig {
    /// One table in memory, with one lock for those who change something.
    Memory {},
    /// As `memory`, in several parts with a lock each, for many who change something
    /// at the same time.
    Partitioned {
        /// How many parts: 1 to [`Local::PARTITIONS_MAX`]. 8 unless set.
        #[serde(default = "partitions")]
        partitions: usize,
    },
    /// Shared by the nodes of a cluster, each of which goes on during a split. Takes
    /// part in the cluster on its own; several registries of a node that share one
    /// [`Membership`](crate::membership::Membership) are made with
    /// [`Replicated::spec`](super::replicated::Replicated::spec).
    Replicated {
        /// Who is in the cluster. Its port is that of this registry's membership alone.
        membership: Box<MembershipConfig>,
        /// How the registry is replicated. As stated at each field unless set.
        #[serde(default)]
        replication: Box<ReplicatedConfig>,
    },
    /// Gives a name away only once a store has said so, and refuses changes where the
    /// store does not answer.
    Consistent {
        /// Which store. One that several nodes share is given to
        /// [`Consistent::spec`](super::consistent::Consistent::spec).
        #[serde(default)]
        store: StoreConfig,
        /// How the registry uses it. As stated at each field unless set.
        #[serde(default)]
        session: Box<ConsistentConfig>,
    },
}

/// Which store a consistent registry has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "engine", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum StoreConfig {
    /// One of its own in the memory of the node, for a cluster of one.
    #[default]
    Local,
}

const fn partitions() -> usize {
    8
}

impl BackendConfig {
    /// `memory`.
    #[must_use]
    pub const fn memory() -> Self {
        Self::Memory {}
    }

    /// `partitioned`, with so many parts.
    #[must_use]
    pub const fn partitioned(partitions: usize) -> Self {
        Self::Partitioned { partitions }
    }

    /// `replicated`, in the cluster of this membership.
    #[must_use]
    pub fn replicated(membership: MembershipConfig, replication: ReplicatedConfig) -> Self {
        Self::Replicated {
            membership: Box::new(membership),
            replication: Box::new(replication),
        }
    }

    /// `consistent`, on a local store of its own.
    #[must_use]
    pub fn consistent(session: ConsistentConfig) -> Self {
        Self::Consistent {
            store: StoreConfig::Local,
            session: Box::new(session),
        }
    }

    /// The kind, as [`Backend::kind`](super::Backend::kind) says it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Memory {} => "memory",
            Self::Partitioned { .. } => "partitioned",
            Self::Replicated { .. } => "replicated",
            Self::Consistent { .. } => "consistent",
        }
    }

    /// Whether it makes sense; `at` is the field that it is.
    pub(super) fn validate(&self, at: &str) -> Result<(), ConfigError> {
        match self {
            Self::Memory {} => Ok(()),
            Self::Partitioned { partitions: 0 } => Err(ConfigError::Zero {
                field: format!("{at}.partitions").into(),
            }),
            Self::Partitioned { partitions } if *partitions > Local::PARTITIONS_MAX => {
                Err(ConfigError::TooLarge {
                    field: format!("{at}.partitions").into(),
                    value: *partitions,
                    most: Local::PARTITIONS_MAX,
                })
            }
            Self::Partitioned { .. } => Ok(()),
            Self::Replicated {
                membership,
                replication,
            } => replicated(at, membership, replication),
            Self::Consistent { session, .. } => {
                session
                    .validate()
                    .map_err(|ConsistentConfigError::Zero { field }| ConfigError::Zero {
                        field: format!("{at}.session.{field}").into(),
                    })
            }
        }
    }
}

fn replicated(
    at: &str,
    membership: &MembershipConfig,
    replication: &ReplicatedConfig,
) -> Result<(), ConfigError> {
    membership
        .validate()
        .map_err(|source| ConfigError::Membership {
            field: format!("{at}.membership").into(),
            source,
        })?;
    replication
        .validate()
        .map_err(|ReplicatedConfigError::Zero { field }| ConfigError::Zero {
            field: format!("{at}.replication.{field}").into(),
        })?;
    if membership.port == replication.port {
        return Err(ConfigError::SamePort {
            one: format!("{at}.membership.port").into(),
            other: format!("{at}.replication.port").into(),
            port: replication.port,
        });
    }
    Ok(())
}
