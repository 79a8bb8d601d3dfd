//! Talking to a membership.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::config::MembershipConfig;
use super::counts::MembershipCounts;
use super::driver;
use super::error::{ConfigError, JoinError, LeaveError};
use super::hub::Hub;
use super::member::Member;
use super::peer::{Peer, PeerState};
use super::subscription::Subscription;
use crate::label::Label;
use crate::runtime::{Incarnation, NodeId, Runtime, timeout};
use crate::supervision::ChildSpec;

/// Who is in the cluster, as one node sees it. Cheap to clone.
///
/// It holds what is known; its [driver](Self::child_spec), a supervised child, keeps
/// that up to date. While the driver is being restarted the handle answers with what
/// was known last.
pub struct Membership<R: Runtime>(Arc<Hub<R>>);

impl<R: Runtime> Clone for Membership<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Runtime> Membership<R> {
    /// How long the driver may take to start.
    const START_LIMIT: Duration = Duration::from_secs(5);

    /// The membership of one incarnation of a node. Nothing happens until its driver
    /// runs.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`].
    pub fn new(runtime: &R, config: MembershipConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self(Hub::new(runtime.clone(), config)))
    }

    /// The driver, to be put under a supervisor: permanent, started once its port is
    /// open. Only one can run at a time.
    ///
    /// After a crash and a restart it goes on with the members that were known, under a
    /// renewed identity; nobody else notices. When it is asked to shut down it leaves
    /// the cluster first, if
    /// [`leaves_at_shutdown`](MembershipConfig::leaves_at_shutdown) says so, which takes
    /// some gossip periods at most.
    #[must_use]
    pub fn child_spec(&self, id: impl Into<Label>) -> ChildSpec<R> {
        let hub = self.0.clone();
        let body = move |context| driver::run(context, hub.clone());
        ChildSpec::worker(id, body)
            .trap_exit(true)
            .acknowledged(Self::START_LIMIT)
    }

    /// This node.
    #[must_use]
    pub fn own(&self) -> Member {
        self.0.own()
    }

    /// How this node takes part.
    #[must_use]
    pub fn config(&self) -> &MembershipConfig {
        &self.0.config
    }

    /// All members by node, this one included unless it has left.
    #[must_use]
    pub fn members(&self) -> Vec<Peer> {
        let mut members = self.0.peers();
        if !self.0.has_departed() {
            members.push(Peer {
                member: self.own(),
                state: PeerState::Alive,
            });
            members.sort_unstable();
        }
        members
    }

    /// The other members, by node.
    #[must_use]
    pub fn peers(&self) -> Vec<Peer> {
        self.0.peers()
    }

    /// Whether a node is a member, suspect or not. It may be dead, and a node that is
    /// none may be alive.
    #[must_use]
    pub fn is_up(&self, node: NodeId) -> bool {
        self.incarnation_of(node).is_some()
    }

    /// Which start of a node is a member; `None` if it is none.
    #[must_use]
    pub fn incarnation_of(&self, node: NodeId) -> Option<Incarnation> {
        let own = self.own();
        if node == own.node {
            return (!self.0.has_departed()).then_some(own.incarnation);
        }
        self.0.peer(node).map(|peer| peer.member.incarnation)
    }

    /// Follows the other members from now on, [`Subscription::CAPACITY`] changes of
    /// which may wait to be read.
    #[must_use = "a subscription that is dropped tells nothing"]
    pub fn subscribe(&self) -> Subscription<R> {
        self.subscribe_with(Subscription::<R>::CAPACITY)
    }

    /// As [`subscribe`](Self::subscribe), for another number of changes; at least one.
    #[must_use = "a subscription that is dropped tells nothing"]
    pub fn subscribe_with(&self, capacity: usize) -> Subscription<R> {
        let number = self.0.subscribe(capacity);
        Subscription::new(self.0.clone(), number)
    }

    /// Looks for a node from now on, as for a seed. A node that has left takes part
    /// again. Does not wait.
    ///
    /// # Errors
    ///
    /// See [`JoinError`].
    pub fn join(&self, node: NodeId) -> Result<(), JoinError> {
        self.0.wish_to_join(node)
    }

    /// Leaves the cluster: tells some members, who pass it on, and waits for their
    /// answers, at most `limit`. The driver goes on to run, and takes part again if
    /// asked to [`join`](Self::join).
    ///
    /// # Errors
    ///
    /// See [`LeaveError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, not the leaving.
    pub async fn leave(&self, limit: Duration) -> Result<(), LeaveError> {
        self.0.wish_to_leave();
        let departed = std::future::poll_fn(|context| self.0.poll_departed(context.waker()));
        timeout(&self.0.runtime, limit, departed)
            .await
            .unwrap_or(Err(LeaveError::TimedOut { limit }))
    }

    /// What was dropped so far.
    #[must_use]
    pub fn counts(&self) -> MembershipCounts {
        self.0.counts()
    }
}

impl<R: Runtime> fmt::Debug for Membership<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership")
            .field("own", &self.own())
            .field("peers", &self.peers())
            .finish()
    }
}
