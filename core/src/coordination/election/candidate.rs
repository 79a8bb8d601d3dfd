//! Campaigning, resuming, asking who leads.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::leader::{Leader, LeaderRecord};
use super::leadership::{Leadership, Led};
use super::observer::Observer;
use super::resuming::Resuming;
use crate::coordination::error::{ElectionError, QueueError};
use crate::coordination::held::Held;
use crate::coordination::kind::{LockKind, Share};
use crate::coordination::name::Keyspace;
use crate::coordination::place::Line as Candidates;
use crate::coordination::queue::{Line, Request, Terms};
use crate::coordination::session::{Claim, Session};
use crate::coordination::subject::Subject;
use crate::label::Label;
use crate::runtime::Runtime;
use crate::store::{Order, Read, Value};

/// The word of elections in keys and claims.
const RECIPE: &str = "election";

/// An election: candidates stand in line in the order in which the store took them, and
/// the first one leads. Costs nothing until it is used.
///
/// The term of a leader is the revision of the store at which it became a candidate:
/// terms strictly increase from leader to leader, whatever restarts in between.
///
/// ```
/// # use std::time::Duration;
/// # use steadfast::coordination::{Coordinator, CoordinatorOptions, Election, SessionOptions};
/// # use steadfast::process::Node;
/// # use steadfast::runtime::{NodeId, tokio::TokioRuntime};
/// # use steadfast::store::LocalStore;
/// # let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # executor.block_on(async {
/// # let node = Node::new(TokioRuntime::builder(NodeId(1)).build()?);
/// # let store = LocalStore::start(&node, "store", Default::default())?;
/// # let options = CoordinatorOptions::default();
/// # let coordinator = Coordinator::start(&node, "coordination", store, options).await?;
/// let session = coordinator.session(SessionOptions::default()).await?;
/// let election = Election::new(&session, "scheduler");
/// let mut observer = election.observe();
///
/// let leadership = election.campaign("node 1", Duration::from_secs(5)).await?;
/// let seen = observer.next().await?;
/// assert_eq!(seen.leader.map(|leader| leader.term), Some(leadership.term()));
/// leadership.resign().await?;
/// assert_eq!(observer.next().await?.leader, None);
/// # session.close().await?;
/// # node.stop(Duration::from_secs(1)).await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Election<R: Runtime> {
    session: Session<R>,
    name: Label,
}

impl<R: Runtime> Election<R> {
    /// The election of this name, for a session.
    pub fn new(session: &Session<R>, name: impl Into<Label>) -> Self {
        let (session, name) = (session.clone(), name.into());
        Self { session, name }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &Label {
        &self.name
    }

    fn candidates(&self) -> Keyspace {
        self.session.shared().keyspace(RECIPE, &self.name)
    }

    /// Stands as a candidate, and waits until it leads, for `within` at most. `value` is
    /// what it says of itself. A session that leads already goes on with the same term,
    /// and says `value` from here on.
    ///
    /// # Errors
    ///
    /// See [`ElectionError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the candidacy: it goes at once, or, if the store
    /// does not answer, with the session. It never leads unseen for longer than that.
    pub async fn campaign(
        &self,
        value: impl Into<Value>,
        within: Duration,
    ) -> Result<Leadership<R>, ElectionError> {
        let value = value.into();
        Box::pin(self.run(value, within)).await
    }

    async fn run(&self, value: Value, within: Duration) -> Result<Leadership<R>, ElectionError> {
        if let Some(leadership) = self.leadership() {
            leadership.proclaim(value).await?;
            return Ok(leadership);
        }
        let claim = self.claim()?;
        let line = Line {
            places: self.candidates(),
            wishes: None,
        };
        let terms = Terms {
            share: Share::ALL_OF_ONE,
            payload: value.to_vec(),
            capacity: None,
        };
        let subject = Subject::Election(self.name.clone());
        let request = Request::new(&self.session, subject, Some(claim), &[line], terms);
        let request = request.map_err(|error| self.error(error))?;
        let held = request.acquire(within).await;
        held.map_or_else(|error| Err(self.error(error)), |held| Ok(self.lead(held)))
    }

    /// Goes on with a leadership that was saved, under this election's session, with the
    /// same term. The leadership passes from the session that it was under before in one
    /// step of the store.
    ///
    /// # Errors
    ///
    /// See [`ElectionError`]; `NotLeader` if it was lost meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave the leadership under this session, from where it is
    /// then removed in the background.
    pub async fn resume(
        &self,
        record: &LeaderRecord,
        value: impl Into<Value>,
    ) -> Result<Leadership<R>, ElectionError> {
        let value = value.into();
        Box::pin(self.take_over(record, value)).await
    }

    async fn take_over(
        &self,
        record: &LeaderRecord,
        value: Value,
    ) -> Result<Leadership<R>, ElectionError> {
        let not_leader = |cause| ElectionError::NotLeader {
            election: self.name.clone(),
            cause,
        };
        if !self.candidates().range().contains(&record.key) {
            return Err(not_leader(None));
        }
        let claim = self.claim()?;
        let resuming = Resuming {
            session: &self.session,
            election: &self.name,
            line: self.candidates().range(),
            record,
            value,
        };
        match resuming.run(claim).await {
            Ok(Some(held)) => Ok(self.lead(held)),
            Ok(None) => Err(not_leader(None)),
            Err(error) => Err(self.error(error)),
        }
    }

    fn lead(&self, held: Held<R>) -> Leadership<R> {
        let led = Arc::new(Led::new(self.name.clone(), held));
        self.session.shared().leads(&self.name, &led);
        Leadership::new(led)
    }

    /// The leadership of the session, if it leads.
    #[must_use]
    pub fn leadership(&self) -> Option<Leadership<R>> {
        let led = self.session.shared().led(&self.name)?;
        let leadership = Leadership::new(led);
        leadership.is_leading().then_some(leadership)
    }

    fn claim(&self) -> Result<Claim, ElectionError> {
        let claims = self.session.shared().claims();
        let names = std::slice::from_ref(&self.name);
        let claimed = claims.claim(RECIPE, names, LockKind::Mutex);
        claimed.map_err(|_| ElectionError::AlreadyCampaigning {
            election: self.name.clone(),
        })
    }

    /// Who leads now.
    ///
    /// # Errors
    ///
    /// See [`ElectionError`]; `NoLeader` if nobody does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    pub async fn leader(&self) -> Result<Leader, ElectionError> {
        let election = || self.name.clone();
        let read = Read::new(self.candidates().range());
        let read = read.order(Order::CreateRevision).limit(1);
        let reading = self.session.store().read(read).await;
        let reading = reading.map_err(|source| ElectionError::Unreadable {
            election: election(),
            source,
        })?;
        let first = Candidates::of(&reading).into_first();
        first
            .map(Leader::of)
            .ok_or_else(|| ElectionError::NoLeader {
                election: election(),
            })
    }

    /// Follows who leads: first the leader of now, then every change, also of what a
    /// leader says of itself. Never shows an older leader after a newer one.
    #[must_use]
    pub fn observe(&self) -> Observer<R> {
        let range = self.candidates().range();
        Observer::new(&self.session, self.name.clone(), range)
    }

    fn error(&self, error: QueueError) -> ElectionError {
        ElectionError::of(error, self.name.clone())
    }
}

impl<R: Runtime> fmt::Debug for Election<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Election")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
