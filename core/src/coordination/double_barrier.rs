//! A barrier that so many participants enter together and leave together.

use std::fmt;
use std::time::Duration;

use super::error::{BarrierError, QueueError};
use super::inside::Inside;
use super::insistence::Insistence;
use super::participation::Participation;
use super::patience::Patience;
use super::session::{Session, Shared};
use super::site::Site;
use crate::event::{BarrierEvent, CoordinationEvent};
use crate::label::Label;
use crate::runtime::{Runtime, timeout};
use crate::store::{ReadError, Revision, TransactError, Unknown};

/// The word of double barriers in keys.
const RECIPE: &str = "double-barrier";

/// A barrier for so many participants: nobody enters before all are there, and nobody
/// who is inside leaves before all others are leaving, or gone. Costs nothing until it
/// is used.
///
/// How many are expected is said by whoever comes, and all who come must say the same:
/// others are refused with [`Mismatch`](BarrierError::Mismatch), and whoever comes while
/// all are inside with [`TooMany`](BarrierError::TooMany). Once all are leaving, the
/// next generation may gather at once, and counts from nothing.
///
/// All were there means: at one revision of the store each had a place. Whoever dies is
/// not counted from the end of its session on, and one whose wait ended with an error is
/// not counted either. What may be left of a generation whose participants all died is
/// one key, which the next one takes over. Each call to [`enter`](Self::enter) is a
/// participant of its own, also under one session. Waiting costs each participant a
/// read when all are there, and coming costs as many attempts as others come at the same
/// time.
///
/// ```
/// # use std::time::Duration;
/// # use steadfast::coordination::{
/// #     Coordinator, CoordinatorOptions, DoubleBarrier, SessionOptions,
/// # };
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
/// let limit = Duration::from_secs(5);
/// let barrier = DoubleBarrier::new(&session, "round", 2);
/// let other = DoubleBarrier::new(&session, "round", 2);
/// let beside = tokio::spawn(async move {
///     let inside = other.enter(limit).await?;
///     inside.leave(limit).await
/// });
/// let inside = barrier.enter(limit).await?;
/// inside.leave(limit).await?;
/// beside.await??;
/// # session.close().await?;
/// # node.stop(Duration::from_secs(1)).await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DoubleBarrier<R: Runtime> {
    session: Session<R>,
    name: Label,
    expected: u64,
}

impl<R: Runtime> DoubleBarrier<R> {
    /// The double barrier of this name for so many participants, for a session.
    pub fn new(session: &Session<R>, name: impl Into<Label>, expected: u64) -> Self {
        Self {
            session: session.clone(),
            name: name.into(),
            expected,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &Label {
        &self.name
    }

    /// How many participants are expected.
    #[must_use]
    pub const fn expected(&self) -> u64 {
        self.expected
    }

    /// How many participants one can be for: all of them are compared in one
    /// transaction of the store, with two comparisons besides.
    #[must_use]
    pub fn expected_max(&self) -> u64 {
        let compares = self.session.store().limits().transaction_len_max;
        compares.saturating_sub(2) as u64
    }

    fn site(&self) -> Site {
        Site::new(self.session.shared().keyspace(RECIPE, &self.name))
    }

    /// Comes, and waits until all are there, for `within` at most, and for one
    /// [limit](crate::store::Store::limit) of the store more until it is certain that it
    /// is not counted. If all have come by then, it enters after all. Only if the store
    /// does not answer in that time either, it may still be counted after the answer,
    /// until its place has been removed in the background or with its session.
    ///
    /// # Errors
    ///
    /// See [`BarrierError`]; `Incomplete` if not all came in time, with how many are
    /// there without this one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws it: it is not counted any more in a moment, or, if
    /// the store does not answer, from the end of its session on.
    pub async fn enter(&self, within: Duration) -> Result<Inside<R>, BarrierError> {
        let (expected, expected_max) = (self.expected, self.expected_max());
        if expected == 0 || expected > expected_max {
            return Err(BarrierError::Count {
                barrier: self.name.clone(),
                expected,
                expected_max,
            });
        }
        let participation =
            Participation::new(&self.session, &self.name, self.site(), self.expected)?;
        Box::pin(participation.run(within)).await
    }

    /// Ends the generation that goes on: all who wait, before or inside, are answered
    /// with [`Reset`](BarrierError::Reset), and the next one counts from nothing. Answers
    /// which generation it was, if one went on.
    ///
    /// # Errors
    ///
    /// See [`BarrierError`]; `Refused` if it may happen later.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave the barrier reset or not.
    pub async fn reset(&self) -> Result<Option<Revision>, BarrierError> {
        let shared = self.session.shared();
        let (barrier, limit) = (self.name.clone(), shared.store().limit());
        let resetting = timeout(shared.runtime(), limit, self.end(shared));
        let reset = shared.unless_ended(Box::pin(resetting)).await;
        let failed = |error| BarrierError::of(error, barrier.clone());
        let reset = reset.map_err(|end| failed(QueueError::Session(end)))?;
        let reset = reset.map_err(|_| {
            let source = TransactError::Unknown(Unknown::TimedOut { limit });
            failed(QueueError::Transact(source))
        })??;
        if let Some(generation) = reset {
            let reset = BarrierEvent::Reset {
                barrier: barrier.clone(),
                generation,
            };
            shared.announce_all(vec![CoordinationEvent::Barrier(reset)]);
        }
        Ok(reset)
    }

    async fn end(&self, shared: &Shared<R>) -> Result<Option<Revision>, BarrierError> {
        let barrier = || self.name.clone();
        let (site, mut patience) = (self.site(), Patience::new());
        let generation = loop {
            match shared.store().get(site.generation()).await {
                Ok(None) => return Ok(None),
                Ok(Some(found)) => break found.create_revision,
                Err(ReadError::Unavailable(error)) => {
                    patience.pause(shared, "resetting a barrier", error).await;
                }
                Err(source) => {
                    let barrier = barrier();
                    return Err(BarrierError::Unreadable { barrier, source });
                }
            }
        };
        let mut insistence = Insistence::default();
        let ended = insistence.transact(
            shared,
            &mut patience,
            site.end(generation),
            "resetting a barrier",
        );
        match ended.await {
            Ok(done) => Ok((done.succeeded || insistence.in_doubt).then_some(generation)),
            Err(source) => {
                let barrier = barrier();
                Err(BarrierError::Refused { barrier, source })
            }
        }
    }
}

impl<R: Runtime> fmt::Debug for DoubleBarrier<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DoubleBarrier")
            .field("name", &self.name)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}
