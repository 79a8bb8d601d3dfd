//! A deterministic runtime for unit tests: one thread, virtual time, and an order
//! of tasks that is a function of a seed.
//!
//! Time moves only when nothing is ready, to the next timer. The next task is drawn
//! among the ready ones, so many seeds are many interleavings.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::event::{Event, FailureEvent, ProcessEvent};
use crate::label::Label;
use crate::process::{Node, ProcessId};
use crate::runtime::FileName;
use crate::runtime::{
    BindError, Clock, Entropy, EntropyStream, Identity, Inbox, InboxSender, Incarnation, Message,
    Network, NodeId, Observer, Offer, Port, SendError, Spawner, Storage, StorageError, TaskHandle,
    Timestamp, supervised_task,
};

/// How many steps a run may take; more is a loop that never waits.
const STEPS_MAX: u64 = 10_000_000;

/// The number of the future that `run` was given.
const MAIN: u64 = 0;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Shared {
    now: Timestamp,
    ready: BTreeSet<u64>,
    jobs: BTreeMap<u64, Option<Job>>,
    jobs_started: u64,
    timers: BTreeMap<(Timestamp, u64), Waker>,
    timers_started: u64,
    events: Vec<Event>,
    ports: BTreeMap<Port, InboxSender>,
    files: BTreeMap<FileName, Vec<u8>>,
}

/// The runtime; one node, `n1.1`. Clones share everything.
#[derive(Clone)]
pub(crate) struct TestRuntime {
    seed: u64,
    shared: Arc<Mutex<Shared>>,
}

struct JobWaker {
    job: u64,
    shared: Arc<Mutex<Shared>>,
}

impl Wake for JobWaker {
    fn wake(self: Arc<Self>) {
        lock(&self.shared).ready.insert(self.job);
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `body` on a fresh node, then drops whatever is left.
///
/// # Panics
///
/// If nothing can make progress any more, or never stops making it.
pub(crate) fn run<B, F, T>(seed: u64, body: B) -> T
where
    B: FnOnce(Node<TestRuntime>) -> F,
    F: Future<Output = T>,
{
    let runtime = TestRuntime::new(seed);
    let mut order = runtime.stream("order of tasks");
    let mut main = pin!(body(Node::new(runtime.clone())));
    let waker = runtime.waker(MAIN);
    lock(&runtime.shared).ready.insert(MAIN);
    for _ in 0..STEPS_MAX {
        let Some(job) = runtime.next_ready(&mut order) else {
            runtime.advance();
            continue;
        };
        if job == MAIN {
            if let Poll::Ready(answer) = main.as_mut().poll(&mut Context::from_waker(&waker)) {
                runtime.drop_jobs();
                return answer;
            }
        } else {
            runtime.poll_job(job);
        }
    }
    panic!("seed {seed}: {STEPS_MAX} steps without an end");
}

/// Checks the two promises: no process without an end, and no failure that was
/// not settled exactly once.
///
/// # Panics
///
/// If one of them does not hold.
#[track_caller]
pub(crate) fn assert_books_balance(events: Vec<Event>) {
    let mut alive: BTreeSet<ProcessId> = BTreeSet::new();
    let mut open = BTreeMap::new();
    for event in events {
        match event {
            Event::Process(ProcessEvent::Spawned { process, .. }) => {
                assert!(alive.insert(process), "{process} was started twice");
            }
            Event::Process(ProcessEvent::Exited { process, .. }) => {
                assert!(alive.remove(&process), "{process} ended twice");
            }
            Event::Failure(FailureEvent::Delivered { failure, what, .. }) => {
                open.insert(failure, what);
            }
            Event::Failure(FailureEvent::Settled { failure, .. }) => {
                assert!(open.remove(&failure).is_some(), "{failure} settled twice");
            }
            Event::Failure(FailureEvent::Dropped { failure, what }) => {
                panic!("{failure} was swallowed: {what}");
            }
            Event::Process(ProcessEvent::MessageDiscarded { .. })
            | Event::Supervision(_)
            | Event::Boot(_)
            | Event::Membership(_)
            | Event::Store(_)
            | Event::Registry(_)
            | Event::Coordination(_)
            | Event::Failure(FailureEvent::Incident { .. }) => {}
        }
    }
    assert!(open.is_empty(), "failures never settled: {open:?}");
    assert!(alive.is_empty(), "processes that never ended: {alive:?}");
}

impl TestRuntime {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            shared: Arc::new(Mutex::new(Shared {
                now: Timestamp::ZERO,
                ready: BTreeSet::new(),
                jobs: BTreeMap::new(),
                jobs_started: 0,
                timers: BTreeMap::new(),
                timers_started: 0,
                events: Vec::new(),
                ports: BTreeMap::new(),
                files: BTreeMap::new(),
            })),
        }
    }

    /// The facts announced so far.
    pub(crate) fn events(&self) -> Vec<Event> {
        lock(&self.shared).events.clone()
    }

    /// Checks the two promises; see [`assert_books_balance`].
    ///
    /// # Panics
    ///
    /// If one of them does not hold.
    #[track_caller]
    pub(crate) fn assert_books_balance(&self) {
        assert_books_balance(self.events());
    }

    fn waker(&self, job: u64) -> Waker {
        let shared = self.shared.clone();
        Waker::from(Arc::new(JobWaker { job, shared }))
    }

    fn next_ready(&self, order: &mut EntropyStream) -> Option<u64> {
        let mut shared = lock(&self.shared);
        let chosen = order.below(shared.ready.len() as u64);
        let job = shared
            .ready
            .iter()
            .nth(usize::try_from(chosen).ok()?)
            .copied()?;
        shared.ready.remove(&job);
        Some(job)
    }

    fn poll_job(&self, number: u64) {
        let Some(mut job) = lock(&self.shared)
            .jobs
            .get_mut(&number)
            .and_then(Option::take)
        else {
            return;
        };
        let waker = self.waker(number);
        let polled = job.as_mut().poll(&mut Context::from_waker(&waker));
        let mut shared = lock(&self.shared);
        if polled.is_ready() {
            shared.jobs.remove(&number);
            drop(shared);
            drop(job);
        } else if let Some(place) = shared.jobs.get_mut(&number) {
            *place = Some(job);
        }
    }

    fn advance(&self) {
        let waker = {
            let mut shared = lock(&self.shared);
            let Some(((due, _), waker)) = shared.timers.pop_first() else {
                drop(shared);
                panic!("seed {}: nothing can make progress any more", self.seed);
            };
            shared.now = shared.now.max(due);
            waker
        };
        waker.wake();
    }

    fn drop_jobs(&self) {
        // Dropping a job may end others, so one at a time.
        loop {
            let job = lock(&self.shared).jobs.pop_first();
            if job.is_none() {
                return;
            }
        }
    }
}

impl Identity for TestRuntime {
    fn node(&self) -> NodeId {
        NodeId(1)
    }

    fn incarnation(&self) -> Incarnation {
        Incarnation(1)
    }
}

impl Observer for TestRuntime {
    fn observe(&self, event: &Event) {
        lock(&self.shared).events.push(event.clone());
    }
}

impl Spawner for TestRuntime {
    fn spawn<F>(&self, _name: Label, task: F) -> TaskHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (task, handle) = supervised_task(task);
        let mut shared = lock(&self.shared);
        shared.jobs_started += 1;
        let number = shared.jobs_started;
        let job: Job = Box::pin(async move { drop(task.await) });
        shared.jobs.insert(number, Some(job));
        shared.ready.insert(number);
        handle
    }
}

struct Sleep {
    deadline: Timestamp,
    timer: Option<u64>,
    shared: Arc<Mutex<Shared>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut shared = lock(&this.shared);
        if shared.now >= this.deadline {
            return Poll::Ready(());
        }
        let timer = *this.timer.get_or_insert_with(|| {
            shared.timers_started += 1;
            shared.timers_started
        });
        shared
            .timers
            .insert((this.deadline, timer), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            let waker = lock(&self.shared).timers.remove(&(self.deadline, timer));
            drop(waker);
        }
    }
}

impl Clock for TestRuntime {
    fn now(&self) -> Timestamp {
        lock(&self.shared).now
    }

    fn unix_time(&self) -> Duration {
        Duration::from_nanos(self.now().0)
    }

    fn sleep_until(&self, deadline: Timestamp) -> impl Future<Output = ()> + Send + 'static {
        Sleep {
            deadline,
            timer: None,
            shared: self.shared.clone(),
        }
    }
}

impl Entropy for TestRuntime {
    fn stream(&self, label: &str) -> EntropyStream {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        // FNV-1a is enough to keep the labels of a test apart.
        let hash = label.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        seed[8..16].copy_from_slice(&hash.to_le_bytes());
        EntropyStream::from_seed(seed)
    }
}

impl Network for TestRuntime {
    fn payload_len_max(&self) -> usize {
        1 << 16
    }

    fn bind(&self, port: Port, capacity: usize) -> Result<Inbox, BindError> {
        if capacity == 0 {
            return Err(BindError::NoCapacity);
        }
        let mut shared = lock(&self.shared);
        if shared.ports.get(&port).is_some_and(InboxSender::is_open) {
            let node = NodeId(1);
            return Err(BindError::InUse { node, port });
        }
        let (sender, inbox) = Inbox::new(capacity);
        shared.ports.insert(port, sender);
        Ok(inbox)
    }

    fn send(&self, to: NodeId, port: Port, payload: Vec<u8>) -> Result<(), SendError> {
        if to != self.node() {
            return Err(SendError::Unreachable { peer: to });
        }
        let sender = lock(&self.shared).ports.get(&port).cloned();
        if let Some(sender) = sender {
            let from = self.node();
            match sender.offer(Message { from, payload }) {
                // The network may lose what finds no room, as the trait says.
                Offer::Taken | Offer::Full | Offer::Closed => {}
            }
        }
        Ok(())
    }
}

impl Storage for TestRuntime {
    async fn read(&self, file: &FileName) -> Result<Vec<u8>, StorageError> {
        let content = lock(&self.shared).files.get(file).cloned();
        content.ok_or_else(|| StorageError::NotFound { file: file.clone() })
    }

    async fn append(&self, file: &FileName, data: &[u8]) -> Result<(), StorageError> {
        let mut shared = lock(&self.shared);
        let content = shared.files.entry(file.clone()).or_default();
        content.extend_from_slice(data);
        Ok(())
    }

    async fn replace(&self, file: &FileName, data: &[u8]) -> Result<(), StorageError> {
        let mut shared = lock(&self.shared);
        shared.files.insert(file.clone(), data.to_vec());
        Ok(())
    }

    async fn sync(&self, _file: &FileName) -> Result<(), StorageError> {
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<FileName>, StorageError> {
        let shared = lock(&self.shared);
        let named = |file: &&FileName| file.as_str().starts_with(prefix);
        Ok(shared.files.keys().filter(named).cloned().collect())
    }

    async fn remove(&self, file: &FileName) -> Result<(), StorageError> {
        lock(&self.shared).files.remove(file);
        Ok(())
    }
}
