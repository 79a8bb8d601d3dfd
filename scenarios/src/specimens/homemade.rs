//! A supervisor written by hand, with one flaw, announcing what it does as the real
//! one would. Without a flaw every checker is content with it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use steadfast::Label;
use steadfast::event::{Event, SupervisionEvent};
use steadfast::process::{Context, ExitReason, ProcessId, ProcessSpec, Signal};
use steadfast::runtime::{Clock as _, Observer as _, Timestamp, timeout};
use steadfast::supervision::{AutoShutdown, Restart, ShutdownPolicy, Strategy};
use steadfast_sim::SimRuntime;

use crate::cast::{Farewell, play};

/// How many children it has.
pub(super) const CHILDREN: u64 = 4;
/// Restarts that it allows itself within [`PERIOD`].
pub(super) const INTENSITY: u32 = 3;
/// Its window.
pub(super) const PERIOD: Duration = Duration::from_secs(2);
/// How long its children may take to stop.
const DEADLINE: Duration = Duration::from_millis(400);

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Of two exits that arrive together it restarts one.
    LosesRestart,
    /// It kills children before their time to stop is over.
    Impatient,
    /// It stops children in the order in which it started them.
    ForwardStop,
    /// It counts restarts in buckets that are emptied at fixed times.
    ResettingWindow,
    /// It handles some exits twice.
    SeesExitTwice,
}

/// The name of a child.
pub(super) fn child_name(index: u64) -> Label {
    format!("child{index}").into()
}

struct Child {
    index: u64,
    starts: u64,
    running: Option<ProcessId>,
}

struct Homemade {
    context: Context<SimRuntime>,
    flaw: Option<Flaw>,
    children: BTreeMap<Label, Child>,
    restarts: VecDeque<Timestamp>,
}

/// The body of the home-made supervisor.
pub(super) async fn supervise(
    context: Context<SimRuntime>,
    flaw: Option<Flaw>,
) -> Result<ExitReason, ExitReason> {
    let children = BTreeMap::new();
    let mut homemade = Homemade {
        context,
        flaw,
        children,
        restarts: VecDeque::new(),
    };
    homemade.begin()?;
    homemade.serve().await
}

impl Homemade {
    fn announce(&self, event: SupervisionEvent) {
        self.context.runtime().observe(&Event::Supervision(event));
    }

    fn id(&self) -> ProcessId {
        self.context.id()
    }

    fn begin(&mut self) -> Result<(), ExitReason> {
        self.announce(SupervisionEvent::SupervisorStarted {
            supervisor: self.id(),
            strategy: Strategy::OneForOne,
            intensity: INTENSITY,
            period: PERIOD,
            auto_shutdown: AutoShutdown::Never,
            dynamic: false,
        });
        for index in 0..CHILDREN {
            let name = child_name(index);
            self.announce(SupervisionEvent::ChildAdded {
                supervisor: self.id(),
                child: name.clone(),
                index: index as u32,
                restart: Restart::Permanent,
                shutdown: ShutdownPolicy::Timeout(DEADLINE),
                significant: false,
            });
            self.children.insert(
                name.clone(),
                Child {
                    index,
                    starts: 0,
                    running: None,
                },
            );
            self.start(&name)?;
        }
        Ok(())
    }

    fn start(&mut self, name: &Label) -> Result<(), ExitReason> {
        let Some(child) = self.children.get_mut(name) else {
            return Ok(());
        };
        // Long enough for an impatient supervisor to lose patience.
        let takes = DEADLINE.mul_f64(0.2 + 0.2 * child.index as f64);
        let actor = name.clone();
        let spec = ProcessSpec::new(name.clone()).trap_exit(true);
        let farewell = Farewell {
            takes,
            badly: false,
        };
        let started = self
            .context
            .spawn_child(spec, |context| play(context, actor, farewell));
        let process = self.context.deliver(started)?;
        child.starts += 1;
        child.running = Some(process);
        let starts = child.starts;
        self.announce(SupervisionEvent::ChildStarted {
            supervisor: self.id(),
            child: name.clone(),
            process,
            starts,
        });
        Ok(())
    }

    async fn serve(mut self) -> Result<ExitReason, ExitReason> {
        loop {
            match self.context.signal().await {
                Signal::Exit { reason, .. } => return Ok(self.stop(reason).await),
                Signal::Down { .. } => {}
                Signal::ChildExited { process, reason } => {
                    let mut gone = self.saw_exit(process, &reason, false);
                    // The flaw: what else is queued is noted, and only the last is acted on.
                    while self.flaw == Some(Flaw::LosesRestart)
                        && let Some(Signal::ChildExited { process, reason }) =
                            self.context.try_signal()
                    {
                        gone = self.saw_exit(process, &reason, false);
                    }
                    if let Some(name) = gone
                        && !self.restart(&name)?
                    {
                        return Ok(self.stop(ExitReason::SHUTDOWN).await);
                    }
                }
            }
        }
    }

    /// Notes the end of a child and answers which one it was.
    fn saw_exit(
        &mut self,
        process: ProcessId,
        reason: &ExitReason,
        expected: bool,
    ) -> Option<Label> {
        let (name, child) = self
            .children
            .iter_mut()
            .find(|(_, child)| child.running == Some(process))?;
        child.running = None;
        let name = name.clone();
        let again = self.flaw == Some(Flaw::SeesExitTwice) && child.starts.is_multiple_of(2);
        for _ in 0..if again { 2 } else { 1 } {
            self.announce(SupervisionEvent::ChildExited {
                supervisor: self.id(),
                child: name.clone(),
                process,
                reason: reason.clone(),
                expected,
            });
        }
        Some(name)
    }

    /// Restarts a child; `false` when the limit is used up.
    fn restart(&mut self, name: &Label) -> Result<bool, ExitReason> {
        let now = self.context.runtime().now();
        let period = PERIOD.as_nanos() as u64;
        let flaw = self.flaw;
        self.restarts.retain(|restart| {
            if flaw == Some(Flaw::ResettingWindow) {
                restart.0 / period == now.0 / period
            } else {
                now.since(*restart) <= PERIOD
            }
        });
        self.restarts.push_back(now);
        let in_window = self.restarts.len() as u32;
        if in_window > INTENSITY {
            self.announce(SupervisionEvent::IntensityExceeded {
                supervisor: self.id(),
                child: name.clone(),
                in_window,
            });
            return Ok(false);
        }
        self.announce(SupervisionEvent::RestartScheduled {
            supervisor: self.id(),
            child: name.clone(),
            delay: Duration::ZERO,
            in_window,
        });
        self.start(name)?;
        Ok(true)
    }

    async fn stop(&mut self, reason: ExitReason) -> ExitReason {
        self.announce(SupervisionEvent::SupervisorStopping {
            supervisor: self.id(),
            reason: reason.clone(),
        });
        let mut names: Vec<_> = self.children.keys().cloned().collect();
        if self.flaw != Some(Flaw::ForwardStop) {
            names.reverse();
        }
        for name in names {
            self.stop_child(&name).await;
        }
        self.announce(SupervisionEvent::SupervisorStopped {
            supervisor: self.id(),
        });
        reason
    }

    async fn stop_child(&mut self, name: &Label) {
        let Some(process) = self.children.get(name).and_then(|child| child.running) else {
            return;
        };
        let supervisor = self.id();
        self.announce(SupervisionEvent::ChildStopping {
            supervisor,
            child: name.clone(),
            process,
            shutdown: ShutdownPolicy::Timeout(DEADLINE),
        });
        self.context.exit(process, &ExitReason::SHUTDOWN);
        let patience = if self.flaw == Some(Flaw::Impatient) {
            DEADLINE / 2
        } else {
            DEADLINE
        };
        let runtime = self.context.runtime().clone();
        if timeout(&runtime, patience, self.until_gone(process))
            .await
            .is_err()
        {
            self.announce(SupervisionEvent::ChildKilled {
                supervisor,
                child: name.clone(),
                process,
            });
            self.context.node().kill(process);
            self.until_gone(process).await;
        }
    }

    /// Takes signals until the process is known to be gone. Children that end by
    /// themselves meanwhile are noted too.
    async fn until_gone(&mut self, process: ProcessId) {
        loop {
            if let Signal::ChildExited {
                process: gone,
                reason,
            } = self.context.signal().await
            {
                self.saw_exit(gone, &reason, gone == process);
                if gone == process {
                    return;
                }
            }
        }
    }
}
