//! How often the monitor looks, and what it does.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::registry::backend_config::BackendConfig;
use crate::registry::config::ConfigError;

/// What the monitor does about a backend that is unhealthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FailOver {
    /// Which backend is to take over. It gets everything that the one before holds, or
    /// the one before goes on and an incident says why.
    pub to: BackendConfig,
    /// Whether entries of other nodes may be given up for that.
    #[serde(default)]
    pub gives_up_remote_entries: bool,
    /// How long the switch may take, in milliseconds. 5 s unless set.
    #[serde(default = "limit_ms")]
    pub limit_ms: u64,
}

const fn limit_ms() -> u64 {
    5_000
}

impl FailOver {
    /// A fail-over to this backend that gives nothing up.
    #[must_use]
    pub const fn to(to: BackendConfig) -> Self {
        Self {
            to,
            gives_up_remote_entries: false,
            limit_ms: limit_ms(),
        }
    }

    /// Entries of other nodes may be given up.
    #[must_use]
    pub const fn giving_up_remote_entries(mut self) -> Self {
        self.gives_up_remote_entries = true;
        self
    }

    pub(in crate::registry) const fn limit(&self) -> Duration {
        Duration::from_millis(self.limit_ms)
    }
}

/// How the monitor of a backend works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MonitorConfig {
    /// How long it waits between two looks, in milliseconds. 1 s unless set.
    pub interval_ms: u64,
    /// How many looks in a row must say something else before the verdict changes. 3
    /// unless set.
    pub threshold: u32,
    /// How long changes may take on average before the backend is degraded, in
    /// milliseconds. 1 s unless set.
    pub latency_max_ms: u64,
    /// What is done about a backend that is unhealthy. Nothing unless set.
    pub fail_over: Option<FailOver>,
}

impl Default for MonitorConfig {
    fn default() -> Self {
        Self {
            interval_ms: 1_000,
            threshold: 3,
            latency_max_ms: 1_000,
            fail_over: None,
        }
    }
}

impl MonitorConfig {
    /// As stated at each field.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With this wait between two looks, in milliseconds.
    #[must_use]
    pub const fn interval_ms(mut self, interval_ms: u64) -> Self {
        self.interval_ms = interval_ms;
        self
    }

    /// With so many looks in a row to another verdict.
    #[must_use]
    pub const fn threshold(mut self, threshold: u32) -> Self {
        self.threshold = threshold;
        self
    }

    /// With this limit of the average time of changes, in milliseconds.
    #[must_use]
    pub const fn latency_max_ms(mut self, latency_max_ms: u64) -> Self {
        self.latency_max_ms = latency_max_ms;
        self
    }

    /// With this fail-over.
    #[must_use]
    pub fn fail_over(mut self, fail_over: FailOver) -> Self {
        self.fail_over = Some(fail_over);
        self
    }

    pub(in crate::registry) fn validate(&self) -> Result<(), ConfigError> {
        let zero = |field: &str| ConfigError::Zero {
            field: field.into(),
        };
        if self.interval_ms == 0 {
            return Err(zero("monitor.interval_ms"));
        }
        if self.threshold == 0 {
            return Err(zero("monitor.threshold"));
        }
        if self.latency_max_ms == 0 {
            return Err(zero("monitor.latency_max_ms"));
        }
        let Some(fail_over) = &self.fail_over else {
            return Ok(());
        };
        if fail_over.limit_ms == 0 {
            return Err(zero("monitor.fail_over.limit_ms"));
        }
        fail_over.to.validate("monitor.fail_over.to")
    }
}
