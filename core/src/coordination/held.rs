//! What a granted request has: something that is held until it is let go of or lost.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use super::error::ReleaseError;
use super::insistence::Insistence;
use super::kind::{LockKind, Share};
use super::loss::LossCause;
use super::patience::Patience;
use super::place::encode;
use super::queue::Spot;
use super::session::{Hold, HoldEnd, Session};
use super::subject::Subject;
use super::token::FencingToken;
use super::withdrawal::{Slot, Withdrawal};
use crate::runtime::{Runtime, timeout};
use crate::store::{
    Change, Compare, Key, KeyRange, LeaseId, Operand, Operation, Read, Relation, TransactError,
    Transaction, Unavailable, WatchError,
};

/// Something that is held. Dropping it lets go in the background.
pub(super) struct Held<R: Runtime> {
    session: Session<R>,
    hold: Arc<Hold>,
    spots: Vec<Spot>,
    slot: Mutex<Option<Slot<R>>>,
}

impl<R: Runtime> Held<R> {
    pub(super) const fn new(
        session: Session<R>,
        hold: Arc<Hold>,
        spots: Vec<Spot>,
        slot: Option<Slot<R>>,
    ) -> Self {
        Self {
            session,
            hold,
            spots,
            slot: Mutex::new(slot),
        }
    }

    pub(super) const fn session(&self) -> &Session<R> {
        &self.session
    }

    pub(super) fn spots(&self) -> &[Spot] {
        &self.spots
    }

    /// How it ended, if it has by everything that is known here.
    pub(super) fn ended(&self) -> Option<HoldEnd> {
        self.session.shared().end_if_due();
        self.hold.ended.get()
    }

    /// What is held from here on is of another kind.
    pub(super) fn becomes(&self, kind: LockKind) {
        self.hold.becomes(kind);
    }

    /// What comes of it is said of this from here on.
    pub(super) fn is_about(&self, subject: Subject) {
        self.hold.is_about(subject);
    }

    pub(super) fn token(&self) -> FencingToken {
        self.hold.token()
    }

    /// Whether it is held now, by everything that is known here.
    pub(super) fn is_held(&self) -> bool {
        self.session.is_alive() && self.hold.ended.get().is_none()
    }

    /// The comparisons that hold as long as it is held.
    pub(super) fn still_held(&self) -> Vec<Compare> {
        let session: LeaseId = self.session.id();
        let token = self.token();
        let compares = self.spots.iter().flat_map(|spot| {
            let lease = Operand::Lease(Some(session));
            let own = Compare::new(KeyRange::key(&spot.key), Relation::Equal, lease);
            [Compare::create_revision(&spot.key, token.0), own]
        });
        compares.collect()
    }

    /// The store says that it is not held any more. Answers how that came.
    pub(super) fn not_held(&self) -> HoldEnd {
        let removed = HoldEnd::Lost(LossCause::Removed);
        let ended = self.session.shared().end_hold(&self.hold, removed);
        ended.err().unwrap_or(removed)
    }

    /// Waits until it is lost. Never completes if it is let go of.
    pub(super) async fn lost(&self) -> LossCause {
        let mut ended = pin!(self.hold.ended.wait());
        let mut removed = pin!(self.removed());
        let end = std::future::poll_fn(|context| {
            if let Poll::Ready(end) = ended.as_mut().poll(context) {
                return Poll::Ready(end);
            }
            removed.as_mut().poll(context).map(|()| self.not_held())
        })
        .await;
        match end {
            HoldEnd::Lost(cause) => cause,
            HoldEnd::Released => std::future::pending().await,
        }
    }

    /// Waits until one of the places is gone.
    async fn removed(&self) {
        let gone = |change: &Change| matches!(change, Change::Deleted { .. });
        let places = self
            .spots
            .iter()
            .map(|spot| self.until(&spot.key, false, gone));
        first(places.collect()).await;
    }

    /// Waits until somebody asks the holder to let go.
    pub(super) async fn wanted(&self) {
        let put = |change: &Change| matches!(change, Change::Put { .. });
        let wishes = self
            .spots
            .iter()
            .filter_map(|spot| spot.revocation.as_ref());
        first(wishes.map(|key| self.until(key, true, put)).collect()).await;
        let shared = self.session.shared();
        let subject = self.hold.subject();
        shared.announce_all(subject.wanted_back(shared.id(), self.token()));
    }

    /// Waits for a change of a key since it is held, or until it is known to exist, or
    /// not to.
    async fn until(&self, key: &Key, exists: bool, such: impl Fn(&Change) -> bool) {
        let shared = self.session.shared();
        let mut patience = Patience::new();
        let mut from = self.token().0.next();
        loop {
            let error = match shared.store().watch_from(KeyRange::key(key), from).await {
                Err(error) => error,
                Ok(mut watch) => loop {
                    match watch.next().await {
                        Ok(changes) if changes.changes.iter().any(&such) => return,
                        Ok(_) => {}
                        Err(error) => break error,
                    }
                },
            };
            let WatchError::Compacted { .. } = error else {
                patience.pause(shared, "watching a key", error).await;
                continue;
            };
            match shared.store().read(Read::new(KeyRange::key(key))).await {
                Ok(reading) if exists != reading.entries.is_empty() => return,
                Ok(reading) => from = reading.revision.next(),
                Err(error) => patience.pause(shared, "reading a key", error).await,
            }
        }
    }

    /// Lets go, and waits for the store to confirm that.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future lets go in the background.
    pub(super) async fn release(&self) -> Result<(), ReleaseError> {
        let shared = self.session.shared();
        // One whose time has passed has lost it, whether it noticed or not.
        shared.end_if_due();
        match shared.end_hold(&self.hold, HoldEnd::Released) {
            Ok(()) => {}
            Err(HoldEnd::Released) => return Err(ReleaseError::NotHeld),
            Err(HoldEnd::Lost(cause)) => return Err(ReleaseError::Lost { cause }),
        }
        let Some(mut leaving) = self.leaving() else {
            return Err(ReleaseError::NotHeld);
        };
        let places = self.spots.iter().map(|spot| Operation::delete(&spot.key));
        let wishes = self
            .spots
            .iter()
            .filter_map(|spot| spot.revocation.as_ref());
        let delete = Transaction::when(self.still_held())
            .then(places)
            .then(wishes.map(Operation::delete));
        match self.change(delete, "releasing").await {
            // What an attempt found gone, an earlier one may have removed; and what was
            // held to the end of the session goes with it.
            Ok(Changed::Done | Changed::NotHeld { in_doubt: true } | Changed::SessionEnded) => {
                drop(leaving.done());
                let subject = self.hold.subject();
                shared.announce_all(subject.removed(shared.id(), Some(self.token())));
                Ok(())
            }
            Ok(Changed::NotHeld { in_doubt: false }) => Err(ReleaseError::Lost {
                cause: LossCause::Removed,
            }),
            Err(error) => Err(ReleaseError::Unconfirmed(error)),
        }
    }

    /// Takes another share in each line from here on, which must not be larger.
    /// Announced before the store is asked: whoever is let in comes after that.
    pub(super) async fn share(&self, share: Share) -> Result<(), ReleaseError> {
        let shared = self.session.shared();
        match self.ended() {
            None => {}
            Some(HoldEnd::Released) => return Err(ReleaseError::NotHeld),
            Some(HoldEnd::Lost(cause)) => return Err(ReleaseError::Lost { cause }),
        }
        let subject = self.hold.subject();
        shared.announce_all(subject.downgraded(shared.id(), self.token()));
        match self.change(self.put(share, &[]), "downgrading").await {
            Ok(Changed::Done) => Ok(()),
            Ok(Changed::NotHeld { .. } | Changed::SessionEnded) => match self.not_held() {
                HoldEnd::Lost(cause) => Err(ReleaseError::Lost { cause }),
                HoldEnd::Released => Err(ReleaseError::NotHeld),
            },
            Err(error) => Err(ReleaseError::Unconfirmed(error)),
        }
    }

    /// The places say something else from here on, if they are all there.
    pub(super) fn put(&self, share: Share, payload: &[u8]) -> Transaction {
        let (value, session) = (encode(share, payload), self.session.id());
        let put = |spot: &Spot| Operation::put_leased(&spot.key, &value, session);
        Transaction::when(self.still_held()).then(self.spots.iter().map(put))
    }

    /// Changes the places if they are all there. A change that is made twice must be the
    /// same as one that is made once. Ends by the limit of one operation, or with the
    /// session.
    pub(super) async fn change(
        &self,
        change: Transaction,
        doing: &'static str,
    ) -> Result<Changed, TransactError> {
        let shared = self.session.shared();
        let limit = shared.store().limit();
        let (mut insistence, mut patience) = (Insistence::default(), Patience::new());
        let changing = insistence.transact(shared, &mut patience, change, doing);
        let changing = timeout(shared.runtime(), limit, changing);
        match shared.unless_ended(changing).await {
            Err(_) => Ok(Changed::SessionEnded),
            Ok(Ok(Ok(done))) if done.succeeded => Ok(Changed::Done),
            Ok(Ok(Ok(_))) => Ok(Changed::NotHeld {
                in_doubt: insistence.in_doubt,
            }),
            Ok(Ok(Err(error))) => Err(error),
            Ok(Err(_)) => {
                let timed_out = Unavailable::TimedOut { limit };
                Err(insistence.last.unwrap_or(timed_out.into()))
            }
        }
    }

    /// The removal of the places, which happens in the background unless it is done
    /// before that; `None` if it was begun before.
    fn leaving(&self) -> Option<Leaving<R>> {
        // Nothing that can panic runs under this lock.
        let slot = self
            .slot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let slot = slot?;
        let withdrawal = Withdrawal {
            session: self.session.shared().clone(),
            keys: self.spots.iter().map(|spot| spot.key.clone()).collect(),
            token: Some(self.token()),
            subject: self.hold.subject(),
        };
        Some(Leaving::new(slot, withdrawal))
    }
}

impl<R: Runtime> Drop for Held<R> {
    fn drop(&mut self) {
        let shared = self.session.shared();
        shared.end_if_due();
        if shared.end_hold(&self.hold, HoldEnd::Released).is_ok() {
            drop(self.leaving());
        }
    }
}

/// Waits for the first of several to be done, or for ever if there are none.
async fn first<F: Future<Output = ()>>(all: Vec<F>) {
    let mut all: Vec<Pin<Box<F>>> = all.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|context| {
        let done = all
            .iter_mut()
            .any(|one| one.as_mut().poll(context).is_ready());
        if done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// What a change of places came to.
pub(super) enum Changed {
    /// It is made.
    Done,
    /// They are not all there.
    NotHeld {
        /// An earlier attempt may have made it.
        in_doubt: bool,
    },
    /// The session ended meanwhile.
    SessionEnded,
}

/// The removal of places. Dropping it lets it happen in the background.
pub(super) struct Leaving<R: Runtime>(Option<(Slot<R>, Withdrawal<R>)>);

impl<R: Runtime> Leaving<R> {
    pub(super) const fn new(slot: Slot<R>, withdrawal: Withdrawal<R>) -> Self {
        Self(Some((slot, withdrawal)))
    }

    /// It is done, or is not to be done. Gives the room for it back.
    pub(super) fn done(&mut self) -> Option<Slot<R>> {
        self.0.take().map(|(slot, _)| slot)
    }
}

impl<R: Runtime> Drop for Leaving<R> {
    fn drop(&mut self) {
        if let Some((slot, withdrawal)) = self.0.take() {
            slot.withdraw(withdrawal);
        }
    }
}
