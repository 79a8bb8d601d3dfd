//! The process of a replicated store: opens its files, runs consensus, watches over it.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use super::ambient::{Host, Inside, Work};
use super::consensus::Consensus;
use super::engine::RaftEngine;
use super::facts::Facts;
use super::lead::Lead;
use super::log_store::LogStore;
use super::network::Peers;
use super::proposals::Proposals;
use super::running::Running;
use super::snapshot_file::SnapshotFiles;
use super::standing::Standing;
use super::state_machine::StateMachine;
use super::tasks::Tasks;
use super::{counter, proposals, server};
use crate::process::{Context, ExitReason, ProcessSpec, Signal};
use crate::runtime::{EntropyStream, FileName, Port, RequestLimits, Requester, Runtime, Timestamp};

/// Ends the service however the driver ends.
pub(super) struct Closing<R: Runtime>(pub(super) Arc<RaftEngine<R>>);

impl<R: Runtime> Drop for Closing<R> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What consensus runs on: the process of the store and its node.
struct StoreHost<R: Runtime> {
    context: Arc<Context<R>>,
    tasks: Tasks,
    lead: Lead,
    entropy: Mutex<EntropyStream>,
    itself: std::sync::Weak<Self>,
}

impl<R: Runtime> Host for StoreHost<R> {
    fn now(&self) -> Timestamp {
        self.context.runtime().now() + self.lead.leapt()
    }

    fn sleep_until(&self, deadline: Timestamp) -> Work {
        let deadline = deadline - self.lead.leapt();
        Box::pin(self.context.runtime().sleep_until(deadline))
    }

    fn spawn(&self, work: Work) {
        self.tasks.start(work);
    }

    fn apart(&self, work: Work) {
        let Some(host) = self.itself.upgrade() else {
            return;
        };
        let work = Inside::new(host as Arc<dyn Host>, work);
        let spec = ProcessSpec::new("apart");
        match self.context.spawn_child(spec, |_context| work) {
            // Refused only while the store ends; the work is dropped then, which tells
            // whoever waits for it.
            Ok(_) | Err(_) => {}
        }
    }

    fn random(&self) -> u64 {
        let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        entropy.next_u64()
    }
}

/// Runs the store until it is asked to exit, or consensus cannot go on.
pub(super) async fn run<R: Runtime>(context: Context<R>, closing: Closing<R>) -> ExitReason {
    let engine = &*closing.0;
    let context = Arc::new(context);
    let (tasks, lead) = (Tasks::new(), Lead::default());
    let host: Arc<dyn Host> = Arc::new_cyclic(|itself| StoreHost {
        context: context.clone(),
        tasks: tasks.clone(),
        lead: lead.clone(),
        entropy: Mutex::new(context.runtime().stream("store: consensus")),
        itself: itself.clone(),
    });
    let work = Inside::new(host.clone(), tasks.run());
    let consensus = context.spawn_child(ProcessSpec::new("consensus"), |_context| work);
    if let Err(reason) = context.deliver(consensus) {
        return reason.escalate();
    }
    let running = match Inside::new(host.clone(), start(&context, engine, &host, lead)).await {
        Ok(running) => running,
        Err(reason) => return reason,
    };
    engine.open(running.clone());
    context.ready();
    let standing = Standing::new(engine.options.election);
    let facts = Facts::of(context.node(), engine.options.files.clone());
    supervise(&context, &running, standing, &facts).await
}

async fn start<R: Runtime>(
    context: &Context<R>,
    engine: &RaftEngine<R>,
    host: &Arc<dyn Host>,
    lead: Lead,
) -> Result<Running<R>, ExitReason> {
    let (runtime, options) = (context.runtime().clone(), &engine.options);
    let facts = Facts::of(context.node(), options.files.clone());
    let file = FileName::new(format!("{}/log", options.files));
    let file = context.deliver(file)?;
    let log = context.deliver(LogStore::open(runtime.clone(), file, facts.clone()).await)?;
    let inherited = log.last();
    let files = SnapshotFiles::new(runtime.clone(), format!("{}/snapshot-", options.files));
    let machine = StateMachine::open(runtime.clone(), engine.shared.clone(), files, facts).await;
    let machine = context.deliver(machine)?;
    log.announce(engine.shared.lock().applied);
    let requester = requester(context, engine)?;
    let silent = Arc::new(AtomicBool::new(false));
    let peers = Peers {
        node: context.node().clone(),
        requester: requester.clone(),
        port: options.port,
        pause: options.heartbeat * 2,
        silent: silent.clone(),
        lead: lead.clone(),
    };
    let config = context.deliver(options.config().validate())?;
    let raft = Consensus::new(runtime.node().0, Arc::new(config), peers, log, machine).await;
    let raft = context.deliver(raft)?;
    let voters: BTreeSet<u32> = options.voters.iter().map(|node| node.0).collect();
    let fresh = !context.deliver(raft.is_initialized().await)?;
    if fresh && voters.contains(&runtime.node().0) {
        context.deliver(raft.initialize(voters).await)?;
    }
    let running = Running {
        node: context.node().clone(),
        raft,
        host: host.clone(),
        requester,
        shared: engine.shared.clone(),
        proposals: Proposals::new(),
        inherited,
        silent,
        lead,
        port: options.port,
        election: options.election,
    };
    let proposed = running.clone();
    let writer = ProcessSpec::new("proposals");
    let writer = context.spawn_child(writer, move |_context| proposals::run(proposed));
    context.deliver(writer)?;
    let (port, pause) = (options.port, options.heartbeat);
    let served = running.clone();
    let server = ProcessSpec::new("server");
    let server = context.spawn_child(server, move |_context| server::run(served, port));
    context.deliver(server)?;
    let counted = running.clone();
    let counter = ProcessSpec::new("leases");
    let counter = context.spawn_child(counter, move |_context| counter::run(counted, pause));
    context.deliver(counter)?;
    Ok(running)
}

/// The asking side, opened once for all runs: requests of an earlier one may still wait.
fn requester<R: Runtime>(
    context: &Context<R>,
    engine: &RaftEngine<R>,
) -> Result<Requester<R>, ExitReason> {
    let mut kept = engine
        .requester
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(requester) = &*kept {
        return Ok(requester.clone());
    }
    let port = Port(engine.options.port.0 + 1);
    let limits = RequestLimits::default();
    let opened = context.deliver(Requester::open(context.runtime(), port, limits))?;
    *kept = Some(opened.clone());
    Ok(opened)
}

async fn supervise<R: Runtime>(
    context: &Context<R>,
    running: &Running<R>,
    mut standing: Standing,
    facts: &Facts,
) -> ExitReason {
    let mut metrics = running.raft.server_metrics();
    let mut led = None;
    loop {
        let leads = metrics.borrow_and_update().current_leader == Some(running.me());
        let signal = {
            let mut signal = pin!(context.signal());
            let mut changed = pin!(metrics.changed());
            let mut look = pin!(context.runtime().sleep(standing.period()));
            std::future::poll_fn(|task| {
                if let Poll::Ready(signal) = signal.as_mut().poll(task) {
                    return Poll::Ready(Some(signal));
                }
                if changed.as_mut().poll(task).is_ready() {
                    return Poll::Ready(None);
                }
                // Whether a majority answers it concerns only a leader.
                if leads {
                    return look.as_mut().poll(task).map(|()| None);
                }
                Poll::Pending
            })
            .await
        };
        match signal {
            Some(Signal::Exit {
                reason,
                linked: false,
                ..
            }) => return reason,
            Some(Signal::Exit { linked: true, .. } | Signal::Down { .. }) => {}
            Some(Signal::ChildExited { reason, .. }) if reason.is_abnormal() => return reason,
            // A child has done its work, or consensus has ended, which the metrics tell.
            Some(Signal::ChildExited { .. }) | None => {
                let (term, answered, state) = {
                    let metrics = running.raft.metrics();
                    let metrics = metrics.borrow();
                    let leads = metrics.current_leader == Some(running.me());
                    (
                        leads.then_some(metrics.current_term),
                        metrics.millis_since_quorum_ack.map(Duration::from_millis),
                        metrics.running_state.clone(),
                    )
                };
                if let Some(term) = term
                    && led != Some(term)
                {
                    facts.led(term);
                    led = Some(term);
                }
                let now = context.runtime().now();
                let silent = standing.is_silent(now, term, answered);
                running.silent.store(silent, Ordering::Release);
                if let Err(failure) = context.deliver(state) {
                    return failure.escalate();
                }
            }
        }
    }
}
