//! One incarnation of one node, and the runtime value that its code holds.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use madsim::runtime::NodeHandle;
use steadfast::Label;
use steadfast::event::Event;
use steadfast::runtime::{Entropy, EntropyStream, Identity, Incarnation, NodeId, Observer};

use super::shared::Shared;
use crate::keyed::Key;
use crate::trace::{RunEvent, TraceEvent};

/// One incarnation of one node. Whatever it does after its death has no effect.
pub(crate) struct Life {
    pub(crate) node: NodeId,
    pub(crate) incarnation: Incarnation,
    pub(crate) shared: Arc<Shared>,
    /// madsim's spawner of exactly this incarnation.
    pub(crate) handle: NodeHandle,
    /// The ordinal of the task that is being polled; 0 for none.
    pub(crate) polled: AtomicU64,
    alive: AtomicBool,
    /// How far the monotonic clock is ahead of simulated time, in nanoseconds, as long
    /// as it is plain; it may be behind by wrapping.
    ahead: AtomicU64,
    /// Nothing has ever been wrong with the clock, so it can be read without the lock.
    plain: AtomicBool,
}

impl Life {
    pub(crate) const fn new(
        node: NodeId,
        incarnation: Incarnation,
        shared: Arc<Shared>,
        handle: NodeHandle,
    ) -> Self {
        Self {
            node,
            incarnation,
            shared,
            handle,
            polled: AtomicU64::new(0),
            alive: AtomicBool::new(true),
            ahead: AtomicU64::new(0),
            plain: AtomicBool::new(false),
        }
    }

    /// The monotonic clock of the incarnation, unless the lock is needed to read it.
    pub(crate) fn plain_clock(&self, now: u64) -> Option<u64> {
        let plain = self.plain.load(Ordering::Relaxed);
        plain.then(|| now.wrapping_add(self.ahead.load(Ordering::Relaxed)))
    }

    /// Says how far a plain clock is ahead of simulated time; `None` if it is not plain.
    pub(crate) fn set_plain(&self, ahead: Option<u64>) {
        self.ahead.store(ahead.unwrap_or(0), Ordering::Relaxed);
        self.plain.store(ahead.is_some(), Ordering::Relaxed);
    }

    pub(crate) fn is_alive(&self) -> bool {
        // A run has one thread; the order of memory operations is that of the program.
        self.alive.load(Ordering::Relaxed)
    }

    pub(crate) fn die(&self) {
        self.alive.store(false, Ordering::Relaxed);
    }
}

/// The runtime of one incarnation of one simulated node. Cheap to clone.
///
/// Once the incarnation is dead the value is inert: it records nothing, sends
/// nothing, writes nothing, its timers never fire, its files answer with an error or
/// not at all, and a task started on it is aborted at once.
#[derive(Clone)]
pub struct SimRuntime(pub(crate) Arc<Life>);

impl SimRuntime {
    /// The run's value of type `T`, made when it is first asked for.
    ///
    /// It belongs to the run and not to the node: a crash does not lose it and no
    /// fault touches it. It is how code on a node tells the workload what it has
    /// seen; nothing under test may rely on it.
    #[must_use]
    pub fn board<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.0.shared.board.get()
    }

    /// Writes a line into the trace, as this node's; see
    /// [`World::note`](crate::World::note). What a dead incarnation notes is lost.
    pub fn note(&self, text: impl Into<Label>) {
        if !self.0.is_alive() {
            return;
        }
        let shared = &self.0.shared;
        let text = text.into();
        let event = TraceEvent::Run(RunEvent::Note { text });
        let now = shared.now();
        shared.lock().record(now, Some(self.0.node), event);
    }
}

impl Identity for SimRuntime {
    fn node(&self) -> NodeId {
        self.0.node
    }

    fn incarnation(&self) -> Incarnation {
        self.0.incarnation
    }
}

impl Observer for SimRuntime {
    fn observe(&self, event: &Event) {
        if !self.0.is_alive() {
            return;
        }
        let shared = &self.0.shared;
        let now = shared.now();
        let event = TraceEvent::Core(event.clone());
        shared.lock().record(now, Some(self.0.node), event);
    }
}

impl Entropy for SimRuntime {
    fn stream(&self, label: &str) -> EntropyStream {
        let life = &self.0;
        let key = Key::new(life.shared.plan.seed, "entropy")
            .with(u64::from(life.node.0))
            .with(u64::from(life.incarnation.0))
            .with_text(label);
        let mut seed = [0; 32];
        for (word, bytes) in seed.chunks_exact_mut(8).enumerate() {
            bytes.copy_from_slice(&key.with(word as u64).bits().to_le_bytes());
        }
        EntropyStream::from_seed(seed)
    }
}

impl fmt::Debug for SimRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimRuntime({}.{})", self.0.node, self.0.incarnation)
    }
}
