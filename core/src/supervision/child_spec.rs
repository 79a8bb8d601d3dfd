//! How one child is started, restarted and stopped.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::backoff::Backoff;
use super::dynamic_spec::DynamicSupervisorSpec;
use super::error::SpecError;
use super::intensity::RestartLimit;
use super::policy::{Restart, ShutdownPolicy};
use super::supervisor_spec::{SupervisorInit, SupervisorSpec};
use crate::label::Label;
use crate::process::{Context, ExitReason, IntoExit};
use crate::runtime::Runtime;

/// Whether a child is itself a supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ChildKind {
    /// It does work.
    Worker,
    /// It supervises others.
    Supervisor,
}

/// When a start counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acknowledgement {
    /// Once the process exists.
    None,
    /// Once the process says so, within this time if one is set.
    Within(Option<Duration>),
}

/// The part of a child spec that decisions are made from: plain data.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ChildPolicy {
    pub(super) id: Label,
    pub(super) kind: ChildKind,
    pub(super) restart: Restart,
    pub(super) shutdown: ShutdownPolicy,
    pub(super) significant: bool,
    pub(super) trap_exit: bool,
    pub(super) acknowledgement: Acknowledgement,
    pub(super) limit: Option<RestartLimit>,
    pub(super) backoff: Option<Backoff>,
    pub(super) peers: Vec<Label>,
    pub(super) dependencies: Vec<Label>,
}

impl ChildPolicy {
    pub(super) fn new(id: Label, kind: ChildKind) -> Self {
        let supervisor = kind == ChildKind::Supervisor;
        Self {
            id,
            kind,
            restart: Restart::Permanent,
            shutdown: if supervisor {
                ShutdownPolicy::Infinite
            } else {
                ShutdownPolicy::Timeout(Duration::from_secs(5))
            },
            significant: false,
            trap_exit: supervisor,
            acknowledgement: if supervisor {
                Acknowledgement::Within(None)
            } else {
                Acknowledgement::None
            },
            limit: None,
            backoff: None,
            peers: Vec::new(),
            dependencies: Vec::new(),
        }
    }
}

/// The running body of a child.
pub(super) type ChildBody = Pin<Box<dyn Future<Output = ExitReason> + Send>>;

/// Makes the body of a child, anew at each start.
pub(super) struct Factory<R: Runtime>(Arc<dyn Fn(Context<R>) -> ChildBody + Send + Sync>);

impl<R: Runtime> Factory<R> {
    pub(super) fn make(&self, context: Context<R>) -> ChildBody {
        (self.0)(context)
    }
}

impl<R: Runtime> Clone for Factory<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// One child of a supervisor.
///
/// Defaults are OTP's: permanent, stopped within 5 s (without limit for a nested
/// supervisor), not significant.
pub struct ChildSpec<R: Runtime> {
    pub(super) policy: ChildPolicy,
    pub(super) factory: Factory<R>,
    /// What is wrong with the spec of a nested supervisor.
    pub(super) nested: Option<SpecError>,
}

impl<R: Runtime> ChildSpec<R> {
    /// A child that does work. `body` is called at each start, inside the new
    /// process: a panic in it is a panic of the child.
    pub fn worker<B, F>(id: impl Into<Label>, body: B) -> Self
    where
        B: Fn(Context<R>) -> F + Send + Sync + 'static,
        F: Future + Send + 'static,
        F::Output: IntoExit,
    {
        Self::new(id.into(), ChildKind::Worker, body)
    }

    /// A nested supervisor. Its start is complete once all its children have started.
    pub fn supervisor(id: impl Into<Label>, spec: SupervisorSpec<R>) -> Self {
        let nested = spec.validate().err();
        let child = Self::supervisor_with(id, move || spec.clone().into());
        Self { nested, ..child }
    }

    /// A nested supervisor whose spec is made anew at each start, as OTP's `init`.
    /// A wrong spec is then a failed start.
    pub fn supervisor_with<I>(id: impl Into<Label>, init: I) -> Self
    where
        I: Fn() -> SupervisorInit<R> + Send + Sync + 'static,
    {
        let init = Arc::new(init);
        Self::new(id.into(), ChildKind::Supervisor, move |context| {
            let init = init.clone();
            super::supervisor::run(context, move || init(), None)
        })
    }

    /// A nested dynamic supervisor.
    pub fn dynamic_supervisor(id: impl Into<Label>, spec: DynamicSupervisorSpec<R>) -> Self {
        let nested = spec.validate().err();
        let child = Self::new(id.into(), ChildKind::Supervisor, move |context| {
            super::dynamic_supervisor::run(context, spec.clone(), None)
        });
        Self { nested, ..child }
    }

    /// When the child is restarted. Permanent unless set.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.policy.restart = restart;
        self
    }

    /// How the child is stopped.
    #[must_use]
    pub fn shutdown(mut self, shutdown: ShutdownPolicy) -> Self {
        self.policy.shutdown = shutdown;
        self
    }

    /// Whether the end of the child counts for
    /// [auto-shutdown](super::AutoShutdown).
    #[must_use]
    pub fn significant(mut self, significant: bool) -> Self {
        self.policy.significant = significant;
        self
    }

    /// Whether exit signals reach a worker as [`Signal`](crate::process::Signal)s
    /// from its first step on. A nested supervisor always traps them.
    #[must_use]
    pub fn trap_exit(mut self, trap_exit: bool) -> Self {
        self.policy.trap_exit = trap_exit || self.policy.kind == ChildKind::Supervisor;
        self
    }

    /// Makes the start complete only when the child calls
    /// [`ready`](Context::ready), [`ready_with`](Context::ready_with) or
    /// [`ignore`](Context::ignore). A child that has done none of these within
    /// `limit` is killed and has failed to start.
    #[must_use]
    pub fn acknowledged(mut self, limit: Duration) -> Self {
        self.policy.acknowledgement = Acknowledgement::Within(Some(limit));
        self
    }

    /// Whether the child counts as a supervisor: for a process that starts others
    /// below itself. A supervisor is stopped without limit unless
    /// [`shutdown`](Self::shutdown) says otherwise, so call this first.
    #[must_use]
    pub fn kind(mut self, kind: ChildKind) -> Self {
        self.policy.kind = kind;
        if kind == ChildKind::Supervisor {
            self.policy.shutdown = ShutdownPolicy::Infinite;
            self.policy.trap_exit = true;
        }
        self
    }

    /// A restart limit of this child alone, besides its supervisor's: a restart
    /// counts for both. A child that exceeds its own limit is given up alone, and
    /// its siblings live. Its significance then counts as for a child that ended
    /// for good.
    #[must_use]
    pub fn limit(mut self, limit: RestartLimit) -> Self {
        self.policy.limit = Some(limit);
        self
    }

    /// A back-off of this child, instead of its supervisor's.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.policy.backoff = Some(backoff);
        self
    }

    /// Siblings tied to this child, both ways, across restarts: when one of the two
    /// ends for good, the other gets an exit signal as from a linked process. A
    /// supervised restart is not an end.
    ///
    /// A plain [`link`](Context::link) between siblings ties two processes, not two
    /// children, and fires at each end.
    #[must_use]
    pub fn peers<I>(mut self, peers: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Label>,
    {
        self.policy.peers = peers.into_iter().map(Into::into).collect();
        self
    }

    /// Earlier siblings that this child needs. Under
    /// [`Strategy::DependentsForOne`](super::Strategy::DependentsForOne) it is
    /// restarted with them; no other strategy looks at it.
    #[must_use]
    pub fn depends_on<I>(mut self, dependencies: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Label>,
    {
        self.policy.dependencies = dependencies.into_iter().map(Into::into).collect();
        self
    }

    /// The id.
    #[must_use]
    pub const fn id(&self) -> &Label {
        &self.policy.id
    }

    /// When the child is restarted.
    #[must_use]
    pub const fn restart_policy(&self) -> Restart {
        self.policy.restart
    }

    /// How the child is stopped.
    #[must_use]
    pub const fn shutdown_policy(&self) -> ShutdownPolicy {
        self.policy.shutdown
    }

    /// Whether the child is significant.
    #[must_use]
    pub const fn is_significant(&self) -> bool {
        self.policy.significant
    }

    /// Whether the child is itself a supervisor.
    #[must_use]
    pub const fn child_kind(&self) -> ChildKind {
        self.policy.kind
    }

    /// A child of either kind, with that kind's defaults.
    pub(super) fn new<B, F>(id: Label, kind: ChildKind, body: B) -> Self
    where
        B: Fn(Context<R>) -> F + Send + Sync + 'static,
        F: Future + Send + 'static,
        F::Output: IntoExit,
    {
        let body = Arc::new(body);
        let factory = Arc::new(move |context| -> ChildBody {
            let body = body.clone();
            // The call itself happens inside the child, which contains its panics.
            Box::pin(async move {
                let running = body(context);
                // A temporary child holds the last one: what it was started with must
                // not live as long as the child.
                drop(body);
                running.await.into_exit()
            })
        });
        Self {
            policy: ChildPolicy::new(id, kind),
            factory: Factory(factory),
            nested: None,
        }
    }
}

impl<R: Runtime> Clone for ChildSpec<R> {
    fn clone(&self) -> Self {
        Self {
            policy: self.policy.clone(),
            factory: self.factory.clone(),
            nested: self.nested.clone(),
        }
    }
}

impl<R: Runtime> fmt::Debug for ChildSpec<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
