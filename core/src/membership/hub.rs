//! What the driver and the handles share: who is a member, and what users wish.
//!
//! It outlives the driver, so that a crash of the driver loses neither the members nor
//! those who follow them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::complaints::Complaints;
use super::config::MembershipConfig;
use super::counts::MembershipCounts;
use super::envelope::ClusterId;
use super::error::{JoinError, LeaveError};
use super::identity::Identity;
use super::member::Member;
use super::peer::Peer;
use super::roster::Roster;
use super::subscription::{MemberChange, Queue};
use crate::event::{Event, MembershipEvent};
use crate::process::Context;
use crate::runtime::{NodeId, Runtime};

/// What the driver is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It does not run.
    Absent,
    /// It takes part.
    Running,
    /// It has left; whether anyone has answered its farewell.
    Departed { answered: bool },
}

/// What users have asked for and the driver has not yet taken up.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) leave: bool,
    pub(super) join: BTreeSet<NodeId>,
}

struct State {
    roster: Roster,
    stage: Stage,
    /// The last generation that was used.
    generation: Option<u32>,
    wishes: Wishes,
    driver: Option<Waker>,
    leavers: Vec<Waker>,
    queues: BTreeMap<u64, Queue>,
    subscriptions: u64,
    complaints: Complaints,
    counts: MembershipCounts,
}

/// Shared by a membership's driver, its handles and its subscriptions.
pub(super) struct Hub<R: Runtime> {
    pub(super) runtime: R,
    pub(super) config: MembershipConfig,
    pub(super) cluster: ClusterId,
    state: Mutex<State>,
}

impl<R: Runtime> Hub<R> {
    pub(super) fn new(runtime: R, config: MembershipConfig) -> Arc<Self> {
        let state = State {
            roster: Roster::new(runtime.node()),
            stage: Stage::Absent,
            generation: None,
            wishes: Wishes::default(),
            driver: None,
            leavers: Vec::new(),
            queues: BTreeMap::new(),
            subscriptions: 0,
            complaints: Complaints::default(),
            counts: MembershipCounts::default(),
        };
        Arc::new(Self {
            cluster: ClusterId::of(&config.cluster),
            runtime,
            config,
            state: Mutex::new(state),
        })
    }

    pub(super) fn own(&self) -> Member {
        Member {
            node: self.runtime.node(),
            incarnation: self.runtime.incarnation(),
        }
    }

    pub(super) fn peers(&self) -> Vec<Peer> {
        self.state().roster.peers()
    }

    pub(super) fn peer(&self, node: NodeId) -> Option<Peer> {
        self.state().roster.peer(node)
    }

    /// Whether all news of a member is old; see [`Roster::is_outdated`].
    pub(super) fn is_outdated(&self, member: Member) -> bool {
        self.state().roster.is_outdated(member)
    }

    pub(super) fn identities(&self) -> Vec<Identity> {
        self.state().roster.identities()
    }

    pub(super) fn has_departed(&self) -> bool {
        matches!(self.state().stage, Stage::Departed { .. })
    }

    pub(super) fn counts(&self) -> MembershipCounts {
        self.state().counts
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut MembershipCounts)) {
        count(&mut self.state().counts);
    }

    pub(super) fn with_complaints<T>(&self, change: impl FnOnce(&mut Complaints) -> T) -> T {
        change(&mut self.state().complaints)
    }

    /// A driver begins. Answers its identity and what was known before; `Err` with the
    /// last identity if the node has left.
    pub(super) fn begin(
        &self,
        context: &Context<R>,
    ) -> Result<(Identity, Vec<foca::Member<Identity>>), Identity> {
        let mut state = self.state();
        if let Stage::Departed { .. } = state.stage {
            return Err(self.identity(state.generation.unwrap_or(0)));
        }
        state.stage = Stage::Running;
        let identity = self.next_identity(&mut state, context);
        Ok((identity, state.roster.table()))
    }

    /// The driver has taken on another identity.
    pub(super) fn renew(&self, context: &Context<R>, identity: Identity) {
        let mut state = self.state();
        state.generation = Some(identity.generation);
        announce_renewal(context, identity.member(), identity.generation);
    }

    /// Takes in the table of the protocol, and tells everyone what has changed.
    pub(super) fn publish(&self, context: &Context<R>, table: &[&foca::Member<Identity>]) {
        let mut readers = Vec::new();
        {
            let mut state = self.state();
            let State { roster, queues, .. } = &mut *state;
            let changes = roster.update(table);
            if changes.is_empty() {
                return;
            }
            for fact in changes.iter().filter_map(fact) {
                // Under the lock, so that the order of facts is that of the roster.
                context.announce(&Event::Membership(fact));
            }
            for queue in queues.values_mut() {
                readers.extend(queue.push(&changes, || roster.peers()));
            }
        }
        readers.into_iter().for_each(Waker::wake);
    }

    /// The driver has left, and knows of nobody any more.
    pub(super) fn depart(&self, context: &Context<R>, answered: bool) {
        let mut wakers = Vec::new();
        {
            let mut state = self.state();
            state.stage = Stage::Departed { answered };
            state.wishes.leave = false;
            state.roster.clear();
            let member = self.own();
            context.announce(&Event::Membership(MembershipEvent::Departed { member }));
            wakers.append(&mut state.leavers);
            for queue in state.queues.values_mut() {
                wakers.extend(queue.restart(Vec::new()));
            }
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The driver takes part again after it has left. Answers its identity.
    pub(super) fn rejoin(&self, context: &Context<R>) -> Identity {
        let mut state = self.state();
        state.stage = Stage::Running;
        self.next_identity(&mut state, context)
    }

    /// The driver has ended. One that had left for good stays away when it is started
    /// again; one that was merely stopped does not.
    pub(super) fn end(&self, stopped: bool) {
        let leavers = {
            let mut state = self.state();
            if stopped || state.stage == Stage::Running {
                state.stage = Stage::Absent;
            }
            state.driver = None;
            std::mem::take(&mut state.leavers)
        };
        leavers.into_iter().for_each(Waker::wake);
    }

    /// Asks the driver to look for a node.
    pub(super) fn wish_to_join(&self, node: NodeId) -> Result<(), JoinError> {
        let driver = {
            let mut state = self.state();
            let join = &mut state.wishes.join;
            if join.len() >= MembershipConfig::SEEDS_MAX && !join.contains(&node) {
                return Err(JoinError::TooManyPending);
            }
            join.insert(node);
            state.driver.take()
        };
        driver.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Asks the driver to leave.
    pub(super) fn wish_to_leave(&self) {
        let driver = {
            let mut state = self.state();
            if state.stage != Stage::Running {
                return;
            }
            state.wishes.leave = true;
            state.driver.take()
        };
        driver.into_iter().for_each(Waker::wake);
    }

    /// Whether the driver has left.
    pub(super) fn poll_departed(&self, waker: &Waker) -> Poll<Result<(), LeaveError>> {
        let mut state = self.state();
        match state.stage {
            Stage::Absent => Poll::Ready(Err(LeaveError::NotRunning)),
            Stage::Departed { answered: true } => Poll::Ready(Ok(())),
            Stage::Departed { answered: false } => Poll::Ready(Err(LeaveError::Unanswered)),
            Stage::Running => {
                if !state.leavers.iter().any(|known| known.will_wake(waker)) {
                    state.leavers.push(waker.clone());
                }
                Poll::Pending
            }
        }
    }

    /// What users wish, for the driver.
    pub(super) fn poll_wishes(&self, waker: &Waker) -> Poll<Wishes> {
        let mut state = self.state();
        if state.wishes.leave || !state.wishes.join.is_empty() {
            return Poll::Ready(std::mem::take(&mut state.wishes));
        }
        match &state.driver {
            Some(known) if known.will_wake(waker) => {}
            _ => state.driver = Some(waker.clone()),
        }
        Poll::Pending
    }

    /// Begins a subscription; answers its number.
    pub(super) fn subscribe(&self, capacity: usize) -> u64 {
        let mut state = self.state();
        let snapshot = MemberChange::Snapshot {
            peers: state.roster.peers(),
            resync: false,
        };
        state.subscriptions += 1;
        let number = state.subscriptions;
        state.queues.insert(number, Queue::new(capacity, snapshot));
        number
    }

    pub(super) fn unsubscribe(&self, number: u64) {
        // Dropped after the lock is released: it may hold a waker.
        let queue = self.state().queues.remove(&number);
        drop(queue);
    }

    pub(super) fn with_queue<T>(
        &self,
        number: u64,
        ask: impl FnOnce(&mut Queue) -> T,
    ) -> Option<T> {
        self.state().queues.get_mut(&number).map(ask)
    }

    /// The first identity, or the one after the last.
    fn next_identity(&self, state: &mut State, context: &Context<R>) -> Identity {
        let generation = state.generation.map_or(0, |last| last.saturating_add(1));
        state.generation = Some(generation);
        if generation > 0 {
            announce_renewal(context, self.own(), generation);
        }
        self.identity(generation)
    }

    fn identity(&self, generation: u32) -> Identity {
        let own = self.own();
        Identity::new(own.node, own.incarnation, generation)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Observers must not panic, and nothing else under this lock can.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn announce_renewal<R: Runtime>(context: &Context<R>, member: Member, generation: u32) {
    context.announce(&Event::Membership(MembershipEvent::IdentityRenewed {
        member,
        generation,
    }));
}

/// The fact that a change is.
const fn fact(change: &MemberChange) -> Option<MembershipEvent> {
    match change {
        MemberChange::Snapshot { .. } => None,
        MemberChange::Up(member) => Some(MembershipEvent::MemberUp { member: *member }),
        MemberChange::Suspected(member) => {
            Some(MembershipEvent::MemberSuspected { member: *member })
        }
        MemberChange::Refuted(member) => Some(MembershipEvent::MemberRefuted { member: *member }),
        MemberChange::Down(member) => Some(MembershipEvent::MemberDown { member: *member }),
        MemberChange::Left(member) => Some(MembershipEvent::MemberLeft { member: *member }),
    }
}
