//! What the handles of one registry share: the backend, and the gate before it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::bell::Bell;
use super::charge::Charge;
use super::meter::Meters;
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::{ExitHook, ProcessId};
use crate::registry::answer::Answer;
use crate::registry::backend::{Backend, SharedHost};
use crate::registry::entry::Entry;
use crate::registry::error::RegistryError;
use crate::registry::key_lock::KeyLocks;
use crate::registry::query::Query;
use crate::registry::watch::Hub;

/// What the gate says to those who want to change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Come in.
    Open,
    /// Wait: a switch lets those come out first who are in.
    Closed,
}

/// Shared by the handles of one registry and by its subscriptions.
pub(in crate::registry) struct Shared {
    charge: Charge,
    /// Held for reading by whoever asks the backend for a change, and for writing by
    /// whoever needs that nothing changes.
    gate: RwLock<Gate>,
    /// Changes whose answer is still to come.
    underway: AtomicUsize,
    /// Rung when the gate opens, and when no more change is under way.
    bell: Bell,
    host: SharedHost,
    hub: Arc<Hub>,
    locks: Arc<KeyLocks>,
    /// Switches happen one after the other.
    switches: Arc<KeyLocks>,
    meters: Meters,
    watch_capacity: usize,
}

impl Shared {
    pub(super) fn new(
        backend: Arc<dyn Backend>,
        host: SharedHost,
        hub: Arc<Hub>,
        watch_capacity: usize,
    ) -> Self {
        Self {
            charge: Charge::new(backend),
            gate: RwLock::new(Gate::Open),
            underway: AtomicUsize::new(0),
            bell: Bell::default(),
            host,
            hub,
            locks: Arc::default(),
            switches: Arc::default(),
            meters: Meters::default(),
            watch_capacity,
        }
    }

    pub(in crate::registry) fn name(&self) -> &Label {
        self.host.registry()
    }

    pub(in crate::registry) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    pub(in crate::registry) const fn watch_capacity(&self) -> usize {
        self.watch_capacity
    }

    pub(in crate::registry) const fn locks(&self) -> &Arc<KeyLocks> {
        &self.locks
    }

    pub(super) const fn switches(&self) -> &Arc<KeyLocks> {
        &self.switches
    }

    pub(super) const fn host(&self) -> &SharedHost {
        &self.host
    }

    pub(super) const fn meters(&self) -> &Meters {
        &self.meters
    }

    pub(in crate::registry) fn admits(&self, process: ProcessId) -> bool {
        self.host.admits(process)
    }

    pub(super) fn is_local(&self, process: ProcessId) -> bool {
        self.host.is_local(process)
    }

    pub(in crate::registry) fn announce(&self, event: RegistryEvent) {
        self.host.announce(event);
    }

    /// What the backend answers to a read. `read` may be called twice.
    pub(super) fn read<T>(&self, read: impl Fn(&dyn Backend) -> T) -> T {
        self.charge.read(read)
    }

    /// Asks the backend for a change, unless a switch wants to begin: then the change
    /// is handed back, to be tried again after [`opened`](Self::opened).
    pub(super) fn admit<T, C>(&self, change: C) -> Result<Admitted<'_, T>, C>
    where
        C: FnOnce(&dyn Backend) -> Answer<T>,
    {
        let gate = self.pass();
        if *gate == Gate::Closed {
            return Err(change);
        }
        let answer = self.charge.with(change);
        Ok(match answer {
            Answer::Now(answer) => Admitted::Now(answer),
            later @ (Answer::Later(_) | Answer::Taken) => {
                self.underway.fetch_add(1, Ordering::AcqRel);
                Admitted::Later(later, Underway(self))
            }
        })
    }

    /// Waits until changes are let in.
    pub(super) async fn opened(&self) {
        self.bell.until(|| *self.pass() == Gate::Open).await;
    }

    /// Does something while no change is let in.
    pub(super) fn exclusive<T>(&self, act: impl FnOnce(&dyn Backend) -> T) -> T {
        let _alone = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.charge.with(act)
    }

    /// Lets no more changes in until the answer is dropped. Nobody else does so at the
    /// same time: switches take turns.
    pub(super) fn close(&self) -> ClosedGate<'_> {
        self.set_gate(Gate::Closed);
        ClosedGate(self)
    }

    /// Waits until no change is under way.
    pub(super) async fn drained(&self) {
        self.bell.until(|| self.underway() == 0).await;
    }

    /// How many changes are under way.
    pub(super) fn underway(&self) -> usize {
        self.underway.load(Ordering::Acquire)
    }

    /// Puts the backend in charge that `act` answers, while no change is let in, no
    /// process of this node ends, and nobody begins to watch.
    pub(super) fn exchange<T, E>(
        &self,
        act: impl FnOnce(&dyn Backend) -> Result<(Arc<dyn Backend>, T), E>,
    ) -> Result<T, E> {
        let _alone = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let (backend, answer) = self.charge.with(act)?;
        self.charge.pass_to(backend);
        Ok(answer)
    }

    fn set_gate(&self, gate: Gate) {
        *self.gate.write().unwrap_or_else(PoisonError::into_inner) = gate;
    }

    /// As [`Backend::frozen`], of the backend that is in charge all the while: nobody
    /// can begin to listen to one that has just been replaced.
    pub(in crate::registry) fn frozen(
        &self,
        scope: &str,
        query: &Query,
        act: &mut dyn FnMut(Vec<Entry>),
    ) -> Result<(), RegistryError> {
        let _passed = self.pass();
        self.charge
            .with(|backend| backend.frozen(scope, query, act))
    }

    fn pass(&self) -> RwLockReadGuard<'_, Gate> {
        // A backend that panicked under the gate has changed nothing that it guards.
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // From here on nobody notices the end of a holder: what is still registered goes
        // now, and is told, instead of being held by the dead for ever.
        self.charge.with(|backend| {
            for (scope, _) in backend.scopes() {
                // Nobody is left to take the answer; a backend that cannot close a scope
                // now has no readers that could see it.
                drop(backend.close_scope(&scope));
            }
        });
    }
}

impl ExitHook for Shared {
    fn process_exited(&self, process: ProcessId) {
        {
            // Not stopped by a closed gate: a process that ends waits for nobody.
            let _passed = self.pass();
            self.charge.with(|backend| backend.process_exited(process));
        }
        self.hub.process_exited(process);
    }
}

/// The gate, closed. Dropping this opens it.
pub(super) struct ClosedGate<'a>(&'a Shared);

impl Drop for ClosedGate<'_> {
    fn drop(&mut self) {
        self.0.set_gate(Gate::Open);
        self.0.bell.ring();
    }
}

/// What a backend said to a change.
pub(super) enum Admitted<'a, T> {
    /// It is done.
    Now(T),
    /// The answer comes. It is to be dropped before the other.
    Later(Answer<T>, Underway<'a>),
}

/// A change whose answer is still to come, or whose caller is still there.
pub(super) struct Underway<'a>(&'a Shared);

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if self.0.underway.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.bell.ring();
        }
    }
}
