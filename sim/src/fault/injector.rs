//! Which episodes hold at present, and what became of each.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use steadfast::event::{Event, ProcessEvent, SupervisionEvent};
use steadfast::runtime::NodeId;

use super::condition::Condition;
use super::episode::{Episode, Start, Target, Trigger};
use super::kind::Fault;
use crate::keyed::Key;
use crate::plan::Plan;
use crate::run_report::EpisodeReport;
use crate::trace::{NetEvent, NodeEvent, RunEvent, TraceEvent};

/// One episode and what became of it so far.
struct Course {
    episode: Episode,
    /// Names the episode in the keys of its decisions: a hash of the kind of fault, of
    /// the target, and of how many like it come before it. So it stays the same when
    /// others are taken away, or when its own start, length or strength is changed.
    key: u64,
    armed: bool,
    /// How often its trigger was seen.
    seen: u32,
    fired: Option<u64>,
    active: bool,
    effective: bool,
    healed: bool,
}

/// A message fault that holds on a link.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinkFault {
    pub(crate) episode: u32,
    pub(crate) key: u64,
    pub(crate) fault: Fault,
}

/// Which episodes hold. Pure: it says what is, others make it so.
pub(crate) struct Injector {
    courses: Vec<Course>,
    /// How many armed episodes wait for a trigger.
    waiting: usize,
    /// Nodes that are healed: faults neither hold on them nor on links between them.
    healed: BTreeSet<NodeId>,
    /// No episode begins or ends any more by itself.
    frozen: bool,
    /// Counts changes of what holds on links.
    generation: u64,
}

impl Injector {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut alike: BTreeMap<u64, u64> = BTreeMap::new();
        let courses = plan.episodes.iter().map(|episode| {
            let said = Key::new(plan.seed, episode.fault.word())
                .with_text(&format!("{:?}", episode.target));
            let before = alike.entry(said.bits()).or_default();
            let key = said.with(*before).bits();
            *before += 1;
            Course {
                episode: episode.clone(),
                key,
                armed: false,
                seen: 0,
                fired: None,
                active: false,
                effective: false,
                healed: false,
            }
        });
        Self {
            courses: courses.collect(),
            waiting: 0,
            healed: BTreeSet::new(),
            frozen: false,
            generation: 1,
        }
    }

    /// Arms all episodes. Answers those that begin at a time, with that time.
    pub(crate) fn arm(&mut self) -> Vec<(u32, Option<Duration>)> {
        let mut starts = Vec::new();
        for (index, course) in (0..).zip(&mut self.courses) {
            course.armed = true;
            starts.push(match &course.episode.start {
                Start::At(at) => (index, Some(*at)),
                Start::On { .. } => {
                    self.waiting += 1;
                    (index, None)
                }
            });
        }
        starts
    }

    /// Whether any event may make an episode begin.
    pub(crate) const fn is_waiting(&self) -> bool {
        self.waiting > 0
    }

    /// The episodes that begin because of this event.
    pub(crate) fn triggered(&mut self, node: Option<NodeId>, event: &TraceEvent) -> Vec<u32> {
        if self.waiting == 0 || self.frozen {
            return Vec::new();
        }
        let mut begun = Vec::new();
        for (index, course) in (0..).zip(&mut self.courses) {
            let Start::On {
                event: trigger,
                count,
            } = &course.episode.start
            else {
                continue;
            };
            if course.armed && course.seen < *count && is_trigger(trigger, node, event) {
                course.seen += 1;
                if course.seen == *count {
                    begun.push(index);
                    self.waiting -= 1;
                }
            }
        }
        begun
    }

    /// An episode begins. `None` if it may not any more.
    pub(crate) fn begin(&mut self, now: u64, index: u32) -> Option<Episode> {
        let frozen = self.frozen;
        let course = self.courses.get_mut(index as usize)?;
        if frozen || course.fired.is_some() {
            return None;
        }
        course.fired = Some(now);
        course.active = true;
        self.generation += 1;
        Some(course.episode.clone())
    }

    /// An episode ends by itself. `None` if it does not hold, or may not end any more.
    pub(crate) fn end(&mut self, now: u64, index: u32) -> Option<(Episode, Duration)> {
        if self.frozen {
            return None;
        }
        self.finish(now, index)
    }

    /// From here on episodes neither begin nor end by themselves, and the nodes of
    /// the core are healed. Answers the episodes that held on the core alone: they
    /// are over.
    pub(crate) fn heal_core(&mut self, now: u64, core: &[NodeId]) -> Vec<(u32, Duration)> {
        self.frozen = true;
        self.healed = core.iter().copied().collect();
        self.generation += 1;
        let within = |course: &Course| {
            let nodes = course.episode.target.nodes();
            !nodes.is_empty() && nodes.iter().all(|node| core.contains(node))
        };
        let over: Vec<u32> = (0..)
            .zip(&self.courses)
            .filter(|(_, course)| course.active && within(course))
            .filter(|(_, course)| !reaches_outside(&course.episode))
            .map(|(index, _)| index)
            .collect();
        self.finish_all(now, over)
    }

    /// Heals what is left, except crashes: what is down stays down.
    pub(crate) fn heal_rest(&mut self, now: u64) -> Vec<(u32, Duration)> {
        self.frozen = true;
        let left = (0..)
            .zip(&self.courses)
            .filter(|(_, course)| course.active)
            .filter(|(_, course)| !matches!(course.episode.fault, Fault::Crash { .. }))
            .map(|(index, _)| index)
            .collect();
        self.finish_all(now, left)
    }

    /// The nodes that are healed, ascending; empty before the healing.
    pub(crate) fn core(&self) -> Vec<NodeId> {
        self.healed.iter().copied().collect()
    }

    /// Notes that an episode changed something; answers whether it is the first time.
    pub(crate) fn mark_effective(&mut self, index: u32) -> bool {
        match self.courses.get_mut(index as usize) {
            Some(course) => !std::mem::replace(&mut course.effective, true),
            None => false,
        }
    }

    /// What is wrong with a node at present.
    pub(crate) fn condition(&self, node: NodeId) -> Condition {
        let mut condition = Condition::default();
        if self.healed.contains(&node) {
            return condition;
        }
        for (index, course) in (0..).zip(&self.courses) {
            if course.active && course.episode.target.covers_node(node) {
                condition.add(index, course.key, &course.episode.fault);
            }
        }
        condition
    }

    /// The message faults that hold on a link at present.
    pub(crate) fn on_link(&self, from: NodeId, to: NodeId) -> Vec<LinkFault> {
        if self.healed.contains(&from) && self.healed.contains(&to) {
            return Vec::new();
        }
        let active = (0..).zip(&self.courses).filter(|(_, course)| {
            course.active
                && course.episode.fault.is_on_links()
                && course.episode.target.covers_link(from, to)
        });
        active
            .map(|(episode, course)| LinkFault {
                episode,
                key: course.key,
                fault: course.episode.fault,
            })
            .collect()
    }

    /// Changes whenever [`on_link`](Self::on_link) may answer something else.
    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn reports(&self) -> Vec<EpisodeReport> {
        let reports = self.courses.iter().map(|course| EpisodeReport {
            fault: course.episode.fault.word().to_owned(),
            armed: course.armed,
            fired: course.fired.is_some(),
            effective: course.effective,
            healed: course.healed,
        });
        reports.collect()
    }

    fn finish(&mut self, now: u64, index: u32) -> Option<(Episode, Duration)> {
        let course = self.courses.get_mut(index as usize)?;
        let fired = course.fired.filter(|_| course.active)?;
        course.active = false;
        course.healed = true;
        self.generation += 1;
        let after = Duration::from_nanos(now.saturating_sub(fired));
        Some((course.episode.clone(), after))
    }

    fn finish_all(&mut self, now: u64, indexes: Vec<u32>) -> Vec<(u32, Duration)> {
        let finished = indexes.into_iter().filter_map(|index| {
            let (_, after) = self.finish(now, index)?;
            Some((index, after))
        });
        finished.collect()
    }
}

/// Whether the episode also holds on nodes or links that its target does not name.
fn reaches_outside(episode: &Episode) -> bool {
    match episode.target {
        Target::All => true,
        // Isolation holds on the links to every other node.
        Target::Node(_) => episode.fault.is_on_links(),
        Target::Link { .. } | Target::Between { .. } | Target::OneWay { .. } => false,
    }
}

fn is_trigger(trigger: &Trigger, node: Option<NodeId>, event: &TraceEvent) -> bool {
    match (trigger, event) {
        (
            Trigger::Restart,
            TraceEvent::Core(Event::Supervision(SupervisionEvent::RestartScheduled { .. })),
        )
        | (
            Trigger::SupervisorStopping,
            TraceEvent::Core(Event::Supervision(SupervisionEvent::SupervisorStopping { .. })),
        ) => true,
        (
            Trigger::ChildStarted(named),
            TraceEvent::Core(Event::Supervision(SupervisionEvent::ChildStarted { child, .. })),
        ) => named == child,
        (
            Trigger::AbnormalExit,
            TraceEvent::Core(Event::Process(ProcessEvent::Exited { reason, .. })),
        ) => reason.is_abnormal(),
        (Trigger::NodeStarted(named), TraceEvent::Node(NodeEvent::Started { .. })) => {
            node == Some(*named)
        }
        (Trigger::MessageSent { from, to }, TraceEvent::Net(NetEvent::Sent { message, .. })) => {
            (message.from, message.to) == (*from, *to)
        }
        (Trigger::Note(prefix), TraceEvent::Run(RunEvent::Note { text })) => {
            text.starts_with(prefix.as_str())
        }
        (
            Trigger::Restart
            | Trigger::ChildStarted(_)
            | Trigger::SupervisorStopping
            | Trigger::AbnormalExit
            | Trigger::NodeStarted(_)
            | Trigger::MessageSent { .. }
            | Trigger::Note(_),
            _,
        ) => false,
    }
}
