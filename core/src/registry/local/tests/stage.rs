//! A host that says what the test tells it to, and remembers what it was told.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::{ExitReason, ProcessId};
use crate::registry::{
    Answer, Backend, Change, Host, Keys, Local, LocalOptions, Registration, SharedHost,
};
use crate::runtime::{Entropy, EntropyStream, Incarnation, NodeId};

/// Random streams of one seed.
pub(super) struct Seeded(pub(super) u8);

impl Entropy for Seeded {
    fn stream(&self, _label: &str) -> EntropyStream {
        EntropyStream::from_seed([self.0; 32])
    }
}

#[derive(Default)]
pub(super) struct Told {
    pub(super) dying: BTreeSet<ProcessId>,
    pub(super) dead: BTreeSet<ProcessId>,
    pub(super) batches: Vec<Vec<Change>>,
    pub(super) facts: Vec<RegistryEvent>,
}

/// The host. Every process of node 1 lives until the test says otherwise.
pub(super) struct Stage {
    name: Label,
    told: Mutex<Told>,
}

impl Stage {
    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that changed since the last time, flattened.
    pub(super) fn changes(&self) -> Vec<Change> {
        std::mem::take(&mut self.told().batches).concat()
    }
}

impl Host for Stage {
    fn registry(&self) -> &Label {
        &self.name
    }

    fn node(&self) -> NodeId {
        NodeId(1)
    }

    fn incarnation(&self) -> Incarnation {
        Incarnation(1)
    }

    fn admits(&self, process: ProcessId) -> bool {
        self.lives(process) && !self.told().dying.contains(&process)
    }

    fn lives(&self, process: ProcessId) -> bool {
        !self.told().dead.contains(&process)
    }

    fn changed(&self, changes: &[Change]) {
        assert!(!changes.is_empty(), "a batch without a change");
        self.told().batches.push(changes.to_vec());
    }

    fn announce(&self, event: RegistryEvent) {
        self.told().facts.push(event);
    }

    fn exit(&self, process: ProcessId, reason: &ExitReason) {
        panic!("a local backend asks {process} to exit: {reason:?}");
    }
}

/// A process of node 1.
pub(super) const fn process(local: u64) -> ProcessId {
    ProcessId {
        node: NodeId(1),
        incarnation: Incarnation(1),
        local,
    }
}

/// A host.
pub(super) fn host() -> (Arc<Stage>, SharedHost) {
    let stage = Arc::new(Stage {
        name: "names".into(),
        told: Mutex::default(),
    });
    (stage.clone(), stage)
}

/// Both backends on fresh hosts, with a unique scope `s` and a group scope `g`.
pub(super) fn both(options: &LocalOptions) -> Vec<(Arc<Stage>, Local)> {
    let (one, other) = (host(), host());
    let memory = Local::memory(one.1, &Seeded(1), options.clone());
    let partitioned = Local::partitioned(other.1, &Seeded(2), options.clone(), 8);
    let backends = vec![(one.0, memory), (other.0, partitioned)];
    for (_, backend) in &backends {
        assert_eq!(done(backend.open_scope(&"s".into(), Keys::Unique)), Ok(()));
        assert_eq!(
            done(backend.open_scope(&"g".into(), Keys::Duplicate)),
            Ok(())
        );
    }
    backends
}

/// The answer, which a local backend gives at once.
pub(super) fn done<T>(answer: Answer<T>) -> T {
    answer.now().expect("a local backend answers at once")
}

/// Asks for a name of scope `s`.
pub(super) fn wanted(name: &str, holder: u64) -> Registration {
    Registration::new("s", name, process(holder))
}

/// Asks for a membership in a group of scope `g`.
pub(super) fn joined(name: &str, member: u64) -> Registration {
    Registration::new("g", name, process(member))
}

/// Nothing that is stored twice differs.
#[track_caller]
pub(super) fn assert_sound(backend: &Local) {
    assert_eq!(backend.audit(), Vec::<Label>::new());
}
