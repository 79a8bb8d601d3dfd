//! What is queued for one subscriber, and what happens when it is full.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::filter::Filter;
use super::notice::{Notice, Snapshot};
use crate::registry::change::Change;
use crate::registry::entry::Entry;

/// Names a filter of one subscription: a bit of [`Concerned`].
pub(super) type Slot = u32;

/// The filters that a change concerns, a bit each.
type Concerned = u64;

/// How many filters a subscription may have.
pub(super) const FILTERS_MAX: usize = Concerned::BITS as usize;

enum Item {
    Found {
        slot: Slot,
        missed: Option<u64>,
        snapshot: Snapshot,
    },
    Changes(Vec<(Concerned, Change)>),
}

struct Slotted {
    filter: Filter,
    /// False between an overflow and the snapshot that makes up for it.
    live: bool,
}

struct State {
    filters: BTreeMap<Slot, Slotted>,
    items: VecDeque<Item>,
    /// Changes in `items`.
    queued: usize,
    /// Batches thrown away since the last snapshot that made up for some.
    missed: u64,
    waker: Option<Waker>,
    closed: bool,
}

/// The queue of one subscription.
pub(super) struct Queue {
    /// In the order in which subscriptions began.
    pub(super) id: u64,
    capacity: usize,
    state: Mutex<State>,
}

/// What there is for a subscriber.
pub(super) enum Taken {
    Notice(Notice),
    /// This filter has to be asked for again.
    Stale(Slot, Filter),
    /// Nothing yet; the waker is kept.
    Nothing,
    /// Nothing, and nothing can come.
    End,
}

impl Queue {
    pub(super) fn new(id: u64, capacity: usize) -> Self {
        Self {
            id,
            capacity,
            state: Mutex::new(State {
                filters: BTreeMap::new(),
                items: VecDeque::new(),
                queued: 0,
                missed: 0,
                waker: None,
                closed: false,
            }),
        }
    }

    /// The slot of a filter: its own if it is there already, or a free one.
    pub(super) fn slot_for(&self, filter: &Filter) -> SlotFor {
        let state = self.lock();
        let mut known = state.filters.iter();
        if known.any(|(_, slotted)| slotted.filter == *filter) {
            return SlotFor::Known;
        }
        let free = (0..Concerned::BITS).find(|slot| !state.filters.contains_key(slot));
        free.map_or(SlotFor::None, SlotFor::Free)
    }

    /// Adds a filter, or brings a stale one up to date, with what it finds. Called
    /// while nothing that the filter could concern can change.
    pub(super) fn found(&self, slot: Slot, filter: &Filter, entries: Vec<Entry>) -> Option<u64> {
        let mut state = self.lock();
        let snapshot = Snapshot {
            scope: filter.scope.clone(),
            query: filter.query.clone(),
            entries,
        };
        let stale = state.filters.insert(
            slot,
            Slotted {
                filter: filter.clone(),
                live: true,
            },
        );
        let missed = stale.map(|_| std::mem::take(&mut state.missed));
        state.items.push_back(Item::Found {
            slot,
            missed,
            snapshot,
        });
        missed
    }

    /// Takes a filter away, with everything that is queued for it alone.
    pub(super) fn remove(&self, filter: &Filter) -> bool {
        let mut state = self.lock();
        let state = &mut *state;
        let mut filters = state.filters.iter();
        let Some((&gone, _)) = filters.find(|(_, slotted)| slotted.filter == *filter) else {
            return false;
        };
        state.filters.remove(&gone);
        for item in &mut state.items {
            if let Item::Changes(changes) = item {
                let before = changes.len();
                changes.retain_mut(|(concerned, _)| {
                    *concerned &= !(1 << gone);
                    *concerned != 0
                });
                state.queued -= before - changes.len();
            }
        }
        state.items.retain(|item| match item {
            Item::Found { slot, .. } => *slot != gone,
            Item::Changes(changes) => !changes.is_empty(),
        });
        true
    }

    pub(super) fn filters(&self) -> Vec<Filter> {
        let state = self.lock();
        let slotted = state.filters.values();
        slotted.map(|slotted| slotted.filter.clone()).collect()
    }

    /// Queues what concerns this subscriber. Never waits.
    pub(super) fn push(&self, changes: &[Change]) -> Option<Waker> {
        let mut state = self.lock();
        let mut missed = false;
        let mut batch = Vec::new();
        for change in changes {
            let mut concerned = 0;
            let mut stale = false;
            for (slot, slotted) in &state.filters {
                if slotted.filter.concerns(change) {
                    stale |= !slotted.live;
                    concerned |= Concerned::from(slotted.live) << slot;
                }
            }
            if concerned != 0 {
                batch.push((concerned, change.clone()));
            } else {
                missed |= stale;
            }
        }
        state.missed += u64::from(missed);
        if state.closed || batch.is_empty() {
            return None;
        }
        if state.queued + batch.len() > self.capacity {
            state.overflow();
        } else {
            state.queued += batch.len();
            state.items.push_back(Item::Changes(batch));
        }
        state.waker.take()
    }

    /// What there is next; keeps the waker if there is nothing.
    pub(super) fn take(&self, waker: &Waker) -> Taken {
        let mut state = self.lock();
        match state.items.pop_front() {
            Some(Item::Found {
                missed, snapshot, ..
            }) => {
                return Taken::Notice(match missed {
                    None => Notice::Snapshot(snapshot),
                    Some(missed) => Notice::Resync { snapshot, missed },
                });
            }
            Some(Item::Changes(changes)) => {
                state.queued -= changes.len();
                let changes = changes.into_iter().map(|(_, change)| change);
                return Taken::Notice(Notice::Changes(changes.collect()));
            }
            None => {}
        }
        if state.closed {
            return Taken::End;
        }
        let mut filters = state.filters.iter();
        if let Some((slot, slotted)) = filters.find(|(_, slotted)| !slotted.live) {
            return Taken::Stale(*slot, slotted.filter.clone());
        }
        match &state.waker {
            Some(known) if known.will_wake(waker) => {}
            _ => state.waker = Some(waker.clone()),
        }
        Taken::Nothing
    }

    /// Ends the subscription: what is queued can still be taken.
    pub(super) fn close(&self) -> Option<Waker> {
        let mut state = self.lock();
        state.closed = true;
        state.waker.take()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a filter goes.
pub(super) enum SlotFor {
    /// It is there already.
    Known,
    /// Here.
    Free(Slot),
    /// Nowhere: there are [`FILTERS_MAX`].
    None,
}

impl State {
    fn overflow(&mut self) {
        let batches = self.items.drain(..);
        let batches = batches.filter(|item| matches!(item, Item::Changes(_)));
        self.missed += 1 + batches.count() as u64;
        self.queued = 0;
        for slotted in self.filters.values_mut() {
            slotted.live = false;
        }
    }
}
