//! What is counted of each operation that changes something.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::registry::error::RegistryError;

/// An operation that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Opening a scope.
    OpenScope,
    /// Closing a scope.
    CloseScope,
    /// Giving a name to a process.
    Register,
    /// Giving several names, all or none.
    RegisterAll,
    /// Taking a name away.
    Unregister,
    /// Taking away what a query means.
    UnregisterMatching,
    /// Changing metadata.
    Update,
    /// Keeping a value for the whole registry.
    PutMeta,
    /// Forgetting one.
    DeleteMeta,
}

impl Operation {
    /// All of them, in the order of declaration.
    pub const ALL: [Self; 9] = [
        Self::OpenScope,
        Self::CloseScope,
        Self::Register,
        Self::RegisterAll,
        Self::Unregister,
        Self::UnregisterMatching,
        Self::Update,
        Self::PutMeta,
        Self::DeleteMeta,
    ];

    const fn index(self) -> usize {
        self as usize
    }
}

/// What was counted of one operation since the registry began.
///
/// Reads are not counted: a counter and a clock would cost more than the look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OperationStats {
    /// Which.
    pub operation: Operation,
    /// How often it was asked for and came to an end.
    pub count: u64,
    /// How often the answer was an error that the caller or the state of the registry
    /// explains, such as a name that is held.
    pub refused: u64,
    /// How often the backend could not do it: `Unavailable` and `DeadlineExceeded`.
    pub failed: u64,
    /// How many were timed: each that did not have its answer at once, and one in
    /// [`SAMPLED`](Self::SAMPLED) of the others.
    pub timed: u64,
    /// How long those took together.
    pub time_total: Duration,
    /// How long the longest of those took.
    pub time_max: Duration,
}

impl OperationStats {
    /// One in so many changes that are answered at once is timed.
    pub const SAMPLED: u64 = 16;
}

#[derive(Default)]
struct Meter {
    count: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    timed: AtomicU64,
    nanoseconds_total: AtomicU64,
    nanoseconds_max: AtomicU64,
}

/// A meter for each operation.
#[derive(Default)]
pub(super) struct Meters([Meter; Operation::ALL.len()]);

impl Meters {
    /// Counts one that begins. Answers whether it should be timed.
    pub(super) fn begin(&self, operation: Operation) -> bool {
        let before = self.meter(operation).count.fetch_add(1, Ordering::Relaxed);
        before.is_multiple_of(OperationStats::SAMPLED)
    }

    /// Counts an error.
    pub(super) fn erred(&self, operation: Operation, error: &RegistryError) {
        let meter = self.meter(operation);
        let counter = match error {
            RegistryError::Unavailable { .. } | RegistryError::DeadlineExceeded { .. } => {
                &meter.failed
            }
            RegistryError::AlreadyRegistered { .. }
            | RegistryError::NotRegistered { .. }
            | RegistryError::NotJoined { .. }
            | RegistryError::NoProcess { .. }
            | RegistryError::NotLocal { .. }
            | RegistryError::NotOwner { .. }
            | RegistryError::Changed { .. }
            | RegistryError::UnknownScope { .. }
            | RegistryError::ScopeExists { .. }
            | RegistryError::InvalidKey { .. }
            | RegistryError::InvalidMetadata { .. }
            | RegistryError::InvalidQuery { .. }
            | RegistryError::NoHandle { .. }
            | RegistryError::Unsupported { .. }
            | RegistryError::UpdatePanicked { .. }
            | RegistryError::LimitReached { .. } => &meter.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn took(&self, operation: Operation, time: Duration) {
        let meter = self.meter(operation);
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        meter.timed.fetch_add(1, Ordering::Relaxed);
        meter
            .nanoseconds_total
            .fetch_add(nanoseconds, Ordering::Relaxed);
        meter
            .nanoseconds_max
            .fetch_max(nanoseconds, Ordering::Relaxed);
    }

    /// What was counted so far, in the order of [`Operation::ALL`].
    pub(super) fn read(&self) -> Vec<OperationStats> {
        let operations = Operation::ALL.into_iter();
        operations
            .map(|operation| {
                let meter = self.meter(operation);
                let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
                OperationStats {
                    operation,
                    count: read(&meter.count),
                    refused: read(&meter.refused),
                    failed: read(&meter.failed),
                    timed: read(&meter.timed),
                    time_total: Duration::from_nanos(read(&meter.nanoseconds_total)),
                    time_max: Duration::from_nanos(read(&meter.nanoseconds_max)),
                }
            })
            .collect()
    }

    fn meter(&self, operation: Operation) -> &Meter {
        &self.0[operation.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_meter_of_its_own() {
        let meters = Meters::default();
        for (index, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation.index(), index);
            meters.begin(operation);
            let stats = meters.read();
            assert_eq!(stats[index].operation, operation);
            assert_eq!(stats[index].count, 1);
        }
    }

    #[test]
    fn a_refusal_is_no_failure() {
        let meters = Meters::default();
        let scope = "s".into();
        meters.erred(Operation::Register, &RegistryError::UnknownScope { scope });
        let limit = Duration::from_secs(1);
        meters.erred(
            Operation::Register,
            &RegistryError::DeadlineExceeded { limit },
        );
        let stats = meters.read()[Operation::Register.index()];
        assert_eq!((stats.refused, stats.failed), (1, 1));
    }

    #[test]
    fn one_in_so_many_is_timed() {
        let meters = Meters::default();
        let timed = (0..2 * OperationStats::SAMPLED).filter(|_| meters.begin(Operation::Update));
        assert_eq!(timed.count(), 2);
    }
}
