//! The closed words of supervision: when to restart, how to stop, whom to take along.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When a child is restarted after its process ended. As in OTP.
///
/// | | normal, shutdown | error, panic, killed |
/// |---|---|---|
/// | `Permanent` | restarted | restarted |
/// | `Transient` | not restarted | restarted |
/// | `Temporary` | not restarted, spec dropped | not restarted, spec dropped |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Restart {
    /// Always.
    Permanent,
    /// After an abnormal end.
    Transient,
    /// Never.
    Temporary,
}

/// How a child is stopped. As in OTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ShutdownPolicy {
    /// Killed without being asked.
    Brutal,
    /// Asked; killed if it has not ended within the time.
    Timeout(Duration),
    /// Asked; waited for as long as it takes.
    Infinite,
}

/// Which siblings the failure of a child takes along. As in OTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Strategy {
    /// None.
    OneForOne,
    /// All of them: stopped in reverse order, started in order.
    OneForAll,
    /// Those that started after it.
    RestForOne,
    /// Those that depend on it, directly or through others; see
    /// [`ChildSpec::depends_on`](super::ChildSpec::depends_on). Stopped in reverse
    /// order, started in order. OTP has no such strategy: it is `RestForOne` without
    /// the bystanders.
    DependentsForOne,
}

/// When the end of significant children ends their supervisor. As in OTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AutoShutdown {
    /// Never. Significant children are then refused.
    Never,
    /// When one has ended.
    AnySignificant,
    /// When the last one has ended.
    AllSignificant,
}
