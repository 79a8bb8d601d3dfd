//! An engine that answers late, not at all, or does later what it did not answer.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::runtime::{Clock as _, Entropy as _, EntropyStream};
use crate::store::between::Between;
use crate::store::{
    Engine, LeaseError, LeaseId, Pending, Read, ReadError, Reading, Revoked, TransactError,
    Transacted, Transaction, Unavailable, Unknown, Watch, WatchError, WatchFrom,
};
use crate::testing::TestRuntime;

/// Whether an engine is flaky now. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Weather(Arc<AtomicBool>);

impl Weather {
    pub(super) fn set_stormy(&self, stormy: bool) {
        self.0.store(stormy, Ordering::Release);
    }

    fn is_stormy(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What becomes of a change.
enum Fate {
    Answered,
    Refused,
    DoneUnanswered,
    Lost,
    DoneLater,
}

pub(super) struct Flaky {
    inner: Arc<dyn Engine>,
    runtime: TestRuntime,
    weather: Weather,
    random: Mutex<EntropyStream>,
    late: Mutex<Vec<Transaction>>,
}

impl Flaky {
    pub(super) fn new(inner: Arc<dyn Engine>, runtime: TestRuntime, weather: Weather) -> Self {
        Self {
            random: Mutex::new(runtime.stream("flaky")),
            inner,
            runtime,
            weather,
            late: Mutex::default(),
        }
    }

    fn below(&self, bound: u64) -> u64 {
        self.random.lock().unwrap().below(bound)
    }

    fn fate(&self) -> Fate {
        if !self.weather.is_stormy() {
            return Fate::Answered;
        }
        match self.below(12) {
            0 => Fate::Refused,
            1 => Fate::DoneUnanswered,
            2 => Fate::Lost,
            3 => Fate::DoneLater,
            _ => Fate::Answered,
        }
    }

    /// Time on the way, in which others run.
    async fn travel(&self) {
        let micros = self.below(3_000);
        self.runtime.sleep(Duration::from_micros(micros)).await;
    }

    /// Does what was put off, or some of it.
    async fn catch_up(&self, limit: Duration) {
        loop {
            let due = !self.weather.is_stormy() || self.below(3) == 0;
            let late = if due {
                self.late.lock().unwrap().pop()
            } else {
                None
            };
            let Some(late) = late else { return };
            drop(self.inner.transact(late, limit).await);
        }
    }
}

fn refused(limit: Duration) -> Unavailable {
    Unavailable::TimedOut { limit }
}

impl Between for Flaky {
    fn inner(&self) -> &dyn Engine {
        &*self.inner
    }

    fn read(&self, read: Read, limit: Duration) -> Pending<'_, Reading, ReadError> {
        Box::pin(async move {
            self.travel().await;
            if self.weather.is_stormy() && self.below(10) == 0 {
                return Err(refused(limit).into());
            }
            let reading = self.inner.read(read, limit).await;
            self.travel().await;
            reading
        })
    }

    fn transact(
        &self,
        transaction: Transaction,
        limit: Duration,
    ) -> Pending<'_, Transacted, TransactError> {
        Box::pin(async move {
            self.travel().await;
            self.catch_up(limit).await;
            let unknown = Err(Unknown::TimedOut { limit }.into());
            let answer = match self.fate() {
                Fate::Refused => Err(refused(limit).into()),
                Fate::Lost => unknown,
                Fate::DoneLater => {
                    self.late.lock().unwrap().push(transaction);
                    unknown
                }
                Fate::DoneUnanswered => {
                    drop(self.inner.transact(transaction, limit).await);
                    unknown
                }
                Fate::Answered => self.inner.transact(transaction, limit).await,
            };
            self.travel().await;
            answer
        })
    }

    fn keep_alive(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Duration, LeaseError> {
        Box::pin(async move {
            self.travel().await;
            if self.weather.is_stormy() && self.below(4) == 0 {
                return Err(refused(limit).into());
            }
            self.inner.keep_alive(lease, limit).await
        })
    }

    fn revoke(&self, lease: LeaseId, limit: Duration) -> Pending<'_, Revoked, LeaseError> {
        Box::pin(async move {
            self.travel().await;
            if self.weather.is_stormy() && self.below(4) == 0 {
                return Err(refused(limit).into());
            }
            self.inner.revoke(lease, limit).await
        })
    }

    fn watch(&self, from: WatchFrom, limit: Duration) -> Pending<'_, Watch, WatchError> {
        Box::pin(async move {
            self.travel().await;
            if self.weather.is_stormy() && self.below(6) == 0 {
                return Err(refused(limit).into());
            }
            self.inner.watch(from, limit).await
        })
    }
}

impl fmt::Debug for Flaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flaky").finish_non_exhaustive()
    }
}
