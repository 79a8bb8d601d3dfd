//! Everything of a simulated world that changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Waker;

use madsim::task::NodeId as MadsimId;
use madsim::time::TimeHandle;
use steadfast::process::Node;
use steadfast::runtime::{InboxSender, Incarnation, NodeId, Port};

use super::agenda::{Agenda, Due};
use super::disk::Disk;
use super::journal::Journal;
use super::life::{Life, SimRuntime};
use super::links::Links;
use super::node_clock::NodeClock;
use super::task::{LiveTask, Places, describe};
use crate::fault::{Condition, Injector};
use crate::keyed::Key;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::trace::{Capture, DiskEvent, FaultEvent, NetEvent, NodeEvent, TaskEvent, TraceEvent};

/// One node. What is bound to an incarnation is empty while the node is down.
pub(crate) struct NodeState {
    pub(crate) life: Option<Arc<Life>>,
    /// The processes of the incarnation.
    pub(crate) processes: Option<Node<SimRuntime>>,
    /// The last incarnation that was started; 0 before the first.
    pub(crate) incarnation: u32,
    pub(crate) clock: NodeClock,
    pub(crate) ports: BTreeMap<Port, InboxSender>,
    pub(crate) tasks: BTreeMap<u64, LiveTask>,
    pub(crate) tasks_started: u64,
    pub(crate) booting: bool,
    pub(crate) disk: Disk,
    pub(crate) condition: Condition,
    madsim: MadsimId,
}

/// What is left of a dead incarnation, to be dropped without the world's lock:
/// destructors of code under test may run.
#[expect(dead_code, reason = "held only to be dropped")]
pub(crate) struct Remains {
    pub(crate) processes: Option<Node<SimRuntime>>,
    pub(crate) ports: BTreeMap<Port, InboxSender>,
    pub(crate) wakers: Vec<Waker>,
}

/// The state of one world.
pub(crate) struct State {
    pub(crate) journal: Journal,
    pub(crate) agenda: Agenda,
    pub(crate) nodes: Vec<NodeState>,
    pub(crate) links: Links,
    pub(crate) injector: Injector,
    /// The world's own clock: simulated time.
    pub(crate) clock: NodeClock,
    pub(crate) places: Places,
    /// How many tasks were started, on all nodes.
    pub(crate) tasks: u64,
    /// The phases of the run have something to look at.
    pub(crate) attention: bool,
    /// What the workload of the present phase answered.
    pub(crate) workload: Option<Result<(), String>>,
    /// Room for the wakers of timers that fire.
    pub(crate) fired: Vec<Waker>,
    /// Nodes are being stopped, so that a boot under way may fail.
    pub(crate) is_stopping: bool,
    /// How many nodes have stopped in the last phase.
    pub(crate) stopped: u32,
    /// When the run was concluded.
    pub(crate) concluded: Option<u64>,
    /// The tasks that were alive when it was.
    pub(crate) last_tasks: Vec<String>,
    pub(crate) seed: u64,
}

impl State {
    pub(crate) fn new(plan: &Plan, journal: Journal, time: &TimeHandle, ids: &[MadsimId]) -> Self {
        let node = |madsim: &MadsimId| NodeState {
            life: None,
            processes: None,
            incarnation: 0,
            clock: NodeClock::new(0, 0),
            ports: BTreeMap::new(),
            tasks: BTreeMap::new(),
            tasks_started: 0,
            booting: false,
            disk: Disk::new(),
            condition: Condition::default(),
            madsim: *madsim,
        };
        Self {
            journal,
            agenda: Agenda::new(time),
            nodes: ids.iter().map(node).collect(),
            links: Links::new(plan),
            injector: Injector::new(plan),
            clock: NodeClock::new(0, 0),
            places: Places::default(),
            tasks: 0,
            attention: true,
            workload: None,
            fired: Vec::new(),
            is_stopping: false,
            stopped: 0,
            concluded: None,
            last_tasks: Vec::new(),
            seed: plan.seed,
        }
    }

    /// The node; its number must be of this world.
    pub(crate) fn node(&self, node: NodeId) -> &NodeState {
        &self.nodes[node.0 as usize - 1]
    }

    pub(crate) fn node_mut(&mut self, node: NodeId) -> &mut NodeState {
        &mut self.nodes[node.0 as usize - 1]
    }

    /// The node, if this world has it.
    pub(crate) fn find(&self, node: NodeId) -> Option<&NodeState> {
        self.nodes.get((node.0 as usize).checked_sub(1)?)
    }

    pub(crate) fn find_madsim(&self, madsim: MadsimId) -> Option<NodeId> {
        let index = self.nodes.iter().position(|node| node.madsim == madsim)?;
        Some(NodeId(index as u32 + 1))
    }

    pub(crate) fn madsim(&self, node: NodeId) -> MadsimId {
        self.node(node).madsim
    }

    /// Records one event and lets the faults that wait for it begin.
    pub(crate) fn record(&mut self, now: u64, node: Option<NodeId>, event: TraceEvent) {
        if self.journal.is_closed() {
            return;
        }
        let begun = self.injector.triggered(node, &event);
        if self.journal.record(now, node, event) {
            self.see_ending();
        }
        for episode in begun {
            self.agenda.push(now, now, Due::EpisodeStart(episode));
        }
    }

    /// Records one event about a message; otherwise as [`record`](Self::record).
    #[inline]
    pub(crate) fn record_message(&mut self, now: u64, node: NodeId, event: NetEvent) {
        if self.injector.is_waiting() {
            self.record(now, Some(node), TraceEvent::Net(event));
        } else if self.journal.record_message(now, node, event) {
            self.see_ending();
        }
    }

    /// A record has ended the run.
    #[cold]
    fn see_ending(&mut self) {
        if self.journal.is_full() {
            self.stall("records_max");
        }
        self.call_attention();
    }

    /// An episode changed something.
    pub(crate) fn mark_effective(&mut self, now: u64, episode: u32) {
        if self.injector.mark_effective(episode) {
            let event = TraceEvent::Fault(FaultEvent::Effective { episode });
            self.record(now, None, event);
        }
    }

    /// Has the phases of the run look at what happened.
    pub(crate) fn call_attention(&mut self) {
        self.attention = true;
        self.agenda.wake_pump();
    }

    /// Ends the run because it does not get further.
    pub(crate) fn stall(&mut self, bound: &str) {
        let live = self.live_tasks();
        let bound = bound.to_owned();
        self.journal.end(Outcome::Stalled { bound, live });
        self.call_attention();
    }

    /// Ends the run.
    pub(crate) fn end(&mut self, outcome: Outcome) {
        self.journal.end(outcome);
        self.call_attention();
    }

    /// The run is over. Only the first call counts.
    pub(crate) fn conclude(&mut self, now: u64) {
        if self.concluded.is_none() {
            self.concluded = Some(now);
            self.last_tasks = self.live_tasks();
            self.journal.conclude(now);
        }
    }

    /// Takes the journal out, and leaves one that takes nothing.
    pub(crate) fn take_journal(&mut self) -> Journal {
        let mut closed = Journal::new(Capture::Nothing, 1, Vec::new());
        closed.close();
        std::mem::replace(&mut self.journal, closed)
    }

    /// The live tasks, one line each, by node and in the order of their start.
    pub(crate) fn live_tasks(&self) -> Vec<String> {
        let nodes = (1..).map(NodeId).zip(&self.nodes);
        let tasks = nodes.flat_map(|(id, node)| {
            let boot = node
                .booting
                .then(|| format!("{id}.{} boot", node.incarnation));
            let tasks = node.tasks.values();
            let tasks = tasks.map(move |task| describe(id, node.incarnation, task));
            boot.into_iter().chain(tasks)
        });
        tasks.take(Outcome::TASKS_MAX).collect()
    }

    /// The next incarnation of a node begins. The caller gives it its life.
    pub(crate) fn begin_incarnation(&mut self, now: u64, node: NodeId) -> Incarnation {
        let seed = self.seed;
        let state = self.node_mut(node);
        state.incarnation += 1;
        let incarnation = state.incarnation;
        // Every incarnation has an epoch of its own, below an hour: readings of two
        // clocks must not be compared, and code that does so should fail.
        let epoch = Key::new(seed, "epoch")
            .with(u64::from(node.0))
            .with(u64::from(incarnation))
            .below(3_600_000_000_000);
        state.clock = NodeClock::new(now, epoch);
        state.tasks_started = 0;
        state.booting = true;
        Incarnation(incarnation)
    }

    /// The incarnation `life` runs from here on.
    pub(crate) fn install(&mut self, now: u64, life: &Arc<Life>, processes: Node<SimRuntime>) {
        let state = self.node_mut(life.node);
        state.life = Some(life.clone());
        state.processes = Some(processes);
        let incarnation = life.incarnation;
        let event = TraceEvent::Node(NodeEvent::Started { incarnation });
        self.record(now, Some(life.node), event);
        self.apply_clock_condition(now, life.node);
    }

    /// A node dies with everything in memory and everything that is not synced.
    /// `None` if it was down.
    pub(crate) fn crash(&mut self, now: u64, node: NodeId, wiped: bool) -> Option<Remains> {
        let seed = self.seed;
        let state = self.node_mut(node);
        let life = state.life.take()?;
        life.die();
        let incarnation = life.incarnation;
        let processes = state.processes.take();
        let ports = std::mem::take(&mut state.ports);
        state.tasks.clear();
        state.booting = false;
        let torn = !state.condition.torn_tail.is_empty();
        let key = Key::new(seed, "crash")
            .with(u64::from(node.0))
            .with(u64::from(incarnation.0));
        let losses = state.disk.crash(torn.then_some(key));
        let tails = losses.iter().any(|loss| loss.torn);
        if wiped {
            state.disk.wipe();
        }
        for loss in losses {
            let event = TraceEvent::Disk(DiskEvent::Lost {
                file: loss.file,
                len: loss.len,
                torn: loss.torn,
            });
            self.record(now, Some(node), event);
        }
        if tails {
            for episode in self.node(node).condition.torn_tail.clone() {
                self.mark_effective(now, episode);
            }
        }
        let event = TraceEvent::Node(NodeEvent::Crashed { incarnation, wiped });
        self.record(now, Some(node), event);
        let wakers = self.agenda.withdraw_node(node);
        self.call_attention();
        Some(Remains {
            processes,
            ports,
            wakers,
        })
    }

    /// Records tasks that were started on a node behind the runtime's back.
    pub(crate) fn note_foreign(&mut self, now: u64, node: NodeId, count: u64) {
        if count > 0 {
            let event = TraceEvent::Task(TaskEvent::Foreign { count });
            self.record(now, Some(node), event);
        }
    }
}
