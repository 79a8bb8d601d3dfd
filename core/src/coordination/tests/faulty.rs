//! A store whose answers are lost, whose requests come late, and which loses sight of the
//! other nodes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::stage::Stage;
use crate::coordination::{Coordinator, CoordinatorOptions};
use crate::runtime::{Clock as _, Entropy as _, NodeId};
use crate::store::between::Between;
use crate::store::{
    Consistency, Engine, Pending, Read, ReadError, Reading, Store, TransactError, Transacted,
    Transaction, Unavailable, Unknown,
};
use crate::testing::TestRuntime;

/// What becomes of one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It happens at once, and its answer never comes.
    AnswerLost,
    /// It never happens, and no answer comes.
    RequestLost,
    /// It happens after another one that is made later, and no answer comes.
    Late,
    /// It is refused.
    Refused,
    /// It happens after this time.
    Slow(Duration),
}

type Faults = Box<dyn FnMut() -> Option<Fault> + Send>;

pub(super) struct Faulty {
    runtime: TestRuntime,
    engine: Arc<dyn Engine>,
    faults: Mutex<Faults>,
    late: Mutex<Vec<Transaction>>,
    isolated: AtomicBool,
    met: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Faulty {
    fn new(stage: &Stage, faults: Faults) -> Arc<Self> {
        Arc::new(Self {
            runtime: stage.node.runtime().clone(),
            engine: stage.store.engine().clone(),
            faults: Mutex::new(faults),
            late: Mutex::default(),
            isolated: AtomicBool::new(false),
            met: AtomicU64::new(0),
        })
    }

    /// One transaction after the other meets these, and then no more.
    pub(super) fn scripted(stage: &Stage, faults: &[Fault]) -> Arc<Self> {
        let mut faults = Vec::from(faults).into_iter();
        Self::new(stage, Box::new(move || faults.next()))
    }

    /// All transactions meet this one.
    pub(super) fn always(stage: &Stage, fault: Fault) -> Arc<Self> {
        Self::new(stage, Box::new(move || Some(fault)))
    }

    /// Most transactions meet some fault.
    pub(super) fn random(stage: &Stage, label: &str) -> Arc<Self> {
        let mut random = stage.node.runtime().stream(label);
        let faults = move || match random.below(8) {
            0 => Some(Fault::AnswerLost),
            1 => Some(Fault::RequestLost),
            2 => Some(Fault::Late),
            3 => Some(Fault::Refused),
            4 | 5 => Some(Fault::Slow(Duration::from_millis(random.below(100)))),
            _ => None,
        };
        Self::new(stage, Box::new(faults))
    }

    /// A coordinator over it, as another node would have one.
    pub(super) fn coordinator(self: &Arc<Self>, stage: &Stage) -> Coordinator<TestRuntime> {
        static COORDINATORS: AtomicU64 = AtomicU64::new(0);
        let name = format!("other {}", COORDINATORS.fetch_add(1, Ordering::Relaxed));
        let store = Store::new(self.clone());
        Coordinator::new(&stage.node, name, store, CoordinatorOptions::default())
    }

    /// It reaches no other node from here on.
    pub(super) fn isolate(&self) {
        self.isolated.store(true, Ordering::Relaxed);
    }

    fn is_isolated(&self) -> bool {
        self.isolated.load(Ordering::Relaxed)
    }

    /// How many transactions met a fault.
    pub(super) fn met(&self) -> u64 {
        self.met.load(Ordering::Relaxed)
    }

    /// Everything that is late happens now.
    pub(super) async fn flush(&self) {
        let late = std::mem::take(&mut *lock(&self.late));
        for transaction in late {
            let limit = Duration::from_secs(1);
            self.engine.transact(transaction, limit).await.unwrap();
        }
    }

    async fn unanswered(&self, limit: Duration) -> TransactError {
        self.runtime.sleep(limit).await;
        Unknown::TimedOut { limit }.into()
    }

    async fn meet(
        &self,
        fault: Option<Fault>,
        transaction: Transaction,
        limit: Duration,
    ) -> Result<Transacted, TransactError> {
        if fault.is_some() {
            self.met.fetch_add(1, Ordering::Relaxed);
        }
        match fault {
            None => self.engine.transact(transaction, limit).await,
            Some(Fault::AnswerLost) => {
                self.engine.transact(transaction, limit).await?;
                Err(self.unanswered(limit).await)
            }
            Some(Fault::RequestLost) => Err(self.unanswered(limit).await),
            Some(Fault::Late) => {
                lock(&self.late).push(transaction);
                Err(self.unanswered(limit).await)
            }
            Some(Fault::Refused) => {
                let (node, leader) = (NodeId(2), None);
                Err(Unavailable::NotLeader { node, leader }.into())
            }
            Some(Fault::Slow(time)) if time > limit => Err(self.unanswered(limit).await),
            Some(Fault::Slow(time)) => {
                self.runtime.sleep(time).await;
                self.engine.transact(transaction, limit).await
            }
        }
    }
}

impl Between for Faulty {
    fn inner(&self) -> &dyn Engine {
        &*self.engine
    }

    fn read(&self, read: Read, limit: Duration) -> Pending<'_, Reading, ReadError> {
        Box::pin(async move {
            if self.is_isolated() && read.consistency == Consistency::Linearizable {
                self.runtime.sleep(limit).await;
                return Err(Unavailable::TimedOut { limit }.into());
            }
            self.engine.read(read, limit).await
        })
    }

    fn transact(
        &self,
        transaction: Transaction,
        limit: Duration,
    ) -> Pending<'_, Transacted, TransactError> {
        Box::pin(async move {
            if self.is_isolated() {
                return Err(self.unanswered(limit).await);
            }
            let late = std::mem::take(&mut *lock(&self.late));
            let fault = lock(&self.faults)();
            let answer = self.meet(fault, transaction, limit).await;
            for transaction in late {
                self.engine.transact(transaction, limit).await?;
            }
            answer
        })
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}
