//! Takes what is due from the agenda and does it.
//!
//! Messages and timers are done as soon as madsim's timer rings, inside its callback:
//! no task has to be scheduled for them. All else, and all that asks something of
//! madsim, is done by the pump, a task of the world.

use std::sync::Arc;
use std::task::{Wake, Waker};

use super::agenda::Due;
use super::faults::Act;
use super::shared::Shared;
use super::state::State;

impl State {
    /// Does everything that is due. Wakers and acts are for the caller, without the
    /// world's lock.
    pub(crate) fn run_due(&mut self, now: u64, wakers: &mut Vec<Waker>, acts: &mut Vec<Act>) {
        while let Some(entry) = self.agenda.pop_due(now) {
            match entry.what {
                Due::Timer(slot) => self.fire(now, slot, wakers),
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
        while let Some(Due::Timer(_) | Due::Message(_)) = self.agenda.peek_due(now) {
            // Taking an entry may skip withdrawn timers, up to one for the pump.
            let Some(entry) = self.agenda.pop_due(now) else {
                break;
            };
            match entry.what {
                Due::Timer(slot) => self.fire(now, slot, wakers),
                Due::Message(slot) => self.deliver(now, slot, entry.sequence),
                Due::EpisodeStart(_) | Due::EpisodeEnd(_) | Due::Attention => {
                    self.agenda.put_back(entry);
                    break;
                }
            }
        }
        if self.agenda.peek_due(now).is_some() || !self.agenda.is_armed() {
            self.agenda.wake_pump();
        }
    }

    fn fire(&mut self, now: u64, slot: u32, wakers: &mut Vec<Waker>) {
        if let Some((node, waker)) = self.agenda.fire(slot) {
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
        let mut wakers = {
            let mut state = world.lock();
            let mut wakers = std::mem::take(&mut state.fired);
            // madsim calls its timers before it moves the time that can be read on.
            let now = state.agenda.rung();
            state.ring(now, &mut wakers);
            wakers
        };
        if !wakers.is_empty() {
            wakers.drain(..).for_each(Waker::wake);
            world.lock().fired = wakers;
        }
    }
}
