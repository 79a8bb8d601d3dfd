//! Services that do as they are told, and the facts that came of them.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::boot::{BootSpec, Health, HealthCheck, ServiceSpec};
use crate::event::{BootEvent, Event, HealthStatus};
use crate::process::{Context, ExitReason, Node};
use crate::runtime::Clock;
use crate::supervision::{ChildSpec, ShutdownPolicy};
use crate::testing::{TestRuntime, run};

pub(super) type Rt = TestRuntime;

const SEEDS: u64 = 30;

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Runs a story on a fresh node, under many interleavings, and checks the two
/// promises at its end.
pub(super) fn story<B, F>(body: B)
where
    B: Fn(Node<Rt>) -> F,
    F: Future<Output = ()>,
{
    for seed in 0..SEEDS {
        run(seed, |node| async {
            let again = node.clone();
            body(node).await;
            assert!(again.stop(seconds(600)).await, "seed {seed}: killed");
            again.runtime().assert_books_balance();
        });
    }
}

/// What services and checks are told to do from outside.
#[derive(Clone, Default)]
pub(super) struct Strings(Arc<Mutex<BTreeMap<String, Act>>>);

/// What a service or a check does.
#[derive(Clone, PartialEq)]
pub(super) enum Act {
    /// End with this reason.
    End(ExitReason),
    /// Panic.
    Panic,
    /// Do nothing for ever, whatever is asked.
    Hang,
    /// Answer that it does not want to run.
    Ignore,
    /// Answer with limits.
    Degraded(&'static str),
}

impl Strings {
    /// From now on, until told otherwise.
    pub(super) fn tell(&self, who: &str, act: Act) {
        self.0.lock().unwrap().insert(who.to_owned(), act);
    }

    /// As before again.
    pub(super) fn release(&self, who: &str) {
        self.0.lock().unwrap().remove(who);
    }

    /// Ends the service once.
    pub(super) fn crash(&self, who: &str) {
        self.tell(
            &format!("{who} once"),
            Act::End(ExitReason::failed("crash")),
        );
    }

    fn told(&self, who: &str) -> Option<Act> {
        let mut strings = self.0.lock().unwrap();
        let once = strings.remove(&format!("{who} once"));
        once.or_else(|| strings.get(who).cloned())
    }

    /// A service that runs until it is told otherwise, and has started once it says
    /// so.
    pub(super) fn service(&self, name: &str, phase: &str, needs: &[&str]) -> ServiceSpec<Rt> {
        ServiceSpec::new(phase, self.child(name)).depends_on(needs.iter().copied())
    }

    pub(super) fn child(&self, name: &str) -> ChildSpec<Rt> {
        let (strings, own) = (self.clone(), name.to_owned());
        let body = move |context: Context<Rt>| puppet(context, strings.clone(), own.clone());
        let child = ChildSpec::worker(name, body).acknowledged(seconds(5));
        child.shutdown(ShutdownPolicy::Timeout(seconds(2)))
    }

    /// A check every second that is told what to say as `name?`.
    pub(super) fn check(&self, name: &str) -> HealthCheck<Rt> {
        let (strings, own) = (self.clone(), format!("{name}?"));
        let check = HealthCheck::new(seconds(1), move |context, _process| {
            let told = strings.told(&own);
            answer(context, told)
        });
        check.limit(millis(100)).failures_to_unhealthy(2)
    }
}

async fn puppet(context: Context<Rt>, strings: Strings, own: String) -> ExitReason {
    // A start takes a moment, so that order is seen.
    context.runtime().sleep(millis(1)).await;
    let mut acknowledged = false;
    loop {
        match strings.told(&own) {
            Some(Act::End(reason)) => return reason,
            Some(Act::Panic) => panic!("told to"),
            Some(Act::Ignore) => return context.ignore(),
            Some(Act::Hang) => {
                context.trap_exit(true);
                std::future::pending::<()>().await;
            }
            Some(Act::Degraded(_)) | None => {}
        }
        if !std::mem::replace(&mut acknowledged, true) {
            context.ready();
        }
        context.runtime().sleep(millis(10)).await;
    }
}

async fn answer(context: Context<Rt>, told: Option<Act>) -> Result<Health, ExitReason> {
    match told {
        None | Some(Act::Ignore) => Ok(Health::Good),
        Some(Act::Degraded(how)) => Ok(Health::Degraded(how.into())),
        Some(Act::End(reason)) => Err(reason),
        Some(Act::Panic) => panic!("told to"),
        Some(Act::Hang) => {
            context.trap_exit(true);
            std::future::pending().await
        }
    }
}

/// Two phases, of which the second has the chain `store`, `web` and a bystander.
///
/// `web` needs `store`, which needs `disk`; `clock` and `mail` need nothing.
pub(super) fn shop(strings: &Strings) -> BootSpec<Rt> {
    BootSpec::new(["base", "rest"])
        .intensity(10, seconds(60))
        .service(strings.service("web", "rest", &["store"]))
        .service(strings.service("disk", "base", &[]))
        .service(strings.service("mail", "rest", &[]))
        .service(strings.service("store", "rest", &["disk"]))
        .service(strings.service("clock", "base", &[]))
}

/// What the boot announced, in short: `[base` phase, `+a` started, `-a` stopped,
/// `a<b` restarted with b, `a:HU` health from H to U, `done`, `failed a`.
pub(super) fn script(node: &Node<Rt>) -> String {
    let mut words = Vec::new();
    for event in node.runtime().events() {
        let Event::Boot(event) = event else {
            continue;
        };
        words.push(match event {
            BootEvent::Planned { order } => order.join(","),
            BootEvent::PhaseStarted { phase } => format!("[{phase}"),
            BootEvent::ServiceStarted { service, .. } => format!("+{service}"),
            BootEvent::ServiceStopped { service } => format!("-{service}"),
            BootEvent::DependentRestarted {
                service,
                dependency,
            } => format!("{service}<{dependency}"),
            BootEvent::HealthChanged {
                service, from, to, ..
            } => {
                format!("{service}:{}{}", letter(from), letter(to))
            }
            BootEvent::Completed => "done".to_owned(),
            BootEvent::Failed { service, .. } => format!("failed {service}"),
        });
    }
    words.join(" ")
}

/// As [`script`], without health.
pub(super) fn moves(node: &Node<Rt>) -> String {
    let script = script(node);
    let words = script.split(' ').filter(|word| !word.contains(':'));
    words.collect::<Vec<_>>().join(" ")
}

const fn letter(health: HealthStatus) -> char {
    match health {
        HealthStatus::Healthy => 'H',
        HealthStatus::Degraded => 'D',
        HealthStatus::Unhealthy => 'U',
    }
}
