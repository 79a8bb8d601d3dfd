//! Takes what is due from the agenda and does it.
//!
//! Messages and timers are done as soon as madsim's timer rings, inside its callback:
//! no task has to be scheduled for them. All else, and all that asks something of
//! madsim, is done by the pump, a task of the world.

use std::sync::Arc;
use std::task::{Wake, Waker};

use super::agenda::{Due, Entry};
use super::faults::Act;
use super::shared::Shared;
use super::state::State;

impl State {
    /// Does everything that is due. Wakers and acts are for the caller, without the
    /// world's lock.
    pub(crate) fn run_due(&mut self, now: u64, wakers: &mut Vec<Waker>, acts: &mut Vec<Act>) {
        while let Some(entry) = self.agenda.pop_due(now) {
            match entry.what {
                Due::Timer(slot) => self.fire(now, slot, &entry, wakers),
                Due::Message(slot) => self.deliver(now, slot, entry.sequence),
                Due::EpisodeStart(episode) => self.begin_episode(now, episode, acts),
                Due::EpisodeEnd(episode) => self.end_episode(now, episode, acts),
                Due::Attention => self.attention = true,
            }
        }
        self.agenda.rearm(now);
    }

    /// Does what is due and asks nothing of madsim; leaves the rest to the pump.
    /// madsim's timers are locked here, so no alarm can be asked for.
    fn ring(&mut self, now: u64, wakers: &mut Vec<Waker>) {
        while let Some(what @ (Due::Timer(_) | Due::Message(_))) = self.agenda.peek_due(now)
            && let Some(entry) = self.agenda.pop_due(now)
        {
            match what {
                Due::Timer(slot) => self.fire(now, slot, &entry, wakers),
                Due::Message(slot) => self.deliver(now, slot, entry.sequence),
                Due::EpisodeStart(_) | Due::EpisodeEnd(_) | Due::Attention => {}
            }
        }
        if self.agenda.peek_due(now).is_some() || !self.agenda.is_armed() {
            self.agenda.wake_pump();
        }
    }

    fn fire(&mut self, now: u64, slot: u32, entry: &Entry, wakers: &mut Vec<Waker>) {
        if let Some((node, waker)) = self.agenda.fire(slot, entry) {
            wakers.push(waker);
            if let Some(node) = node {
                self.note_wanted(now, node);
            }
        }
    }
}

/// What madsim's timers call.
pub(crate) struct Alarm(Arc<Shared>);

impl Alarm {
    /// A waker that holds the world; to be taken from it in the end.
    pub(crate) fn waker(world: &Arc<Shared>) -> Waker {
        Arc::new(Self(world.clone())).into()
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        let world = &self.0;
        let (one, mut several) = {
            let mut state = world.lock();
            let mut wakers = std::mem::take(&mut state.fired);
            // madsim calls its timers before it moves the time that can be read on.
            let now = state.agenda.rung();
            state.ring(now, &mut wakers);
            if wakers.len() > 1 {
                (None, wakers)
            } else {
                // As a rule; the room stays where it is.
                let one = wakers.pop();
                state.fired = wakers;
                (one, Vec::new())
            }
        };
        if let Some(waker) = one {
            waker.wake();
        }
        if !several.is_empty() {
            several.drain(..).for_each(Waker::wake);
            world.lock().fired = several;
        }
    }
}
