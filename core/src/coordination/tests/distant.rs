//! A store as far away as a network: requests and answers take time, and some are lost.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::process::{Node, ProcessSpec};
use crate::runtime::{Clock as _, Entropy as _, EntropyStream};
use crate::store::between::Between;
use crate::store::{
    Engine, Pending, Read, ReadError, Reading, TransactError, Transacted, Transaction, Unknown,
    Watch, WatchError, WatchFrom,
};
use crate::testing::TestRuntime;

/// What becomes of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It happens and is answered.
    Answered,
    /// It happens, and the answer is lost.
    AnswerLost,
    /// It is lost.
    RequestLost,
    /// It is given up for lost, and happens after that.
    Late,
}

/// The way to a store that is near.
pub(super) struct Distant {
    node: Node<TestRuntime>,
    near: Arc<dyn Engine>,
    /// How many of a hundred changes do not go well.
    lost: u64,
    chance: Mutex<EntropyStream>,
}

impl Distant {
    pub(super) fn new(node: &Node<TestRuntime>, near: Arc<dyn Engine>, lost: u64) -> Self {
        let chance = Mutex::new(node.runtime().stream("distant"));
        Self {
            node: node.clone(),
            near,
            lost,
            chance,
        }
    }

    fn below(&self, bound: u64) -> u64 {
        self.chance.lock().unwrap().below(bound)
    }

    /// One way.
    async fn way(&self) {
        let time = Duration::from_micros(self.below(2_000));
        self.node.runtime().sleep(time).await;
    }

    fn fate(&self) -> Fate {
        if self.below(100) >= self.lost {
            return Fate::Answered;
        }
        match self.below(3) {
            0 => Fate::AnswerLost,
            1 => Fate::RequestLost,
            _ => Fate::Late,
        }
    }

    /// Happens some time from now, whatever becomes of whoever asked.
    fn happens_late(&self, change: Transaction, limit: Duration) {
        let (near, clock) = (self.near.clone(), self.node.runtime().clone());
        let time = Duration::from_micros(self.below(30_000));
        let late = self
            .node
            .start(ProcessSpec::new("late"), move |_| async move {
                clock.sleep(time).await;
                // Nobody is there any more to be told.
                drop(near.transact(change, limit).await);
            });
        late.unwrap();
    }
}

impl fmt::Debug for Distant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distant").finish_non_exhaustive()
    }
}

impl Between for Distant {
    fn inner(&self) -> &dyn Engine {
        &*self.near
    }

    fn read(&self, read: Read, limit: Duration) -> Pending<'_, Reading, ReadError> {
        Box::pin(async move {
            self.way().await;
            let reading = self.near.read(read, limit).await;
            self.way().await;
            reading
        })
    }

    fn transact(
        &self,
        transaction: Transaction,
        limit: Duration,
    ) -> Pending<'_, Transacted, TransactError> {
        Box::pin(async move {
            self.way().await;
            let fate = self.fate();
            let done = match fate {
                Fate::Answered | Fate::AnswerLost => self.near.transact(transaction, limit).await,
                Fate::RequestLost => Err(Unknown::TimedOut { limit }.into()),
                Fate::Late => {
                    self.happens_late(transaction, limit);
                    Err(Unknown::TimedOut { limit }.into())
                }
            };
            self.way().await;
            if fate == Fate::AnswerLost {
                return Err(Unknown::TimedOut { limit }.into());
            }
            done
        })
    }

    fn watch(&self, from: WatchFrom, limit: Duration) -> Pending<'_, Watch, WatchError> {
        Box::pin(async move {
            self.way().await;
            self.near.watch(from, limit).await
        })
    }
}
