//! Values as words and numbers.

use std::time::Duration;

use crate::event::HealthStatus;
use crate::failure::Settlement;
use crate::registry::Keys;
use crate::supervision::{AutoShutdown, Restart, ShutdownPolicy, Strategy};

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(super) const fn strategy_word(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::OneForOne => "one_for_one",
        Strategy::OneForAll => "one_for_all",
        Strategy::RestForOne => "rest_for_one",
        Strategy::DependentsForOne => "dependents_for_one",
    }
}

pub(super) const fn auto_shutdown_word(auto_shutdown: AutoShutdown) -> &'static str {
    match auto_shutdown {
        AutoShutdown::Never => "never",
        AutoShutdown::AnySignificant => "any_significant",
        AutoShutdown::AllSignificant => "all_significant",
    }
}

pub(super) const fn restart_word(restart: Restart) -> &'static str {
    match restart {
        Restart::Permanent => "permanent",
        Restart::Transient => "transient",
        Restart::Temporary => "temporary",
    }
}

pub(super) fn shutdown_words(shutdown: ShutdownPolicy) -> String {
    match shutdown {
        ShutdownPolicy::Brutal => "brutal".to_owned(),
        ShutdownPolicy::Timeout(limit) => format!("timeout {} ms", milliseconds(limit)),
        ShutdownPolicy::Infinite => "infinite".to_owned(),
    }
}

pub(super) const fn health_word(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Healthy => "healthy",
        HealthStatus::Degraded => "degraded",
        HealthStatus::Unhealthy => "unhealthy",
    }
}

pub(super) const fn settlement_word(how: Settlement) -> &'static str {
    match how {
        Settlement::Returned => "returned",
        Settlement::Escalated => "escalated",
        Settlement::Reported => "reported",
        Settlement::EndedWithHolder => "ended_with_holder",
    }
}

pub(super) const fn keys_word(keys: Keys) -> &'static str {
    match keys {
        Keys::Unique => "unique",
        Keys::Duplicate => "duplicate",
    }
}
