//! The attempts of one call that needs no session, within its time limit.

use std::error::Error;
use std::time::Duration;

use super::patience::Patience;
use super::session::Surroundings;
use crate::runtime::{Runtime, Timestamp};
use crate::store::{Key, KeyRange, Read, ReadError, Reading, Store, TransactError};

/// Tries until an answer is certain, trying does not help, or the time is over. The
/// first attempt happens even without any time.
pub(super) struct Attempts<'a, R: Runtime> {
    around: &'a Surroundings<R>,
    began: Timestamp,
    within: Duration,
    patience: Patience,
}

impl<'a, R: Runtime> Attempts<'a, R> {
    /// An attempt gets so much time, if there is so much.
    const SHORTEST: Duration = Duration::from_millis(50);

    pub(super) fn begin(around: &'a Surroundings<R>, within: Duration) -> Self {
        Self {
            around,
            began: around.node.runtime().now(),
            within,
            patience: Patience::new(),
        }
    }

    pub(super) const fn within(&self) -> Duration {
        self.within
    }

    /// How long the call has taken.
    pub(super) fn took(&self) -> Duration {
        self.around.node.runtime().now().since(self.began)
    }

    /// How long it may go on.
    pub(super) fn left(&self) -> Duration {
        self.within.saturating_sub(self.took())
    }

    /// The store, for one attempt. It gets half of the time that is left, so that some
    /// is left to find out what became of an attempt that was not answered.
    pub(super) fn store(&self) -> Store {
        let (store, left) = (&self.around.store, self.left());
        let share = (left / 2).max(Self::SHORTEST).min(left);
        store.within(share.min(store.limit()))
    }

    /// Reads one key, linearizable.
    pub(super) async fn read(
        &mut self,
        doing: &'static str,
        key: &Key,
    ) -> Result<Reading, ReadError> {
        loop {
            let read = Read::new(KeyRange::key(key));
            let error = match self.store().read(read).await {
                Ok(reading) => return Ok(reading),
                Err(error) => error,
            };
            let passes = matches!(&error, ReadError::Unavailable(error) if error.may_pass());
            if !passes || !self.pause(doing, error.clone()).await {
                return Err(error);
            }
        }
    }

    /// After a transaction that failed: waits, and answers whether to try again.
    pub(super) async fn go_on(&mut self, doing: &'static str, error: &TransactError) -> bool {
        passes(error) && self.pause(doing, error.clone()).await
    }

    /// Waits before the next attempt. Answers whether there is time for it.
    pub(super) async fn pause<E>(&mut self, doing: &'static str, error: E) -> bool
    where
        E: Error + Send + 'static,
    {
        let pause = self.patience.trouble(self.around, doing, error);
        let pause = pause.min(self.left());
        self.around.node.runtime().sleep(pause).await;
        !self.left().is_zero()
    }
}

/// Whether another attempt may come to something else.
pub(super) const fn passes(error: &TransactError) -> bool {
    match error {
        TransactError::Unknown(_) => true,
        TransactError::Unavailable(error) => error.may_pass(),
        TransactError::Invalid(_)
        | TransactError::LeaseNotFound { .. }
        | TransactError::Full { .. } => false,
    }
}
