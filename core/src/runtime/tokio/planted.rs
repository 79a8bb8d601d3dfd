//! Runtimes that break one promise each, and the cases that must notice.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each capability names the flaws that it may have"
)]

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::TokioRuntime;
use super::contract_tests::{TokioHarness, on_tokio};
use crate::event::Event;
use crate::label::Label;
use crate::runtime::contract::{self, Harness, NODES};
use crate::runtime::{
    BindError, Clock, Entropy, EntropyStream, FileName, Identity, Inbox, Incarnation, Network,
    NodeId, Observer, Port, SendError, Spawner, Storage, StorageError, TaskHandle, Timestamp,
    supervised_task,
};

/// What is wrong with a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    Nothing,
    IncarnationStays,
    PanicLooksLikeReturn,
    TextOfPanicLost,
    DroppedHandleDetaches,
    SleepEndsEarly,
    SleepOfThePastWaits,
    ClockGoesBack,
    OneStreamForAllLabels,
    OneStreamForAllNodes,
    WrongSender,
    PayloadAltered,
    InboxTooLarge,
    PortHeldTwice,
    RefusalSwallowed,
    AppendsOvertake,
    ListUnordered,
    ReplaceAppends,
    StorageShared,
    SyncedDataLost,
}

/// Every flaw with a case that must notice it.
const PLANTED: &[(Flaw, &str)] = &[
    (Flaw::IncarnationStays, "identity.grows"),
    (Flaw::PanicLooksLikeReturn, "spawner.panicked"),
    (Flaw::TextOfPanicLost, "spawner.panicked"),
    (Flaw::DroppedHandleDetaches, "spawner.dropped_handle"),
    (Flaw::DroppedHandleDetaches, "spawner.destructors_first"),
    (Flaw::SleepEndsEarly, "clock.never_early"),
    (Flaw::SleepEndsEarly, "clock.timeout"),
    (Flaw::SleepOfThePastWaits, "clock.past"),
    (Flaw::ClockGoesBack, "clock.monotonic"),
    (Flaw::OneStreamForAllLabels, "entropy.labels"),
    (Flaw::OneStreamForAllNodes, "entropy.nodes"),
    (Flaw::OneStreamForAllNodes, "entropy.incarnations"),
    (Flaw::WrongSender, "network.sender"),
    (Flaw::WrongSender, "network.invents_nothing"),
    (Flaw::PayloadAltered, "network.unaltered"),
    (Flaw::InboxTooLarge, "network.bounded"),
    (Flaw::PortHeldTwice, "network.port_in_use"),
    (Flaw::RefusalSwallowed, "network.stranger"),
    (Flaw::RefusalSwallowed, "network.too_long"),
    (Flaw::AppendsOvertake, "storage.call_order"),
    (Flaw::ListUnordered, "storage.list"),
    (Flaw::ReplaceAppends, "storage.replace"),
    (Flaw::StorageShared, "storage.per_node"),
    (Flaw::SyncedDataLost, "durability.append"),
    (Flaw::SyncedDataLost, "durability.replace"),
];

#[test]
fn every_planted_flaw_is_noticed() {
    for (flaw, id) in PLANTED {
        let verdict = check(*flaw, id);
        assert!(verdict.is_err(), "{id} did not notice {flaw:?}");
    }
}

#[test]
fn the_wrapper_without_a_flaw_keeps_the_promises() {
    for (_, id) in PLANTED {
        assert_eq!(check(Flaw::Nothing, id), Ok(()), "{id}");
    }
}

fn check(flaw: Flaw, id: &str) -> Result<(), contract::Broken> {
    on_tokio(async {
        let cases = contract::cases();
        let case = cases.iter().find(|case| case.id() == id);
        let harness = Arc::new(FlawedHarness::new(flaw));
        case.expect("the case exists").run(harness).await
    })
}

struct FlawedHarness {
    inner: TokioHarness,
    flaw: Flaw,
}

impl FlawedHarness {
    fn new(flaw: Flaw) -> Self {
        let inner = match flaw {
            Flaw::StorageShared => TokioHarness::local().with_shared_storage(),
            _ => TokioHarness::local(),
        };
        Self { inner, flaw }
    }

    async fn wrap(&self, inner: TokioRuntime) -> Flawed {
        let node = inner.node();
        let next = NODES[(node.0 as usize) % NODES.len()];
        let sibling = match self.flaw {
            Flaw::WrongSender => Some(self.inner.runtime(next).await),
            _ => None,
        };
        Flawed {
            inner,
            sibling,
            flaw: self.flaw,
            reads: Arc::default(),
        }
    }
}

impl Harness for FlawedHarness {
    type Runtime = Flawed;

    async fn runtime(&self, node: NodeId) -> Flawed {
        let inner = self.inner.runtime(node).await;
        self.wrap(inner).await
    }

    async fn crash_and_restart(&self, node: NodeId) -> Flawed {
        if self.flaw == Flaw::SyncedDataLost {
            self.inner.runtime(node).await;
            self.inner.wipe(node);
        }
        let inner = self.inner.crash_and_restart(node).await;
        self.wrap(inner).await
    }

    fn pass(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        // What a flawed runtime never does need not be waited for as long.
        self.inner.pass(duration.min(Duration::from_secs(1)))
    }
}

/// A runtime with a flaw.
#[derive(Clone)]
struct Flawed {
    inner: TokioRuntime,
    sibling: Option<TokioRuntime>,
    flaw: Flaw,
    reads: Arc<AtomicU64>,
}

impl Identity for Flawed {
    fn node(&self) -> NodeId {
        self.inner.node()
    }

    fn incarnation(&self) -> Incarnation {
        match self.flaw {
            Flaw::IncarnationStays => Incarnation(1),
            _ => self.inner.incarnation(),
        }
    }
}

impl Observer for Flawed {
    fn observe(&self, event: &Event) {
        self.inner.observe(event);
    }
}

/// Runs a task, and does something else than to let its panic through.
async fn caught(task: impl Future<Output = ()>, panics_anew: bool) {
    let mut task = std::pin::pin!(task);
    let polled = std::future::poll_fn(|context| {
        let poll = AssertUnwindSafe(|| task.as_mut().poll(context));
        match std::panic::catch_unwind(poll) {
            Ok(polled) => polled,
            Err(_) => {
                assert!(!panics_anew, "some task panicked");
                std::task::Poll::Ready(())
            }
        }
    });
    polled.await;
}

impl Spawner for Flawed {
    fn spawn<F>(&self, name: Label, task: F) -> TaskHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        match self.flaw {
            Flaw::PanicLooksLikeReturn => self.inner.spawn(name, caught(task, false)),
            Flaw::TextOfPanicLost => self.inner.spawn(name, caught(task, true)),
            Flaw::DroppedHandleDetaches => {
                // What the holder aborts is only the shell around the task.
                let running = self.inner.spawn(name.clone(), task);
                let (shell, handle) = supervised_task(async {});
                drop(self.inner.spawn(name, async move {
                    drop(shell.await);
                }));
                std::mem::forget(running);
                handle
            }
            _ => self.inner.spawn(name, task),
        }
    }
}

impl Clock for Flawed {
    fn now(&self) -> Timestamp {
        let now = self.inner.now();
        let read = self.reads.fetch_add(1, Ordering::Relaxed);
        match self.flaw {
            Flaw::ClockGoesBack if read % 100 == 99 => now - Duration::from_millis(1),
            _ => now,
        }
    }

    fn unix_time(&self) -> Duration {
        self.inner.unix_time()
    }

    fn sleep_until(&self, deadline: Timestamp) -> impl Future<Output = ()> + Send + 'static {
        let deadline = match self.flaw {
            Flaw::SleepEndsEarly => Timestamp::ZERO,
            Flaw::SleepOfThePastWaits => deadline + Duration::from_millis(100),
            _ => deadline,
        };
        self.inner.sleep_until(deadline)
    }
}

impl Entropy for Flawed {
    fn stream(&self, label: &str) -> EntropyStream {
        let label = match self.flaw {
            Flaw::OneStreamForAllLabels => "",
            Flaw::OneStreamForAllNodes => label,
            _ => return self.inner.stream(label),
        };
        let mut seed = [0; 32];
        for (at, byte) in label.bytes().take(31).enumerate() {
            seed[at] = byte;
        }
        EntropyStream::from_seed(seed)
    }
}

impl Network for Flawed {
    fn payload_len_max(&self) -> usize {
        self.inner.payload_len_max()
    }

    fn bind(&self, port: Port, capacity: usize) -> Result<Inbox, BindError> {
        let capacity = match self.flaw {
            Flaw::InboxTooLarge => capacity * 100,
            _ => capacity,
        };
        match self.inner.bind(port, capacity) {
            Err(BindError::InUse { .. }) if self.flaw == Flaw::PortHeldTwice => {
                Ok(Inbox::new(capacity).1)
            }
            bound => bound,
        }
    }

    fn send(&self, to: NodeId, port: Port, mut payload: Vec<u8>) -> Result<(), SendError> {
        if let (Flaw::PayloadAltered, Some(last)) = (self.flaw, payload.last_mut()) {
            *last = last.wrapping_add(1);
        }
        let sender = self.sibling.as_ref().unwrap_or(&self.inner);
        match sender.send(to, port, payload) {
            Err(_) if self.flaw == Flaw::RefusalSwallowed => Ok(()),
            sent => sent,
        }
    }
}

impl Storage for Flawed {
    async fn read(&self, file: &FileName) -> Result<Vec<u8>, StorageError> {
        self.inner.read(file).await
    }

    async fn append(&self, file: &FileName, data: &[u8]) -> Result<(), StorageError> {
        if self.flaw == Flaw::AppendsOvertake && data.first().is_some_and(|byte| byte % 2 == 0) {
            self.inner.sleep(Duration::from_millis(5)).await;
        }
        self.inner.append(file, data).await
    }

    async fn replace(&self, file: &FileName, data: &[u8]) -> Result<(), StorageError> {
        match self.flaw {
            Flaw::ReplaceAppends => self.inner.append(file, data).await,
            _ => self.inner.replace(file, data).await,
        }
    }

    async fn sync(&self, file: &FileName) -> Result<(), StorageError> {
        self.inner.sync(file).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<FileName>, StorageError> {
        let mut files = self.inner.list(prefix).await?;
        if self.flaw == Flaw::ListUnordered {
            files.reverse();
        }
        Ok(files)
    }

    async fn remove(&self, file: &FileName) -> Result<(), StorageError> {
        self.inner.remove(file).await
    }
}
