//! A barrier that a session holds, and that others wait for.

use std::fmt;
use std::time::Duration;

use super::error::{BarrierError, ReleaseError};
use super::gate::Waiter;
use super::held::Held;
use super::kind::Share;
use super::listening::heard;
use super::loss::LossCause;
use super::name::Keyspace;
use super::patience::Patience;
use super::queue::{Line, Request, Terms};
use super::session::{Session, Shared};
use super::subject::Subject;
use super::subject_barrier::Part;
use crate::event::{BarrierEvent, CoordinationEvent};
use crate::label::Label;
use crate::runtime::{Runtime, timeout};
use crate::store::{Read, ReadError, Revision, WatchError};

/// The word of barriers in keys.
const RECIPE: &str = "barrier";

/// A barrier that one session holds, while others wait until it is lifted. Costs
/// nothing until it is used.
///
/// Those who wait when it is lifted all pass, even if it is held again at once. It is
/// lifted also when the session of its holder ends, however that comes about. A session
/// that waits for a barrier that it holds itself waits until its time limit, or until
/// another task lifts it.
///
/// ```
/// # use std::time::Duration;
/// # use steadfast::coordination::{Barrier, Coordinator, CoordinatorOptions, SessionOptions};
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
/// let migration = Barrier::new(&session, "migration");
/// let held = migration.hold().await?;
/// assert!(migration.wait(Duration::from_millis(10)).await.is_err());
/// held.release().await?;
/// migration.wait(Duration::from_secs(5)).await?;
/// # session.close().await?;
/// # node.stop(Duration::from_secs(1)).await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Barrier<R: Runtime> {
    session: Session<R>,
    name: Label,
}

impl<R: Runtime> Barrier<R> {
    /// The barrier of this name, for a session.
    pub fn new(session: &Session<R>, name: impl Into<Label>) -> Self {
        let (session, name) = (session.clone(), name.into());
        Self { session, name }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &Label {
        &self.name
    }

    fn holders(&self) -> Keyspace {
        self.session.shared().keyspace(RECIPE, &self.name)
    }

    /// Holds the barrier, if nobody does. A barrier whose guard was dropped and not
    /// released may still be held for a moment. Answers within the
    /// [limit](crate::store::Store::limit) of one operation of the store.
    ///
    /// # Errors
    ///
    /// See [`BarrierError`]; `AlreadyHeld` if somebody does, the same session perhaps.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the barrier as it was, at once or in the background.
    pub async fn hold(&self) -> Result<BarrierGuard<R>, BarrierError> {
        let line = Line {
            places: self.holders(),
            wishes: None,
        };
        let terms = Terms {
            share: Share::ALL_OF_ONE,
            payload: Vec::new(),
            capacity: None,
        };
        let subject = Subject::Barrier(Part::Holder(self.name.clone()));
        let failed = |error| BarrierError::of(error, self.name.clone());
        let request = Request::new(&self.session, subject, None, &[line], terms);
        let request = request.map_err(failed)?;
        let held = Box::pin(request.try_acquire()).await.map_err(failed)?;
        Ok(BarrierGuard(held))
    }

    /// Waits until the barrier is lifted that is held now, for `within` at most. Passes
    /// at once if nobody holds it. Leaves nothing in the store.
    ///
    /// # Errors
    ///
    /// See [`BarrierError`]: `TimedOut`, or `SessionEnded` once its session has.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect; another call waits for what is held then.
    pub async fn wait(&self, within: Duration) -> Result<(), BarrierError> {
        let shared = self.session.shared();
        let (session, barrier) = (shared.id(), self.name.clone());
        let outcome = Box::pin(self.pass(shared, within)).await;
        let fact = match &outcome {
            Ok(generation) => BarrierEvent::Passed {
                barrier,
                session,
                generation: *generation,
            },
            Err(error) => BarrierEvent::Refused {
                barrier,
                session,
                why: Label::from(format!("{error}")),
            },
        };
        shared.announce_all(vec![CoordinationEvent::Barrier(fact)]);
        outcome.map(drop)
    }

    async fn pass(&self, shared: &Shared<R>, within: Duration) -> Result<Revision, BarrierError> {
        let barrier = || self.name.clone();
        let ended = |end| BarrierError::SessionEnded {
            barrier: barrier(),
            end,
        };
        shared.check().map_err(ended)?;
        let waiting = timeout(shared.runtime(), within, self.lifted(shared));
        let waited = shared.unless_ended(waiting).await.map_err(ended)?;
        let barrier = barrier();
        waited.map_err(|_| BarrierError::TimedOut { barrier, within })?
    }

    /// Waits until it is lifted. Answers the generation that was waited for.
    async fn lifted(&self, shared: &Shared<R>) -> Result<Revision, BarrierError> {
        let range = self.holders().range();
        let (mut waiter, mut patience) = (Waiter::default(), Patience::new());
        loop {
            let reading = match shared.store().read(Read::new(range.clone())).await {
                Ok(reading) => reading,
                Err(ReadError::Unavailable(error)) => {
                    patience.pause(shared, "reading a barrier", error).await;
                    continue;
                }
                Err(source) => {
                    let barrier = self.name.clone();
                    return Err(BarrierError::Unreadable { barrier, source });
                }
            };
            if waiter.sees(&reading) {
                return Ok(waiter.generation());
            }
            let minds = |change: &_| waiter.minds(change);
            match heard(shared, range.clone(), reading.revision, minds).await {
                Ok(()) => return Ok(waiter.generation()),
                Err(WatchError::Compacted { .. }) => {}
                Err(error) => patience.pause(shared, "watching a barrier", error).await,
            }
        }
    }
}

impl<R: Runtime> fmt::Debug for Barrier<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A barrier that is held. Dropping it lifts the barrier in the background: those who
/// wait may have to wait a moment longer than after [`release`](Self::release).
#[must_use = "a barrier is held as long as its guard exists"]
pub struct BarrierGuard<R: Runtime>(Held<R>);

impl<R: Runtime> BarrierGuard<R> {
    /// Says which of two times that the barrier was held is the later one.
    #[must_use]
    pub fn generation(&self) -> Revision {
        self.0.token().0
    }

    /// The session that holds it.
    #[must_use]
    pub const fn session(&self) -> &Session<R> {
        self.0.session()
    }

    /// Whether it is held now, by everything that is known here, this node's clock
    /// included.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.0.is_held()
    }

    /// Waits until the barrier is lost: its session has ended, or somebody removed its
    /// place from the store. Never completes once it is released.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn lost(&self) -> LossCause {
        Box::pin(self.0.lost()).await
    }

    /// Lifts the barrier, and waits until the store has confirmed it, for the
    /// [limit](crate::store::Store::limit) of one operation at most.
    ///
    /// # Errors
    ///
    /// See [`ReleaseError`]. The barrier is not held by this guard any more in any case.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future lifts it in the background.
    pub async fn release(&self) -> Result<(), ReleaseError> {
        Box::pin(self.0.release()).await
    }
}

impl<R: Runtime> fmt::Debug for BarrierGuard<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierGuard")
            .field("generation", &self.generation())
            .field("held", &self.is_held())
            .finish_non_exhaustive()
    }
}
