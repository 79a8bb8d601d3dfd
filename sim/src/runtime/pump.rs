//! Takes what is due from the agenda and does it.

use std::task::Waker;

use super::agenda::Due;
use super::faults::Act;
use super::state::State;

impl State {
    /// Does everything that is due. Wakers and acts are for the caller, without the
    /// world's lock.
    pub(crate) fn run_due(&mut self, now: u64, wakers: &mut Vec<Waker>, acts: &mut Vec<Act>) {
        while let Some(entry) = self.agenda.pop_due(now) {
            match entry.what {
                Due::Timer(slot) => {
                    if let Some((node, waker)) = self.agenda.fire(slot) {
                        wakers.push(waker);
                        if let Some(node) = node {
                            self.note_wanted(now, node);
                        }
                    }
                }
                Due::Message(slot) => self.deliver(now, slot, entry.sequence),
                Due::EpisodeStart(episode) => self.begin_episode(now, episode, acts),
                Due::EpisodeEnd(episode) => self.end_episode(now, episode, acts),
                Due::Attention => self.attention = true,
            }
        }
        self.agenda.rearm(now);
    }
}
