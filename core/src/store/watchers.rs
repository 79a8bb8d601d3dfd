//! Who watches a machine, and how far each has come.

use std::collections::BTreeMap;
use std::task::{Poll, Waker};

use super::entry::Revision;
use super::error::WatchError;
use super::machine::Machine;
use super::range::KeyRange;
use super::watch::Changes;

struct Watcher {
    range: KeyRange,
    /// The first revision of which it has not been told.
    next: Revision,
    waker: Option<Waker>,
}

/// The watches of one machine. Nothing is queued for a watcher: what it has not taken
/// is read from the history of the machine, which is bounded.
#[derive(Default)]
pub(super) struct Watchers {
    watchers: BTreeMap<u64, Watcher>,
    begun: u64,
}

/// What a watcher finds.
pub(super) enum Found {
    /// The next changes.
    Changes(Changes),
    /// Nothing yet; it will be woken.
    Nothing,
    /// It cannot go on.
    Lost(WatchError),
}

impl Found {
    /// What a watch answers to its holder.
    pub(super) fn polled(self) -> Poll<Result<Changes, WatchError>> {
        match self {
            Self::Changes(changes) => Poll::Ready(Ok(changes)),
            Self::Nothing => Poll::Pending,
            Self::Lost(error) => Poll::Ready(Err(error)),
        }
    }
}

impl Watchers {
    /// Begins a watch, at the first revision after now if none is given.
    pub(super) fn begin(
        &mut self,
        machine: &Machine,
        range: KeyRange,
        revision: Option<Revision>,
        limit: usize,
    ) -> Result<u64, WatchError> {
        if self.watchers.len() >= limit {
            return Err(WatchError::TooMany { limit });
        }
        let next = revision.unwrap_or_else(|| machine.revision().next());
        if let Some(lost) = lost(machine, next) {
            return Err(lost);
        }
        self.begun += 1;
        let waker = None;
        self.watchers
            .insert(self.begun, Watcher { range, next, waker });
        Ok(self.begun)
    }

    pub(super) fn end(&mut self, watcher: u64) {
        self.watchers.remove(&watcher);
    }

    pub(super) fn position(&self, watcher: u64) -> Option<Revision> {
        self.watchers.get(&watcher).map(|watcher| watcher.next)
    }

    /// The next changes for a watcher; remembers whom to wake if there are none.
    pub(super) fn take(&mut self, machine: &Machine, watcher: u64, waker: &Waker) -> Found {
        let Some(watcher) = self.watchers.get_mut(&watcher) else {
            return Found::Nothing;
        };
        if let Some(lost) = lost(machine, watcher.next) {
            return Found::Lost(lost);
        }
        if let Some(changes) = machine.next_changes(&watcher.range, watcher.next) {
            watcher.next = changes.revision.next();
            return Found::Changes(changes);
        }
        // Nothing up to now concerns it, so that a compaction of it does not either.
        watcher.next = watcher.next.max(machine.revision().next());
        match &watcher.waker {
            Some(known) if known.will_wake(waker) => {}
            _ => watcher.waker = Some(waker.clone()),
        }
        Found::Nothing
    }

    /// The machine has gone on from `before`. Answers whom to wake: those for whom
    /// there is something, in the order in which they began.
    pub(super) fn advance(&mut self, machine: &Machine, before: Revision) -> Vec<Waker> {
        let mut woken = Vec::new();
        for watcher in self.watchers.values_mut() {
            // One that has lost its place must not be carried past what it missed.
            let mut revision = before.next().max(machine.compacted());
            while revision <= machine.revision() {
                if watcher.next == revision {
                    if machine.touches(&watcher.range, revision) {
                        break;
                    }
                    watcher.next = revision.next();
                }
                revision = revision.next();
            }
            if watcher.next <= machine.revision() {
                woken.extend(watcher.waker.take());
            }
        }
        woken
    }

    /// The machine has become another one, or nobody may read it for now. Answers
    /// everyone.
    pub(super) fn wake_all(&mut self) -> Vec<Waker> {
        let watchers = self.watchers.values_mut();
        watchers
            .filter_map(|watcher| watcher.waker.take())
            .collect()
    }
}

fn lost(machine: &Machine, next: Revision) -> Option<WatchError> {
    let compacted = machine.compacted();
    (next < compacted).then_some(WatchError::Compacted {
        requested: next,
        compacted,
    })
}
