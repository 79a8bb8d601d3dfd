//! What the parts of one node's store share: the machine and everyone who waits for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::consensus::{Batch, LogId, Membership, Reply};
use crate::runtime::Timestamp;
use crate::store::lease_clock::LeaseClock;
use crate::store::limits::Limits;
use crate::store::machine::Machine;
use crate::store::watchers::Watchers;

/// The state of one node.
pub(super) struct State {
    pub(super) machine: Machine,
    pub(super) applied: Option<LogId>,
    pub(super) membership: Membership,
    /// Only at the node that counts the leases.
    pub(super) clock: Option<LeaseClock>,
    pub(super) watchers: Watchers,
    pub(super) open: bool,
    /// Who waits for entries to be applied, by number, with the index.
    waiting: BTreeMap<u64, (u64, Waker)>,
    waits: u64,
    /// Who waits for deadlines to change.
    pub(super) counter: Option<Waker>,
}

impl State {
    fn new(limits: Limits) -> Self {
        Self {
            machine: Machine::new(limits),
            applied: None,
            membership: Membership::default(),
            clock: None,
            watchers: Watchers::default(),
            open: false,
            waiting: BTreeMap::new(),
            waits: 0,
            counter: None,
        }
    }

    fn has_applied(&self, index: u64) -> bool {
        self.applied.is_some_and(|applied| applied.index >= index)
    }

    fn wake_applied(&mut self) -> Vec<Waker> {
        let ready: Vec<u64> = self
            .waiting
            .iter()
            .filter(|(_, (index, _))| !self.open || self.has_applied(*index))
            .map(|(number, _)| *number)
            .collect();
        let woken = ready
            .into_iter()
            .filter_map(|number| self.waiting.remove(&number));
        woken.map(|(_, waker)| waker).collect()
    }
}

/// The shared state.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(super) fn new(limits: Limits) -> Self {
        Self(Arc::new(Mutex::new(State::new(limits))))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // The machine panics only on a bug of its own; its state is then lost anyway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies proposals at a position of the log, and tells everyone concerned.
    pub(super) fn apply(&self, at: LogId, batch: Batch, now: Timestamp) -> Reply {
        let mut state = self.lock();
        let State {
            machine,
            clock,
            watchers,
            counter,
            ..
        } = &mut *state;
        let before = machine.revision();
        let mut woken = Vec::new();
        let answers = batch.0.into_iter().map(|proposal| {
            let applied = machine.apply(proposal);
            if let Some(clock) = clock
                && !applied.leases.is_empty()
            {
                clock.follow(&applied.leases, now);
                woken.extend(counter.take());
            }
            applied.answer
        });
        let reply = Reply(answers.collect());
        woken.extend(watchers.advance(machine, before));
        state.applied = Some(at);
        woken.extend(state.wake_applied());
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        reply
    }

    /// An entry that changes no key was applied.
    pub(super) fn pass(&self, at: LogId, membership: Option<Membership>) -> Reply {
        let woken = {
            let mut state = self.lock();
            state.applied = Some(at);
            if let Some(membership) = membership {
                state.membership = membership;
            }
            state.wake_applied()
        };
        woken.into_iter().for_each(Waker::wake);
        Reply(Vec::new())
    }

    /// Another state takes the place of this one.
    pub(super) fn install(&self, machine: Machine, applied: Option<LogId>, members: Membership) {
        let woken = {
            let mut state = self.lock();
            state.machine = machine;
            state.applied = applied;
            state.membership = members;
            state.clock = None;
            let mut woken = state.watchers.wake_all();
            woken.extend(state.wake_applied());
            woken.extend(state.counter.take());
            woken
        };
        woken.into_iter().for_each(Waker::wake);
    }

    /// Begins or ends to serve.
    pub(super) fn set_open(&self, open: bool) {
        let woken = {
            let mut state = self.lock();
            state.open = open;
            state.clock = None;
            let mut woken = state.watchers.wake_all();
            woken.extend(state.wake_applied());
            woken
        };
        woken.into_iter().for_each(Waker::wake);
    }

    /// Waits until the entry at an index is applied here; `false` if the store stopped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the wait.
    pub(super) async fn applied(&self, index: u64) -> bool {
        let mut wait = Wait {
            shared: self,
            number: None,
        };
        std::future::poll_fn(|context| {
            let mut state = self.lock();
            if !state.open {
                return Poll::Ready(false);
            }
            if state.has_applied(index) {
                return Poll::Ready(true);
            }
            let number = *wait.number.get_or_insert_with(|| {
                state.waits += 1;
                state.waits
            });
            state
                .waiting
                .insert(number, (index, context.waker().clone()));
            Poll::Pending
        })
        .await
    }
}

struct Wait<'a> {
    shared: &'a Shared,
    number: Option<u64>,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.shared.lock().waiting.remove(&number);
        }
    }
}
