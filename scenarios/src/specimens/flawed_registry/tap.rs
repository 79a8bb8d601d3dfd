//! Stands between a backend and its host, and lets less through than it should.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use steadfast::Label;
use steadfast::event::RegistryEvent;
use steadfast::process::{ExitReason, ProcessId};
use steadfast::registry::{Change, Host, Key, SharedHost};
use steadfast::runtime::{Incarnation, NodeId};

use super::flaw::Flaw;
use super::ghosts::Ghosts;

/// Every so manieth change is kept from those who watch.
const GAP: u64 = 5;

/// A host with a tap.
pub(super) struct Tap {
    host: SharedHost,
    flaw: Flaw,
    silent: AtomicBool,
    changes: AtomicU64,
    first_holders: Mutex<BTreeMap<Key, ProcessId>>,
    losers: Mutex<BTreeMap<Key, ProcessId>>,
    pub(super) ghosts: Ghosts,
}

impl Tap {
    pub(super) fn new(host: SharedHost, flaw: Flaw) -> Self {
        Self {
            ghosts: Ghosts::new(host.node(), flaw),
            losers: Mutex::default(),
            host,
            flaw,
            silent: AtomicBool::new(false),
            changes: AtomicU64::new(0),
            first_holders: Mutex::default(),
        }
    }

    /// Does something of which nobody hears.
    pub(super) fn silently<T>(&self, act: impl FnOnce() -> T) -> T {
        self.silent.store(true, Ordering::Relaxed);
        let done = act();
        self.silent.store(false, Ordering::Relaxed);
        done
    }

    /// Who has lost which name.
    pub(super) fn losers(&self) -> BTreeMap<Key, ProcessId> {
        let losers = self.losers.lock().unwrap_or_else(PoisonError::into_inner);
        losers.clone()
    }

    /// Who held the name first.
    fn first_holder(&self, key: &Key, holder: ProcessId) -> ProcessId {
        let mut holders = self
            .first_holders
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *holders.entry(key.clone()).or_insert(holder)
    }
}

impl Host for Tap {
    fn registry(&self) -> &Label {
        self.host.registry()
    }

    fn node(&self) -> NodeId {
        self.host.node()
    }

    fn incarnation(&self) -> Incarnation {
        self.host.incarnation()
    }

    fn admits(&self, process: ProcessId) -> bool {
        self.host.admits(process)
    }

    fn lives(&self, process: ProcessId) -> bool {
        self.host.lives(process)
    }

    fn changed(&self, changes: &[Change]) {
        if self.silent.load(Ordering::Relaxed) {
            return;
        }
        for change in changes {
            if let Change::Registered(entry) = change {
                self.first_holder(&entry.key, entry.process);
            }
        }
        if matches!(self.flaw, Flaw::ZombieRow | Flaw::LostDelete) {
            let passed = self.ghosts.pass(changes);
            if !passed.is_empty() {
                self.host.changed(&passed);
            }
            return;
        }
        let count = self.changes.fetch_add(1, Ordering::Relaxed) + 1;
        if self.flaw == Flaw::WatchGap && count.is_multiple_of(GAP) {
            for change in changes {
                self.host.announce(change.fact(self.registry()));
            }
        } else {
            self.host.changed(changes);
        }
    }

    fn announce(&self, mut event: RegistryEvent) {
        if self.silent.load(Ordering::Relaxed) {
            return;
        }
        if let RegistryEvent::NameRefused { key, holder, .. } = &mut event
            && self.flaw == Flaw::OldHolder
        {
            *holder = self.first_holder(key, *holder);
        }
        if let RegistryEvent::ConflictLost { key, loser, .. } = &event {
            let mut losers = self.losers.lock().unwrap_or_else(PoisonError::into_inner);
            losers.insert(key.clone(), *loser);
        }
        self.host.announce(event);
    }

    fn exit(&self, process: ProcessId, reason: &ExitReason) {
        self.host.exit(process, reason);
    }
}
