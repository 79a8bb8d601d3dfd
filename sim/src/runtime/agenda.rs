//! What is due when: timers, messages and fault episodes, in one order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use madsim::time::{Sleep, TimeHandle};
use steadfast::runtime::NodeId;

use super::node_clock::NodeClock;
use super::slots::Slots;

/// What to do when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// The timer in this slot fires.
    Timer(u32),
    /// The message in this slot arrives.
    Message(u32),
    /// The episode with this index begins.
    EpisodeStart(u32),
    /// The episode with this index ends.
    EpisodeEnd(u32),
    /// The phases of the run have something to look at.
    Attention,
}

/// One entry: ordered by time, then by the order in which entries were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) due: u64,
    pub(crate) sequence: u64,
    pub(crate) what: Due,
}

/// A timer that waits.
#[derive(Debug)]
struct Timer {
    /// `None` for a timer of the world itself.
    node: Option<NodeId>,
    deadline: u64,
    goal: u128,
    due: u64,
    sequence: u64,
    waker: Waker,
}

/// A timer's slot, and which of the timers in that slot it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimerId {
    slot: u32,
    sequence: u64,
}

/// All that is due later, and the wake-ups that were asked of madsim for it.
///
/// madsim cannot take a timer back, so one is asked for only when something becomes
/// due earlier than every wake-up that was asked for already.
pub(crate) struct Agenda {
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
    timers: Slots<Timer>,
    withdrawn: usize,
    time: TimeHandle,
    sleep: Pin<Box<Sleep>>,
    pump: Waker,
    /// Wake-ups that were asked for, the earliest last.
    armed: Vec<u64>,
}

impl Agenda {
    /// Entries of withdrawn timers that are put up with before the heap is rebuilt.
    const WITHDRAWN_MIN: usize = 256;

    pub(crate) fn new(time: TimeHandle) -> Self {
        Self {
            heap: BinaryHeap::new(),
            sequence: 0,
            timers: Slots::new(),
            withdrawn: 0,
            sleep: Box::pin(time.sleep(Duration::ZERO)),
            time,
            pump: Waker::noop().clone(),
            armed: Vec::new(),
        }
    }

    /// Says whom to wake when something is due.
    pub(crate) fn set_pump(&mut self, waker: &Waker) {
        if !self.pump.will_wake(waker) {
            self.pump = waker.clone();
        }
    }

    /// Wakes the pump at once.
    pub(crate) fn wake_pump(&self) {
        self.pump.wake_by_ref();
    }

    /// Adds an entry; answers its sequence number. `u64::MAX` is never.
    pub(crate) fn push(&mut self, now: u64, due: u64, what: Due) -> u64 {
        self.sequence += 1;
        let sequence = self.sequence;
        self.insert(
            now,
            Entry {
                due,
                sequence,
                what,
            },
        );
        sequence
    }

    /// The next entry that is due, if there is one.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<Entry> {
        while let Some(Reverse(entry)) = self.heap.peek() {
            if entry.due > now {
                return None;
            }
            let Reverse(entry) = self.heap.pop()?;
            if self.is_live(&entry) {
                return Some(entry);
            }
            self.withdrawn = self.withdrawn.saturating_sub(1);
        }
        None
    }

    /// To be called after everything due was taken: sees to the next wake-up.
    pub(crate) fn rearm(&mut self, now: u64) {
        while self.armed.last().is_some_and(|armed| *armed <= now) {
            self.armed.pop();
        }
        if let Some(Reverse(entry)) = self.heap.peek() {
            let due = entry.due;
            self.arm(now, due);
        }
    }

    /// Sets a timer on a clock.
    pub(crate) fn set_timer(
        &mut self,
        now: u64,
        node: Option<NodeId>,
        clock: &NodeClock,
        deadline: u64,
        waker: &Waker,
    ) -> TimerId {
        let goal = clock.goal(now, deadline);
        let due = clock.due(deadline, goal);
        self.sequence += 1;
        let sequence = self.sequence;
        let slot = self.timers.insert(Timer {
            node,
            deadline,
            goal,
            due,
            sequence,
            waker: waker.clone(),
        });
        let what = Due::Timer(slot);
        self.insert(
            now,
            Entry {
                due,
                sequence,
                what,
            },
        );
        TimerId { slot, sequence }
    }

    /// Whether the timer still waits; if so, it wakes `waker` from here on.
    pub(crate) fn keep_timer(&mut self, id: TimerId, waker: &Waker) -> bool {
        match self.timers.get_mut(id.slot) {
            Some(timer) if timer.sequence == id.sequence => {
                if !timer.waker.will_wake(waker) {
                    timer.waker.clone_from(waker);
                }
                true
            }
            _ => false,
        }
    }

    /// Takes a timer back. Answers its waker, to be dropped without a lock.
    pub(crate) fn withdraw_timer(&mut self, id: TimerId) -> Option<Waker> {
        let timer = self.timers.get(id.slot)?;
        if timer.sequence != id.sequence {
            return None;
        }
        self.withdraw(id.slot)
    }

    /// The timer of a due entry is over: whom to wake, and whose it was.
    pub(crate) fn fire(&mut self, slot: u32) -> Option<(Option<NodeId>, Waker)> {
        let timer = self.timers.remove(slot)?;
        Some((timer.node, timer.waker))
    }

    /// Takes all timers of a node back.
    pub(crate) fn withdraw_node(&mut self, node: NodeId) -> Vec<Waker> {
        let slots: Vec<u32> = self.slots_of(node).collect();
        slots
            .into_iter()
            .filter_map(|slot| self.withdraw(slot))
            .collect()
    }

    /// The clock of a node runs differently from now on: its timers are due at other
    /// times. Answers how many moved.
    pub(crate) fn reschedule(&mut self, now: u64, node: NodeId, clock: &NodeClock) -> usize {
        let slots: Vec<u32> = self.slots_of(node).collect();
        let mut moved = 0;
        for slot in slots {
            let Some(timer) = self.timers.get_mut(slot) else {
                continue;
            };
            let due = clock.due(timer.deadline, timer.goal);
            if due != timer.due {
                timer.due = due;
                let sequence = timer.sequence;
                let what = Due::Timer(slot);
                self.withdrawn += 1;
                self.insert(
                    now,
                    Entry {
                        due,
                        sequence,
                        what,
                    },
                );
                moved += 1;
            }
        }
        moved
    }

    fn slots_of(&self, node: NodeId) -> impl Iterator<Item = u32> {
        let timers = self.timers.iter();
        timers.filter_map(move |(slot, timer)| (timer.node == Some(node)).then_some(slot))
    }

    fn withdraw(&mut self, slot: u32) -> Option<Waker> {
        let timer = self.timers.remove(slot)?;
        self.withdrawn += 1;
        if self.withdrawn > Self::WITHDRAWN_MIN && self.withdrawn > self.heap.len() / 2 {
            let mut entries = std::mem::take(&mut self.heap).into_vec();
            entries.retain(|Reverse(entry)| self.is_live(entry));
            self.heap = entries.into();
            self.withdrawn = 0;
        }
        Some(timer.waker)
    }

    fn is_live(&self, entry: &Entry) -> bool {
        match entry.what {
            Due::Timer(slot) => self
                .timers
                .get(slot)
                .is_some_and(|timer| (timer.due, timer.sequence) == (entry.due, entry.sequence)),
            Due::Message(_) | Due::EpisodeStart(_) | Due::EpisodeEnd(_) | Due::Attention => true,
        }
    }

    fn insert(&mut self, now: u64, entry: Entry) {
        if entry.due == u64::MAX {
            return;
        }
        self.heap.push(Reverse(entry));
        self.arm(now, entry.due);
    }

    fn arm(&mut self, now: u64, due: u64) {
        if self.armed.last().is_some_and(|armed| *armed <= due) {
            return;
        }
        if due <= now {
            self.pump.wake_by_ref();
            return;
        }
        // `reset` takes any deadline; the constructor of `Sleep` would wait at least
        // a millisecond. Polling it registers a timer that wakes the pump.
        let deadline = self.time.now_instant() + Duration::from_nanos(due - now);
        self.sleep.as_mut().reset(deadline);
        let registered = self
            .sleep
            .as_mut()
            .poll(&mut Context::from_waker(&self.pump));
        if registered.is_ready() {
            self.pump.wake_by_ref();
        } else {
            self.armed.push(due);
        }
    }
}
