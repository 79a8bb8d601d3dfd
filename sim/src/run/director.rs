//! Leads a run through its phases, and pumps what is due.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use madsim::runtime::Handle;
use madsim::task::AbortHandle;
use steadfast::process::Node;
use steadfast::runtime::NodeId;

use super::hosted::{Boot, Workload};
use super::panics::catch;
use crate::keyed::Key;
use crate::runtime::{Act, Due, Life, Shared, SimRuntime, State};
use crate::scenario::{BoxFuture, Scenario};
use crate::trace::{NodeEvent, Phase, RunEvent, TraceEvent};
use crate::world::World;

/// How long the nodes may take to boot before the safety phase begins all the same,
/// in simulated time.
const BOOT_MAX: Duration = Duration::from_secs(1);

/// The run is over before its end; the journal says how.
pub(super) struct Over;

/// Leads one run. Lives on madsim's node 0, inside the future that madsim blocks on.
pub(super) struct Director<'a> {
    scenario: &'a dyn Scenario,
    shared: Arc<Shared>,
    madsim: Handle,
}

impl<'a> Director<'a> {
    pub(super) const fn new(
        scenario: &'a dyn Scenario,
        shared: Arc<Shared>,
        madsim: Handle,
    ) -> Self {
        Self {
            scenario,
            shared,
            madsim,
        }
    }

    /// Runs to the end. The phases are looked at only when they have a reason; most of
    /// the time this is the pump.
    pub(super) async fn run(&self) {
        let mut phases = pin!(self.phases());
        let (mut wakers, mut acts) = (Vec::new(), Vec::new());
        std::future::poll_fn(|context| {
            loop {
                let now = self.shared.now();
                let attention = {
                    let mut state = self.shared.lock();
                    state.agenda.set_pump(context.waker());
                    state.run_due(now, &mut wakers, &mut acts);
                    std::mem::take(&mut state.attention)
                };
                wakers.drain(..).for_each(Waker::wake);
                acts.drain(..).for_each(|act| self.act(act));
                if !attention {
                    return Poll::Pending;
                }
                if phases.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
            }
        })
        .await;
    }

    /// Kills whatever is left. madsim drops the tasks when it runs next.
    pub(super) fn kill_all(&self) {
        let now = self.shared.now();
        let ids = self.shared.lock().ids();
        for node in ids {
            let remains = self.shared.lock().crash(now, node, false);
            self.kill(node);
            drop(remains);
        }
    }

    async fn phases(&self) -> Result<(), Over> {
        self.boot().await?;
        self.safety().await?;
        self.liveness().await?;
        self.stop().await
    }

    async fn boot(&self) -> Result<(), Over> {
        self.begin(Phase::Boot);
        let now = self.shared.now();
        let ids = {
            let mut state = self.shared.lock();
            state.arm_episodes(now);
            state.ids()
        };
        ids.for_each(|node| self.start(node));
        let limit = BOOT_MAX.min(self.shared.plan.limits.safety);
        let booted = |state: &mut State| !state.nodes.iter().any(|node| node.booting);
        self.wait(limit, booted).await.map(drop)
    }

    async fn safety(&self) -> Result<(), Over> {
        self.begin(Phase::Safety);
        let workload = self.host(|world| self.scenario.drive(world))?;
        let limit = self.shared.plan.limits.safety;
        let failed = |state: &mut State| matches!(state.workload, Some(Err(_)));
        self.wait(limit, failed).await?;
        workload.abort();
        self.answer("workload", "the workload sees what it must")
            .map(drop)
    }

    async fn liveness(&self) -> Result<(), Over> {
        self.begin(Phase::Liveness);
        let core = self.choose_core();
        self.change(|state, now, acts| state.heal_core(now, core, acts));
        let workload = self.host(|world| self.scenario.settle(world))?;
        let limit = self.after(self.shared.plan.limits.liveness);
        self.wait(limit, |state| state.workload.is_some()).await?;
        workload.abort();
        if self.answer("liveness", "the healed core converges")? {
            return Ok(());
        }
        self.shared.lock().stall("liveness");
        Err(Over)
    }

    async fn stop(&self) -> Result<(), Over> {
        self.begin(Phase::Stop);
        self.change(State::heal_rest);
        let now = self.shared.now();
        let limit = self.shared.plan.limits.stop;
        let mut stopping = 0;
        let ids = {
            let mut state = self.shared.lock();
            state.is_stopping = true;
            state.ids()
        };
        for id in ids {
            let mut state = self.shared.lock();
            let node = state.node(id);
            let (Some(life), Some(processes)) = (node.life.clone(), node.processes.clone()) else {
                continue;
            };
            let incarnation = life.incarnation;
            let event = TraceEvent::Node(NodeEvent::Stopping { incarnation });
            state.record(now, Some(id), event);
            drop(state);
            stopping += 1;
            self.spawn(stop_node(self.madsim.clone(), life, processes, limit));
        }
        // Every root of a node has the limit for itself; a node has one, as a rule.
        let bound = self.after(limit.saturating_mul(2).saturating_add(BOOT_MAX));
        if self.wait(bound, |state| state.stopped == stopping).await? {
            return Ok(());
        }
        self.shared.lock().stall("stop");
        Err(Over)
    }

    /// Waits until something holds, at most until a time since the start of the run;
    /// answers whether it does.
    async fn wait(
        &self,
        until: Duration,
        mut holds: impl FnMut(&mut State) -> bool,
    ) -> Result<bool, Over> {
        let deadline = u64::try_from(until.as_nanos()).unwrap_or(u64::MAX);
        let now = self.shared.now();
        self.shared
            .lock()
            .agenda
            .push(now, deadline, Due::Attention);
        std::future::poll_fn(|_| {
            let now = self.shared.now();
            let mut state = self.shared.lock();
            if state.journal.is_closed() {
                Poll::Ready(Err(Over))
            } else if holds(&mut state) {
                Poll::Ready(Ok(true))
            } else if now >= deadline {
                Poll::Ready(Ok(false))
            } else {
                Poll::Pending
            }
        })
        .await
    }

    /// Whether the workload has answered; an error of it ends the run.
    fn answer(&self, checker: &str, invariant: &str) -> Result<bool, Over> {
        let now = self.shared.now();
        let mut state = self.shared.lock();
        match state.workload.take() {
            None => Ok(false),
            Some(Ok(())) => Ok(true),
            Some(Err(text)) => {
                state.journal.violate(now, checker, invariant, text);
                Err(Over)
            }
        }
    }

    /// A quorum of nodes, decided by the seed.
    fn choose_core(&self) -> Vec<NodeId> {
        let plan = &self.shared.plan;
        let key = Key::new(plan.seed, "core");
        let mut nodes: Vec<NodeId> = plan.topology.ids().collect();
        let quorum = nodes.len() / 2 + 1;
        nodes.sort_by_key(|node| key.with(u64::from(node.0)).bits());
        nodes.truncate(quorum);
        nodes.sort_unstable();
        nodes
    }

    fn begin(&self, phase: Phase) {
        let now = self.shared.now();
        let event = TraceEvent::Run(RunEvent::PhaseStarted { phase });
        self.shared.lock().record(now, None, event);
    }

    /// The time since the start of the run at which `duration` will have passed.
    fn after(&self, duration: Duration) -> Duration {
        Duration::from_nanos(self.shared.now()).saturating_add(duration)
    }

    fn change(&self, change: impl FnOnce(&mut State, u64, &mut Vec<Act>)) {
        let now = self.shared.now();
        let mut acts = Vec::new();
        change(&mut self.shared.lock(), now, &mut acts);
        acts.into_iter().for_each(|act| self.act(act));
    }

    /// Starts the workload of a phase.
    fn host(
        &self,
        make: impl FnOnce(World) -> BoxFuture<'static, Result<(), String>>,
    ) -> Result<AbortHandle, Over> {
        let world = World::new(self.shared.clone());
        self.shared.lock().workload = None;
        match catch(|| make(world)) {
            Ok(future) => Ok(self.spawn(Workload {
                shared: self.shared.clone(),
                future,
            })),
            Err(caught) => {
                self.shared.lock().end(caught.into());
                Err(Over)
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the world's own tasks are not below any supervisor"
    )]
    #[expect(
        clippy::unused_self,
        reason = "only a director may spawn on the world's node"
    )]
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        madsim::task::spawn(task).abort_handle()
    }

    fn act(&self, act: Act) {
        match act {
            Act::Kill { node, remains } => {
                self.kill(node);
                drop(remains);
            }
            Act::Start(node) => self.start(node),
            Act::Pause(node) => self.madsim.pause(self.madsim_id(node)),
            Act::Resume(node) => self.madsim.resume(self.madsim_id(node)),
        }
    }

    fn kill(&self, node: NodeId) {
        let id = self.madsim_id(node);
        // Tasks of a node that stands still would be dropped inside `kill`, under
        // madsim's locks; once it goes on they are dropped when they would run.
        self.madsim.resume(id);
        self.madsim.kill(id);
    }

    fn start(&self, node: NodeId) {
        let id = self.madsim_id(node);
        let now = self.shared.now();
        let incarnation = {
            let mut state = self.shared.lock();
            if state.journal.is_closed() {
                return;
            }
            state.begin_incarnation(now, node)
        };
        if incarnation.0 > 1 {
            self.madsim.restart(id);
        }
        let Some(handle) = self.madsim.get_node(id) else {
            return;
        };
        let life = Arc::new(Life::new(node, incarnation, self.shared.clone(), handle));
        let processes = Node::new(SimRuntime(life.clone()));
        let pauses = {
            let mut state = self.shared.lock();
            state.install(now, &life, processes.clone());
            state.pauses_at_start(now, node)
        };
        if pauses {
            self.madsim.pause(id);
        }
        let plan = self.shared.plan.clone();
        match catch(|| self.scenario.boot(processes, plan)) {
            Ok(future) => {
                let handle = life.handle.clone();
                // Dropping madsim's handle detaches the task.
                drop(handle.spawn(Boot { life, future }));
            }
            Err(caught) => self.shared.lock().end(caught.into()),
        }
    }

    fn madsim_id(&self, node: NodeId) -> madsim::task::NodeId {
        self.shared.lock().madsim(node)
    }
}

/// Stops one node in an orderly way and says how it went.
async fn stop_node(madsim: Handle, life: Arc<Life>, processes: Node<SimRuntime>, limit: Duration) {
    let orderly = processes.stop(limit).await;
    let shared = &life.shared;
    let now = shared.now();
    let present = madsim.metrics().num_tasks_by_node();
    let present = present.get(&life.node.to_string()).copied().unwrap_or(0);
    let mut state = shared.lock();
    let known = state.node(life.node).tasks.len() + usize::from(state.node(life.node).booting);
    state.note_foreign(now, life.node, present.saturating_sub(known) as u64);
    let event = TraceEvent::Node(NodeEvent::Stopped {
        incarnation: life.incarnation,
        orderly,
    });
    state.record(now, Some(life.node), event);
    state.stopped += 1;
    state.call_attention();
}
