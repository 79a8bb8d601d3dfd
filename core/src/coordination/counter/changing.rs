//! One operation on a counter, tried until its outcome is certain.

use std::sync::atomic::Ordering;

use super::change::{Change, Found};
use super::record::Record;
use crate::coordination::attempts::Attempts;
use crate::coordination::error::CounterError;
use crate::coordination::session::Surroundings;
use crate::event::{CoordinationEvent, CounterEvent};
use crate::label::Label;
use crate::runtime::{Runtime, timeout};
use crate::store::{
    Change as StoreChange, Changes, Compare, Entry, Key, KeyRange, Operation, Reading, Revision,
    TransactError, Transaction, Unknown, WatchError,
};

const DOING: &str = "changing a counter";

/// An operation that certainly happened.
pub(super) struct Changed {
    /// The value before, if there was one.
    pub(super) from: Option<i64>,
    pub(super) value: i64,
    pub(super) revision: Revision,
}

/// What a replacement came to, for certain.
enum Swap {
    /// It happened.
    Done(Revision),
    /// It did not and will not, since somebody else's did.
    Lost(Found),
}

/// The operation. Dropped while nobody can say whether it happened, it says so.
pub(super) struct Changing<'a, R: Runtime> {
    around: &'a Surroundings<R>,
    counter: &'a Label,
    key: &'a Key,
    change: Change,
    operation: u128,
    attempts: Attempts<'a, R>,
    /// What may have been added, while nobody can say.
    doubt: Option<i64>,
}

impl<'a, R: Runtime> Changing<'a, R> {
    pub(super) fn new(
        around: &'a Surroundings<R>,
        counter: &'a Label,
        key: &'a Key,
        change: Change,
        attempts: Attempts<'a, R>,
    ) -> Self {
        let number = around.changes.fetch_add(1, Ordering::Relaxed);
        let coordinator = &around.coordinator;
        let label = format!("{coordinator} change {number}");
        let mut random = around.node.runtime().stream(&label);
        let (high, low) = (random.next_u64(), random.next_u64());
        Self {
            around,
            counter,
            key,
            change,
            operation: u128::from(high) << 64 | u128::from(low),
            attempts,
            doubt: None,
        }
    }

    /// Reads, and replaces what was read if nobody else has since, as often as needed.
    pub(super) async fn run(&mut self) -> Result<Changed, CounterError> {
        let counter = self.counter.clone();
        let reading = self.attempts.read("reading a counter", self.key).await;
        let reading = reading.map_err(|source| CounterError::Unreadable { counter, source });
        let mut found = Found::from(reading?);
        loop {
            let (from, value) = self.change.apply(self.counter, &found)?;
            let by = value.saturating_sub(from.unwrap_or(0));
            found = match self.swap(&found, value, by).await? {
                Swap::Done(revision) => {
                    return Ok(Changed {
                        from,
                        value,
                        revision,
                    });
                }
                Swap::Lost(now) => now,
            };
            if self.attempts.left().is_zero() {
                return Err(CounterError::TimedOut {
                    counter: self.counter.clone(),
                    within: self.attempts.within(),
                });
            }
        }
    }

    /// Replaces what was found if it is still there. An attempt of unknown outcome is
    /// repeated as it was: at most one of all can happen, since each would change what
    /// they compare.
    async fn swap(&mut self, found: &Found, value: i64, by: i64) -> Result<Swap, CounterError> {
        let step = self.step(found, value);
        let mut unknown = None;
        loop {
            // From here until it is answered, also if the call is dropped meanwhile.
            let before = self.doubt.replace(by);
            let error = match self.attempts.store().transact(step.clone()).await {
                Ok(done) if done.succeeded => {
                    self.doubt = None;
                    return Ok(Swap::Done(done.revision));
                }
                Ok(done) => {
                    let now = Found {
                        revision: done.revision,
                        entry: done
                            .readings()
                            .next()
                            .cloned()
                            .and_then(Reading::into_first),
                    };
                    return self.lost(found, now, unknown).await;
                }
                Err(error) => error,
            };
            match &error {
                TransactError::Unknown(cause) => unknown = Some(cause.clone()),
                TransactError::Invalid(_)
                | TransactError::Unavailable(_)
                | TransactError::LeaseNotFound { .. }
                | TransactError::Full { .. } => self.doubt = before,
            }
            if !self.attempts.go_on(DOING, &error).await {
                let counter = self.counter.clone();
                return Err(match unknown {
                    Some(source) => CounterError::Unknown { counter, source },
                    None => CounterError::Refused {
                        counter,
                        source: error,
                    },
                });
            }
        }
    }

    fn step(&self, found: &Found, value: i64) -> Transaction {
        let operation = self.operation;
        let unchanged = match &found.entry {
            Some(entry) => Compare::mod_revision(self.key, entry.mod_revision),
            None => Compare::missing(self.key),
        };
        Transaction::when([unchanged])
            .then([Operation::put(
                self.key,
                Record { value, operation }.encode(),
            )])
            .otherwise([Operation::read(self.key)])
    }

    /// Something else is there now than what was found: after an attempt of unknown
    /// outcome it may be the work of that one.
    async fn lost(
        &mut self,
        found: &Found,
        now: Found,
        unknown: Option<Unknown>,
    ) -> Result<Swap, CounterError> {
        let own = |entry: &&Entry| {
            let record = Record::decode(&entry.value);
            record.is_some_and(|record| record.operation == self.operation)
        };
        let mut happened = None;
        if let Some(source) = unknown {
            happened = now
                .entry
                .as_ref()
                .filter(own)
                .map(|entry| entry.mod_revision);
            if happened.is_none() {
                // Whatever came first after what was found was compared with that.
                let Some(first) = self.first_change(found.revision).await else {
                    let counter = self.counter.clone();
                    return Err(CounterError::Unknown { counter, source });
                };
                let put = first.changes.iter().find_map(|change| match change {
                    StoreChange::Put { entry, .. } => Some(entry),
                    StoreChange::Deleted { .. } => None,
                });
                happened = put.filter(own).map(|entry| entry.mod_revision);
            }
        }
        self.doubt = None;
        Ok(happened.map_or(Swap::Lost(now), Swap::Done))
    }

    /// The first change after a revision, if the store still knows it and says it in
    /// time.
    async fn first_change(&self, after: Revision) -> Option<Changes> {
        let range = KeyRange::key(self.key);
        let looking = async {
            let mut watch = self
                .attempts
                .store()
                .watch_from(range, after.next())
                .await?;
            watch.next().await
        };
        let looked = timeout(self.around.node.runtime(), self.attempts.left(), looking).await;
        // Why it does not say so changes nothing: the outcome stays unknown.
        looked
            .ok()
            .and_then(|changes: Result<_, WatchError>| changes.ok())
    }
}

impl<R: Runtime> Drop for Changing<'_, R> {
    fn drop(&mut self) {
        if let Some(by) = self.doubt {
            let counter = self.counter.clone();
            let unknown = CounterEvent::Unknown { counter, by };
            self.around.announce(CoordinationEvent::Counter(unknown));
        }
    }
}
