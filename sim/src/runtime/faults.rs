//! Makes the world be as the injector says, and notes when a fault shows.

use std::time::Duration;

use steadfast::runtime::NodeId;

use super::agenda::Due;
use super::state::{Remains, State};
use crate::fault::{Episode, Fault};
use crate::trace::{FaultEvent, NodeEvent, RunEvent, TraceEvent};

/// What madsim must be asked for once the world's lock is released, in this order.
pub(crate) enum Act {
    /// The node's incarnation is dead; its tasks must go.
    Kill {
        /// Which.
        node: NodeId,
        /// Dropped after the kill.
        remains: Box<Remains>,
    },
    /// The node's next incarnation must start.
    Start(NodeId),
    /// The node must stand still.
    Pause(NodeId),
    /// The node must go on.
    Resume(NodeId),
}

impl State {
    /// Arms all episodes.
    pub(crate) fn arm_episodes(&mut self, now: u64) {
        for (episode, start) in self.injector.arm() {
            self.record_fault(now, FaultEvent::Armed { episode });
            if let Some(start) = start {
                let due = nanoseconds(start);
                self.agenda.push(now, due, Due::EpisodeStart(episode));
            }
        }
    }

    /// An episode begins.
    pub(crate) fn begin_episode(&mut self, now: u64, index: u32, acts: &mut Vec<Act>) {
        let Some(episode) = self.injector.begin(now, index) else {
            return;
        };
        let fired = FaultEvent::Fired {
            episode: index,
            fault: episode.fault,
            target: episode.target.clone(),
        };
        self.record_fault(now, fired);
        if let Some(duration) = episode.duration {
            let due = now.saturating_add(nanoseconds(duration));
            self.agenda.push(now, due, Due::EpisodeEnd(index));
        }
        if episode.fault.is_on_links() {
            if episode.fault == (Fault::Cut { in_flight: true }) {
                let target = episode.target;
                if self.lose_in_flight(now, |from, to| target.covers_link(from, to)) {
                    self.mark_effective(now, index);
                }
            }
        } else {
            self.crash_targets(now, index, &episode, acts);
            self.update_nodes(now, acts);
        }
    }

    /// An episode ends by itself.
    pub(crate) fn end_episode(&mut self, now: u64, index: u32, acts: &mut Vec<Act>) {
        if let Some((episode, after)) = self.injector.end(now, index) {
            self.over(now, &[(index, after)], acts);
            drop(episode);
        }
    }

    /// Heals the core; see [`Injector::heal_core`](crate::fault::Injector::heal_core).
    pub(crate) fn heal_core(&mut self, now: u64, core: Vec<NodeId>, acts: &mut Vec<Act>) {
        let healed = self.injector.heal_core(now, &core);
        self.record(now, None, TraceEvent::Run(RunEvent::CoreHealed { core }));
        self.over(now, &healed, acts);
    }

    /// Heals what is left, except what is down.
    pub(crate) fn heal_rest(&mut self, now: u64, acts: &mut Vec<Act>) {
        let healed = self.injector.heal_rest(now);
        self.over(now, &healed, acts);
    }

    /// Whether the node must stand still as soon as it starts.
    pub(crate) fn pauses_at_start(&mut self, now: u64, node: NodeId) -> bool {
        let paused = !self.node(node).condition.pause.is_empty();
        if paused {
            self.record(now, Some(node), TraceEvent::Node(NodeEvent::Paused));
        }
        paused
    }

    /// Has the clock of a node run as its condition says.
    pub(crate) fn apply_clock_condition(&mut self, now: u64, node: NodeId) {
        let state = &mut self.nodes[node.0 as usize - 1];
        state.clock.set_offset(state.condition.offset_ms);
        let (rate, slow) = (state.condition.rate, state.condition.slow_factor);
        let changed = state.clock.set_rates(now, rate, slow);
        if let Some(life) = &state.life {
            life.set_plain(state.clock.ahead());
        }
        if changed && self.agenda.reschedule(now, node, &state.clock) > 0 {
            self.note_timer_set(now, node);
        }
    }

    /// A timer was set on a node, or moved.
    pub(crate) fn note_timer_set(&mut self, now: u64, node: NodeId) {
        let condition = &self.node(node).condition;
        if condition.slow.is_empty() && condition.drift.is_empty() {
            return;
        }
        let episodes = [&condition.slow[..], &condition.drift[..]].concat();
        self.mark_all(now, &episodes);
    }

    /// The monotonic clock of a node was read.
    pub(crate) fn note_clock_read(&mut self, now: u64, node: NodeId) {
        if !self.node(node).condition.drift.is_empty() {
            let drift = self.node(node).condition.drift.clone();
            self.mark_all(now, &drift);
        }
    }

    /// The wall clock of a node was read.
    pub(crate) fn note_wall_read(&mut self, now: u64, node: NodeId) {
        self.note_clock_read(now, node);
        if !self.node(node).condition.offset.is_empty() {
            let offset = self.node(node).condition.offset.clone();
            self.mark_all(now, &offset);
        }
    }

    /// A task of the node was given a reason to run.
    pub(crate) fn note_wanted(&mut self, now: u64, node: NodeId) {
        if !self.node(node).condition.pause.is_empty() {
            let pause = self.node(node).condition.pause.clone();
            self.mark_all(now, &pause);
        }
    }

    fn mark_all(&mut self, now: u64, episodes: &[u32]) {
        for episode in episodes {
            self.mark_effective(now, *episode);
        }
    }

    fn crash_targets(&mut self, now: u64, index: u32, episode: &Episode, acts: &mut Vec<Act>) {
        let Fault::Crash { wipe_disk } = episode.fault else {
            return;
        };
        for node in self.ids().filter(|node| episode.target.covers_node(*node)) {
            let wiped = match self.crash(now, node, wipe_disk) {
                Some(remains) => {
                    let remains = Box::new(remains);
                    acts.push(Act::Kill { node, remains });
                    true
                }
                None => wipe_disk && self.node_mut(node).disk.wipe(),
            };
            if wiped {
                self.mark_effective(now, index);
            }
        }
    }

    /// Episodes are over: what they alone caused ends.
    fn over(&mut self, now: u64, episodes: &[(u32, Duration)], acts: &mut Vec<Act>) {
        for &(episode, after) in episodes {
            self.record_fault(now, FaultEvent::Healed { episode, after });
        }
        self.release_held(now);
        self.update_nodes(now, acts);
    }

    /// Brings every node from the condition it is in to the one that holds now.
    fn update_nodes(&mut self, now: u64, acts: &mut Vec<Act>) {
        for node in self.ids() {
            let next = self.injector.condition(node);
            if self.node(node).condition == next {
                continue;
            }
            let last = std::mem::replace(&mut self.node_mut(node).condition, next);
            let next = &self.node(node).condition;
            let starts = !last.crash.is_empty() && next.crash.is_empty();
            let (was_paused, is_paused) = (!last.pause.is_empty(), !next.pause.is_empty());
            if self.node(node).life.is_some() {
                self.apply_clock_condition(now, node);
                match (was_paused, is_paused) {
                    (false, true) => {
                        acts.push(Act::Pause(node));
                        self.record(now, Some(node), TraceEvent::Node(NodeEvent::Paused));
                    }
                    (true, false) => {
                        acts.push(Act::Resume(node));
                        self.record(now, Some(node), TraceEvent::Node(NodeEvent::Resumed));
                    }
                    (false, false) | (true, true) => {}
                }
            } else if starts {
                acts.push(Act::Start(node));
            }
        }
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (1..=self.nodes.len() as u32).map(NodeId)
    }

    fn record_fault(&mut self, now: u64, event: FaultEvent) {
        self.record(now, None, TraceEvent::Fault(event));
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
