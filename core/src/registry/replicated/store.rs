//! The replica of a node with the lock around it, shared by callers and driver.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::config::{ReplicatedConfig, ReplicatedConfigError};
use super::driver;
use super::effect::Effect;
use super::feed::MemberFeed;
use super::inspection::PeerStats;
use super::origin::Origin;
use super::readers::{Readers, stream_of};
use super::replica::Replica;
use super::wire::{self, Body, Packet, Seal};
use crate::event::RegistryEvent;
use crate::label::Label;
use crate::process::{ExitReason, ProcessId};
use crate::registry::backend::SharedHost;
use crate::registry::backend_spec::BackendSpec;
use crate::registry::change::Change;
use crate::registry::entry::Entry;
use crate::registry::local::Table;
use crate::runtime::{NodeId, Runtime, Timestamp};
use crate::supervision::ChildSpec;

/// What only the driver can do, since it needs the network or its own process.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pub(super) sends: Vec<(Vec<NodeId>, Vec<u8>)>,
    pub(super) warnings: Vec<Label>,
}

impl Outbox {
    pub(super) const fn is_empty(&self) -> bool {
        self.sends.is_empty() && self.warnings.is_empty()
    }
}

/// What has been dealt with, and waits for the lock to be let go of.
#[derive(Default)]
struct Spent {
    batch: Vec<Change>,
    changes: Vec<Change>,
    entries: Vec<Entry>,
    exits: Vec<(ProcessId, ExitReason)>,
}

/// How much was refused on the wire, and which incidents were said.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    pub(super) garbage: u64,
    pub(super) other_version: BTreeSet<NodeId>,
    pub(super) other_registry: BTreeSet<NodeId>,
    /// Sends that the network refused.
    pub(super) refused_sends: u64,
}

pub(super) struct State {
    pub(super) replica: Replica,
    pub(super) table: Table,
    pub(super) outbox: Outbox,
    pub(super) complaints: Complaints,
    /// When the driver last did something.
    pub(super) now: Timestamp,
    pub(super) driven: bool,
    driver: Option<Waker>,
}

pub(super) struct Shared {
    pub(super) host: SharedHost,
    pub(super) config: Arc<ReplicatedConfig>,
    pub(super) readers: Readers,
    pub(super) seal: Seal,
    state: Mutex<State>,
}

/// The AP backend: a registry that is shared by the nodes of a cluster, and that
/// answers on every side of a split. Cheap to clone; all clones are one backend.
///
/// | | |
/// |---|---|
/// | a name is registered | at once, if nobody holds it as far as this node knows |
/// | other nodes see it | as soon as they hear of it |
/// | two nodes gave a name away | one claim wins by rule, on every node the same; the loser's node takes it back and, unless configured otherwise, asks the loser to exit |
/// | a node is taken for dead | its names go; they come back if that was wrong |
/// | a scope | exists on every node while some member has it open; closing it on a node hides it there, and removes what that node held in it |
/// | values of the whole registry | the last write wins, and outlives its writer |
///
/// The order of conflicts is [`Resolver`](super::Resolver) if there is one, then higher
/// priority, then earlier [`Stamp`](super::Stamp), then lower process. All of these are
/// fixed by the first registration: registering again does not change the priority.
///
/// What a node sees on the way to agreement is what it knows so far, of a unique name
/// never more than one holder:
///
/// - Changes of a peer come in batches. A name of this node whose conflict is won and
///   whose winner ends within one batch is seen lost, with
///   [`Cause::Conflict`](crate::registry::Cause::Conflict), and registered again. Its
///   holder kept it throughout and is told nothing: a name is given up only where
///   [`ConflictLost`](crate::event::RegistryEvent::ConflictLost) says so. To give it up
///   at once would leave nobody with it.
/// - A third node hears of the end of a winner from the one node and that the loser has
///   yielded from the other. If it hears of the end first, it sees the loser until it
///   hears of the rest. It cannot know better: the loser may just as well have kept the
///   name.
///
/// It needs its [driver](Self::child_spec) to hear and to be heard. Without it, it is a
/// local registry that says that it is not healthy. Everything is kept here and nothing
/// in the driver, so that a driver that is restarted goes on where it was.
#[derive(Clone)]
pub struct Replicated {
    pub(super) shared: Arc<Shared>,
}

impl Replicated {
    /// The longest message that is sent unless one registration is longer, in bytes.
    const MESSAGE_LEN: usize = 60_000;

    /// The backend of one registry of a node. Nothing is replicated until its driver
    /// runs.
    ///
    /// # Errors
    ///
    /// See [`ReplicatedConfigError`].
    pub fn new<R: Runtime>(
        host: SharedHost,
        runtime: &R,
        config: ReplicatedConfig,
    ) -> Result<Self, ReplicatedConfigError> {
        config.validate()?;
        Ok(Self::valid(host, runtime, config))
    }

    /// As [`new`](Self::new), with a configuration that was validated.
    pub(super) fn valid<R: Runtime>(
        host: SharedHost,
        runtime: &R,
        config: ReplicatedConfig,
    ) -> Self {
        let config = Arc::new(config);
        let me = Origin {
            node: host.node(),
            incarnation: host.incarnation(),
            // Never the same twice in one incarnation: its clock does not go back.
            life: runtime.now().0,
        };
        let registry = host.registry().clone();
        let seal = Seal::of(&registry);
        let (readers, table) = Readers::new(runtime, &stream_of(&registry), &config.indexes);
        let len_max = runtime.payload_len_max().min(Self::MESSAGE_LEN);
        let room = len_max.saturating_sub(wire::PACKET_LEN);
        let replica = Replica::new(me, registry, config.clone(), room);
        let state = Mutex::new(State {
            replica,
            table,
            outbox: Outbox::default(),
            complaints: Complaints::default(),
            now: runtime.now(),
            driven: false,
            driver: None,
        });
        let shared = Arc::new(Shared {
            host,
            config,
            readers,
            seal,
            state,
        });
        Self { shared }
    }

    /// The driver, to be put under a supervisor before the processes that are to be
    /// registered: permanent, started once its port is open. `feed` is asked for a fresh
    /// feed at each start, such as
    /// [`Membership::subscribe`](crate::membership::Membership::subscribe).
    ///
    /// When it is asked to shut down it sends what was not sent yet, and ends.
    #[must_use]
    pub fn child_spec<R, M, F>(&self, id: impl Into<Label>, feed: F) -> ChildSpec<R>
    where
        R: Runtime,
        M: MemberFeed,
        F: Fn() -> M + Send + Sync + 'static,
    {
        let shared = self.shared.clone();
        let body = move |context| driver::run(context, shared.clone(), Box::new(feed()));
        ChildSpec::worker(id, body)
            .trap_exit(true)
            .acknowledged(driver::START_LIMIT)
    }

    /// A registry with this backend, for
    /// [`Registry::new_on`](crate::registry::Registry::new_on) and
    /// [`Registry::switch_to`](crate::registry::Registry::switch_to); `feed` as for
    /// [`child_spec`](Self::child_spec). It works as `config` says and as nothing else:
    /// neither `owner_only` nor the indexes of the registry's own configuration reach it.
    ///
    /// # Errors
    ///
    /// See [`ReplicatedConfigError`].
    pub fn spec<R, M, F>(
        config: ReplicatedConfig,
        feed: F,
    ) -> Result<BackendSpec<R>, ReplicatedConfigError>
    where
        R: Runtime,
        M: MemberFeed,
        F: Fn() -> M + Send + Sync + 'static,
    {
        config.validate()?;
        Ok(BackendSpec::driven(move |node, host| {
            let backend = Self::valid(host, node.runtime(), config);
            let driver = backend.child_spec("replication", feed);
            (Arc::new(backend), driver)
        }))
    }

    /// Lets go of every name of this node, so that others can have it at once, and takes
    /// no registration any more. Answers how many there were. For a node that is about
    /// to leave: its processes may go on, without names.
    pub fn hand_over(&self) -> usize {
        self.shared.step(Replica::hand_over)
    }

    /// What is known of the other nodes, in their order.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerStats> {
        let state = self.shared.lock();
        state.replica.peer_stats(state.now)
    }
}

impl fmt::Debug for Replicated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("Replicated")
            .field("origin", &state.replica.me)
            .field("entries", &state.replica.view.shown())
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under this lock is a bug; what can be read still can.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the replica do something, and all that follows from it but messages.
    pub(super) fn step<T>(&self, act: impl FnOnce(&mut Replica) -> T) -> T {
        self.settle(act, true)
    }

    /// As [`step`](Self::step), without telling those who watch.
    pub(super) fn step_unheard<T>(&self, act: impl FnOnce(&mut Replica) -> T) -> T {
        self.settle(act, false)
    }

    fn settle<T>(&self, act: impl FnOnce(&mut Replica) -> T, heard: bool) -> T {
        // What users gave is dropped after the lock: it may do anything when it goes.
        let mut spent = Spent::default();
        let (answer, driver) = {
            let mut state = self.lock();
            let answer = act(&mut state.replica);
            for effect in state.replica.effects() {
                self.readers.show(&mut state.table, &effect);
                self.perform(&mut state, effect, heard, &mut spent);
            }
            self.tell(heard, &mut spent);
            let waited_for = state.replica.has_news() || !state.outbox.is_empty();
            (answer, waited_for.then(|| state.driver.take()).flatten())
        };
        for (process, reason) in &spent.exits {
            self.host.exit(*process, reason);
        }
        if let Some(driver) = driver {
            driver.wake();
        }
        answer
    }

    fn perform(&self, state: &mut State, effect: Effect, heard: bool, spent: &mut Spent) {
        // Changes that follow each other are told as one.
        if !matches!(effect, Effect::Change(_)) {
            self.tell(heard, spent);
        }
        let registry = || self.host.registry().clone();
        match effect {
            Effect::Change(change) => spent.batch.push(change),
            Effect::Refresh { entry, before } => spent.entries.extend([entry, before]),
            Effect::OpenScope(scope, keys) if heard => {
                self.host.announce(RegistryEvent::ScopeOpened {
                    registry: registry(),
                    scope,
                    keys,
                });
            }
            Effect::CloseScope(scope) if heard => {
                self.host.announce(RegistryEvent::ScopeClosed {
                    registry: registry(),
                    scope,
                });
            }
            Effect::OpenScope(..) | Effect::CloseScope(_) => {}
            Effect::Fact(fact) => self.host.announce(fact),
            Effect::Warn(what) => state.outbox.warnings.push(what),
            Effect::Exit(process, reason) => spent.exits.push((process, reason)),
            Effect::Send(to, body) => self.post(state, vec![to], body),
            Effect::SendAll(to, body) => self.post(state, to, body),
        }
    }

    fn tell(&self, heard: bool, spent: &mut Spent) {
        if heard && !spent.batch.is_empty() {
            self.host.changed(&spent.batch);
        }
        spent.changes.append(&mut spent.batch);
    }

    fn post(&self, state: &mut State, to: Vec<NodeId>, body: Body) {
        let packet = Packet {
            from: state.replica.me,
            clock: state.replica.clock,
            body,
        };
        let bytes = self.seal.encode(&packet);
        state.outbox.sends.push((to, bytes));
    }

    /// Whether there is something to send, or the waker is woken once there is.
    pub(super) fn poll_news(&self, waker: &Waker) -> Poll<()> {
        let mut state = self.lock();
        if state.replica.has_news() || !state.outbox.is_empty() {
            return Poll::Ready(());
        }
        match &state.driver {
            Some(known) if known.will_wake(waker) => {}
            _ => state.driver = Some(waker.clone()),
        }
        Poll::Pending
    }
}
