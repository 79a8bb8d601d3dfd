//! What participants have of a counter.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::change::{Change, Found};
use super::changing::{Changed, Changing};
use crate::coordination::attempts::Attempts;
use crate::coordination::coordinator::Coordinator;
use crate::coordination::error::CounterError;
use crate::coordination::name::Keyspace;
use crate::coordination::session::Surroundings;
use crate::event::{CoordinationEvent, CounterEvent};
use crate::label::Label;
use crate::runtime::Runtime;
use crate::store::Key;

/// A number of 64 bits that all participants share. Cheap to make; costs nothing until
/// it is used, and needs no session.
///
/// **Linearizable**: every operation happens at one instant between its begin and its
/// answer, so that of an addition that was confirmed every later reader knows. A counter
/// that nobody has changed yet is 0. It stays in the store when its users are gone.
///
/// Each operation has a time limit and ends by it, also if the store cannot be reached
/// or others are quicker again and again. It then says what is certain: only after
/// [`Unknown`](CounterError::Unknown) may it have happened all the same.
///
/// The key of a counter is not to be deleted while it is in use: a request that is still
/// on its way may then happen after all.
///
/// # Cancel safety
///
/// Of every operation that changes the counter: dropping its future leaves it open
/// whether it happens.
///
/// ```
/// # use std::time::Duration;
/// # use steadfast::coordination::{Coordinator, CoordinatorOptions, Counter};
/// # use steadfast::process::Node;
/// # use steadfast::runtime::{NodeId, tokio::TokioRuntime};
/// # use steadfast::store::LocalStore;
/// # let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # executor.block_on(async {
/// # let node = Node::new(TokioRuntime::builder(NodeId(1)).build()?);
/// let store = LocalStore::start(&node, "store", Default::default())?;
/// let options = CoordinatorOptions::default();
/// let coordinator = Coordinator::start(&node, "coordination", store, options).await?;
///
/// let within = Duration::from_secs(5);
/// let invoices = Counter::new(&coordinator, "invoices");
/// assert_eq!(invoices.add(1, within).await?, 1);
/// invoices.compare_and_set(1, 100, within).await?;
/// assert_eq!(invoices.load(within).await?, 100);
/// # node.stop(Duration::from_secs(1)).await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Counter<R: Runtime> {
    around: Arc<Surroundings<R>>,
    name: Label,
    key: Key,
}

impl<R: Runtime> Counter<R> {
    /// The counter of this name.
    pub fn new(coordinator: &Coordinator<R>, name: impl Into<Label>) -> Self {
        let (around, name) = (coordinator.around().clone(), name.into());
        let key = Keyspace::new(&around.root, "counter", &name).key("value");
        Self { around, name, key }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &Label {
        &self.name
    }

    /// Adds something, which may be less than zero. Answers the value from then on.
    ///
    /// # Errors
    ///
    /// See [`CounterError`]; `Overflow` if the sum does not fit.
    pub async fn add(&self, by: i64, within: Duration) -> Result<i64, CounterError> {
        let Changed {
            value, revision, ..
        } = self.change(Change::Add(by), within).await?;
        self.announce(CounterEvent::Added {
            counter: self.name.clone(),
            by,
            value,
            revision,
        });
        Ok(value)
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// See [`CounterError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn load(&self, within: Duration) -> Result<i64, CounterError> {
        let value = self.look(within).await;
        value.inspect_err(|error| self.refused(error))
    }

    /// Replaces the value, whatever it is, even by what cannot be read. Answers the value
    /// before, if there was one that can.
    ///
    /// # Errors
    ///
    /// See [`CounterError`].
    pub async fn store(&self, value: i64, within: Duration) -> Result<Option<i64>, CounterError> {
        let changed = self.change(Change::Store(value), within).await?;
        Ok(self.stored(&changed))
    }

    /// Replaces the value if it is the expected one; that of a counter that nobody has
    /// changed yet is 0.
    ///
    /// # Errors
    ///
    /// See [`CounterError`]; `Unexpected` if it is another one.
    pub async fn compare_and_set(
        &self,
        expected: i64,
        value: i64,
        within: Duration,
    ) -> Result<(), CounterError> {
        let change = Change::Set { expected, value };
        let changed = self.change(change, within).await?;
        self.stored(&changed);
        Ok(())
    }

    async fn look(&self, within: Duration) -> Result<i64, CounterError> {
        let mut attempts = Attempts::begin(&self.around, within);
        let counter = self.name.clone();
        let reading = attempts.read("reading a counter", &self.key).await;
        let reading = reading.map_err(|source| CounterError::Unreadable { counter, source });
        let found = Found::from(reading?);
        let value = found.value(&self.name)?.unwrap_or(0);
        self.announce(CounterEvent::Loaded {
            counter: self.name.clone(),
            value,
            revision: found.revision,
        });
        Ok(value)
    }

    async fn change(&self, change: Change, within: Duration) -> Result<Changed, CounterError> {
        let attempts = Attempts::begin(&self.around, within);
        let mut changing = Changing::new(&self.around, &self.name, &self.key, change, attempts);
        let changed = changing.run().await;
        changed.inspect_err(|error| self.refused(error))
    }

    fn stored(&self, changed: &Changed) -> Option<i64> {
        self.announce(CounterEvent::Stored {
            counter: self.name.clone(),
            from: changed.from,
            to: changed.value,
            revision: changed.revision,
        });
        changed.from
    }

    /// An operation of unknown outcome announces that itself.
    fn refused(&self, error: &CounterError) {
        if !matches!(error, CounterError::Unknown { .. }) {
            let counter = self.name.clone();
            let why = error.to_string().into();
            self.announce(CounterEvent::Refused { counter, why });
        }
    }

    fn announce(&self, event: CounterEvent) {
        self.around.announce(CoordinationEvent::Counter(event));
    }
}

impl<R: Runtime> Clone for Counter<R> {
    fn clone(&self) -> Self {
        Self {
            around: self.around.clone(),
            name: self.name.clone(),
            key: self.key.clone(),
        }
    }
}

impl<R: Runtime> fmt::Debug for Counter<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counter")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
