//! What is due when: timers, messages and fault episodes, in one order.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use madsim::time::{Sleep, TimeHandle};
use steadfast::runtime::NodeId;

use super::node_clock::NodeClock;
use super::slots::Slots;

#[expect(
    clippy::disallowed_types,
    reason = "madsim takes its deadlines in this type; no clock is read"
)]
type MadsimInstant = std::time::Instant;

/// What to do when it is due.
#[derive(Debug, Clone, Copy)]
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

/// One entry: ordered by time, then by the order in which entries were made, the
/// first one greatest, as the heap wants it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) due: u64,
    pub(crate) sequence: u64,
    pub(crate) what: Due,
}

impl Entry {
    /// One number to compare by.
    const fn key(&self) -> u128 {
        (self.due as u128) << 64 | self.sequence as u128
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }

    // The heap asks by this alone.
    fn le(&self, other: &Self) -> bool {
        self.key() >= other.key()
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
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

impl Timer {
    /// Whether the entry is the one that the timer waits for now.
    const fn is_of(&self, entry: &Entry) -> bool {
        self.due == entry.due && self.sequence == entry.sequence
    }
}

/// A timer's slot, and which of the timers in that slot it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimerId {
    slot: u32,
    sequence: u64,
}

/// All that is due later, and the alarms that were asked of madsim for it.
///
/// An alarm of madsim cannot be taken back and costs memory until it rings. So what is
/// due soon gets one of its own, and what is due late gets one only when nothing is due
/// before it.
pub(crate) struct Agenda {
    heap: BinaryHeap<Entry>,
    sequence: u64,
    timers: Slots<Timer>,
    withdrawn: usize,
    /// Asks madsim for alarms; never awaited.
    sleep: Pin<Box<Sleep>>,
    /// madsim's reading of simulated time zero.
    zero: MadsimInstant,
    alarm: Waker,
    pump: Waker,
    /// When the alarms that were asked for ring.
    alarms: BinaryHeap<Reverse<u64>>,
    /// When the two alarms ring that were asked for last: timers are often set for the
    /// same instant, with a message sent between one and the next.
    last_alarms: [u64; 2],
}

impl Agenda {
    /// Entries of withdrawn timers that are put up with before the heap is rebuilt.
    const WITHDRAWN_MIN: usize = 256;

    /// What is due within this time is due soon, in nanoseconds. It covers messages and
    /// the periods of busy nodes: whenever nothing has an alarm, the pump must be
    /// scheduled to ask for one. An alarm for a timer that is then withdrawn rings for
    /// nothing; most timers that are withdrawn are limits on waits, and longer.
    const SOON: u64 = 32_000_000;

    /// Timers fire at multiples of this, never early, in nanoseconds. Timers that are
    /// set for almost the same instant so fire together, and the scheduler decides
    /// which task goes first.
    const TICK: u64 = 1_000;

    pub(crate) fn new(time: &TimeHandle) -> Self {
        Self {
            heap: BinaryHeap::new(),
            sequence: 0,
            timers: Slots::new(),
            withdrawn: 0,
            sleep: Box::pin(time.sleep(Duration::ZERO)),
            zero: time.now_instant() - time.elapsed(),
            alarm: Waker::noop().clone(),
            pump: Waker::noop().clone(),
            alarms: BinaryHeap::new(),
            last_alarms: [0; 2],
        }
    }

    /// Says what madsim's timers call.
    pub(crate) fn set_alarm(&mut self, alarm: Waker) {
        self.alarm = alarm;
    }

    /// Says whom to wake when something is due that an alarm may not do.
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

    /// Takes the next entry that is due, if there is one. It may be of a withdrawn
    /// timer.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<Entry> {
        if self.heap.peek()?.due > now {
            return None;
        }
        self.heap.pop()
    }

    /// What comes first and is due, without taking it. It may be a withdrawn timer.
    pub(crate) fn peek_due(&self, now: u64) -> Option<Due> {
        let entry = self.heap.peek()?;
        (entry.due <= now).then_some(entry.what)
    }

    /// An alarm rings; answers when it was to ring. madsim's alarms ring in order and
    /// once each.
    pub(crate) fn rung(&mut self) -> u64 {
        self.alarms.pop().map_or(0, |Reverse(alarm)| alarm)
    }

    /// Whether what is due next has an alarm; if not, [`rearm`](Self::rearm) must be
    /// called.
    pub(crate) fn is_armed(&self) -> bool {
        match (self.heap.peek(), self.alarms.peek()) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(entry), Some(Reverse(alarm))) => *alarm <= entry.due,
        }
    }

    /// Asks for an alarm for what is due next, unless there is one.
    pub(crate) fn rearm(&mut self, now: u64) {
        if !self.is_armed()
            && let Some(entry) = self.heap.peek()
        {
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
        let due = next_tick(clock.due(deadline, goal));
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

    /// The timer in this slot is over: whom to wake, and whose it was. `None` if the
    /// entry is of a withdrawn timer.
    pub(crate) fn fire(&mut self, slot: u32, entry: &Entry) -> Option<(Option<NodeId>, Waker)> {
        let is_live = |timer: &mut Timer| timer.is_of(entry);
        let Some(timer) = self.timers.remove_if(slot, is_live) else {
            self.withdrawn = self.withdrawn.saturating_sub(1);
            return None;
        };
        Some((timer.node, timer.waker))
    }

    /// Forgets all that is due and rings no more. Answers the wakers of all timers, to
    /// be dropped without a lock.
    pub(crate) fn end(&mut self) -> Vec<Waker> {
        self.alarm = Waker::noop().clone();
        let slots: Vec<u32> = self.timers.iter().map(|(slot, _)| slot).collect();
        let wakers = slots.into_iter().filter_map(|slot| self.withdraw(slot));
        let wakers = wakers.collect();
        self.heap.clear();
        wakers
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
            let due = next_tick(clock.due(timer.deadline, timer.goal));
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
            entries.retain(|entry| self.is_live(entry));
            self.heap = entries.into();
            self.withdrawn = 0;
        }
        Some(timer.waker)
    }

    fn is_live(&self, entry: &Entry) -> bool {
        match entry.what {
            Due::Timer(slot) => {
                let timer = self.timers.get(slot);
                timer.is_some_and(|timer| timer.is_of(entry))
            }
            Due::Message(_) | Due::EpisodeStart(_) | Due::EpisodeEnd(_) | Due::Attention => true,
        }
    }

    fn insert(&mut self, now: u64, entry: Entry) {
        if entry.due == u64::MAX {
            return;
        }
        self.heap.push(entry);
        self.arm(now, entry.due);
    }

    fn arm(&mut self, now: u64, due: u64) {
        if due <= now {
            self.pump.wake_by_ref();
            return;
        }
        let is_soon = due - now < Self::SOON;
        // An alarm for a time that is still to come has not rung.
        let [last, before] = self.last_alarms;
        if due == last || due == before {
            self.last_alarms = [due, if due == last { before } else { last }];
            return;
        }
        let next = self.alarms.peek().map(|Reverse(alarm)| *alarm);
        if next.is_some_and(|alarm| alarm == due || alarm < due && !is_soon) {
            return;
        }
        // `reset` takes any deadline; the constructor of `Sleep` would wait at least a
        // millisecond. Polling it registers a timer that calls the waker.
        let deadline = self.zero + Duration::from_nanos(due);
        self.sleep.as_mut().reset(deadline);
        let context = &mut Context::from_waker(&self.alarm);
        if self.sleep.as_mut().poll(context).is_ready() {
            self.pump.wake_by_ref();
        } else {
            self.alarms.push(Reverse(due));
            self.last_alarms = [due, last];
        }
    }
}

/// The first tick at or after a time.
fn next_tick(due: u64) -> u64 {
    due.checked_next_multiple_of(Agenda::TICK)
        .unwrap_or(u64::MAX)
}
