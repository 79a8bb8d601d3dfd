//! A request for a place in one line, or in several at once: waiting and giving up.

use std::sync::Arc;
use std::time::Duration;

use super::entering::{Attempt, Capacity, Stage};
use super::error::QueueError;
use super::held::Held;
use super::kind::Share;
use super::listening::heard;
use super::name::Keyspace;
use super::patience::Patience;
use super::place::{self, Standing};
use super::session::{Claim, Hold, Session, Shared};
use super::subject::Subject;
use super::token::FencingToken;
use super::withdrawal::{Slot, Withdrawal};
use crate::label::Label;
use crate::runtime::{Runtime, Timestamp, timeout};
use crate::store::{
    Compare, Key, KeyRange, Operand, Order, Read, ReadError, Reading, Relation, WatchError,
};

/// One place of a request.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) line: KeyRange,
    pub(super) key: Key,
    /// Where others ask the holder to let go, if they can.
    pub(super) revocation: Option<Key>,
}

/// Where the places of one name are.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) places: Keyspace,
    /// Where others ask holders to let go, if they can.
    pub(super) wishes: Option<Keyspace>,
}

/// A request for places in one or several lines. All of them are entered in one step of
/// the store, so that two requests stand in the same order in every line that they
/// share and never wait for each other.
///
/// Dropping it, at any point, withdraws it in the background.
pub(super) struct Request<R: Runtime> {
    pub(super) session: Session<R>,
    subject: Arc<Subject>,
    claim: Option<Claim>,
    attempt: u64,
    pub(super) spots: Vec<Spot>,
    pub(super) terms: Terms,
    slot: Option<Slot<R>>,
    pub(super) stage: Stage,
    pub(super) capacity: Capacity,
    began: Timestamp,
}

/// What a request asks for.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// How much of each line.
    pub(super) share: Share,
    /// What its places say.
    pub(super) payload: Vec<u8>,
    /// Where it is stored how much there is, if the recipe leaves that open.
    pub(super) capacity: Option<Key>,
}

impl Terms {
    /// Whether it wants all of what is there and that is never another amount, so that
    /// it needs to know only who is right before it.
    fn is_alone(&self) -> bool {
        self.share.is_all() && self.capacity.is_none()
    }
}

impl<R: Runtime> Request<R> {
    /// A request under a session, which has not been sent yet.
    pub(super) fn new(
        session: &Session<R>,
        subject: Subject,
        claim: Option<Claim>,
        lines: &[Line],
        terms: Terms,
    ) -> Result<Self, QueueError> {
        let shared = session.shared();
        shared.check().map_err(QueueError::Session)?;
        let reserved = shared.withdrawals().reserve();
        let slot = reserved.map_err(|limit| QueueError::TooMany { limit })?;
        let attempt = shared.next_attempt();
        let spots = lines.iter().map(|line| Spot {
            line: line.places.range(),
            key: line.places.place(shared.id(), attempt),
            revocation: line
                .wishes
                .as_ref()
                .map(|wishes| wishes.place(shared.id(), attempt)),
        });
        Ok(Self {
            session: session.clone(),
            subject: Arc::new(subject),
            claim,
            attempt,
            spots: spots.collect(),
            terms,
            slot: Some(slot),
            stage: Stage::Out,
            capacity: Capacity::Agreed,
            began: shared.runtime().now(),
        })
    }

    /// Waits in line until everything is granted.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the request.
    pub(super) async fn acquire(mut self, within: Duration) -> Result<Held<R>, QueueError> {
        let shared = self.session.shared().clone();
        let waiting = timeout(shared.runtime(), within, self.wait());
        let waited = shared.unless_ended(waiting).await;
        let outcome = match waited {
            Err(end) => Err(QueueError::Session(end)),
            Ok(Err(_)) => Err(QueueError::TimedOut { within }),
            Ok(Ok(outcome)) => outcome,
        };
        self.settle(outcome)
    }

    /// Takes everything if it is free now.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the request.
    pub(super) async fn try_acquire(mut self) -> Result<Held<R>, QueueError> {
        let shared = self.session.shared().clone();
        let within = shared.store().limit();
        let trying = timeout(shared.runtime(), within, self.take());
        let tried = shared.unless_ended(trying).await;
        let outcome = match tried {
            Err(end) => Err(QueueError::Session(end)),
            Ok(Err(_)) => Err(QueueError::TimedOut { within }),
            Ok(Ok(outcome)) => outcome,
        };
        self.settle(outcome)
    }

    /// Makes a hold of a grant, and says what came of the request.
    fn settle(
        mut self,
        outcome: Result<(FencingToken, u64), QueueError>,
    ) -> Result<Held<R>, QueueError> {
        let shared = self.session.shared().clone();
        let (session, now) = (shared.id(), shared.runtime().now());
        let held = outcome.and_then(|(token, queue)| {
            let subject = self.subject.clone();
            let granted = subject.granted(session, token, now.since(self.began), queue);
            let hold = Hold::new(self.attempt, subject, self.claim.take(), token, now);
            shared.hold(hold, granted).map_err(QueueError::Session)
        });
        match held {
            Ok(hold) => {
                self.stage = Stage::Out;
                let spots = std::mem::take(&mut self.spots);
                Ok(Held::new(
                    self.session.clone(),
                    hold,
                    spots,
                    self.slot.take(),
                ))
            }
            Err(error) => {
                let why = Label::from(format!("{error}"));
                shared.announce_all(self.subject.refused(session, &why));
                Err(error)
            }
        }
    }

    async fn wait(&mut self) -> Result<(FencingToken, u64), QueueError> {
        let shared = self.session.shared().clone();
        shared.announce_all(self.subject.requested(shared.id()));
        let mut patience = Patience::new();
        let (token, mut lines) = loop {
            match self.attempt(&shared, &mut patience, Vec::new()).await? {
                Attempt::In(token, lines) => break (token, lines),
                Attempt::Out(_) => {}
            }
        };
        let ahead = lines.iter().flatten().map(|line| line.count as u64 - 1);
        let ahead = ahead.max().unwrap_or(0);
        shared.announce_all(self.subject.queued(shared.id(), token, ahead));
        let mut queue = 0;
        for spot in 0..self.spots.len() {
            let known = lines.as_mut().map(|lines| lines.remove(0));
            queue = queue.max(self.reach_the_front(&shared, spot, known).await?);
        }
        Ok((token, queue))
    }

    async fn take(&mut self) -> Result<(FencingToken, u64), QueueError> {
        let shared = self.session.shared().clone();
        shared.announce_all(self.subject.requested(shared.id()));
        let mut patience = Patience::new();
        let free = |spot: &Spot| Compare::empty(spot.line.clone());
        let mut conditions: Vec<_> = self.spots.iter().map(free).collect();
        let share = self.terms.share;
        loop {
            let lines = match self.attempt(&shared, &mut patience, conditions).await? {
                Attempt::In(token, lines) => {
                    shared.announce_all(self.subject.queued(shared.id(), token, 0));
                    let queue = lines.iter().flatten().map(|line| line.count as u64);
                    return Ok((token, queue.max().unwrap_or(1)));
                }
                Attempt::Out(lines) => lines,
            };
            // Taken, unless there is room beside those who are there.
            for reading in &lines {
                let sum = self.line(reading)?.units().checked_add(share.units);
                if sum.is_none_or(|sum| sum > share.capacity) {
                    let ahead = reading.count as u64;
                    return Err(QueueError::Taken { ahead });
                }
            }
            // Room is still there if nothing was put since.
            let unchanged = |(spot, reading): (&Spot, &Reading)| {
                let next = Operand::ModRevision(reading.revision.next());
                Compare::new(spot.line.clone(), Relation::Less, next)
            };
            conditions = self.spots.iter().zip(&lines).map(unchanged).collect();
        }
    }

    /// Reads as much of a line as says how a place in it stands: whoever wants all of it
    /// needs to know only who is right before him.
    pub(super) fn reading(&self, spot: &Spot, until: Option<FencingToken>) -> Read {
        let mut read = Read::new(spot.line.clone()).order(Order::CreateRevision);
        if let Some(until) = until {
            read = read.created_until(until.0);
        }
        if self.terms.is_alone() {
            read = read.descending().limit(2);
        }
        read
    }

    fn line(&self, reading: &Reading) -> Result<place::Line, QueueError> {
        if reading.more && !self.terms.is_alone() {
            let limit = reading.entries.len();
            return Err(QueueError::TooLong { limit });
        }
        Ok(place::Line::of(reading))
    }

    /// Waits until a place is granted. Answers how many the line had when it was looked
    /// at last.
    async fn reach_the_front(
        &self,
        shared: &Shared<R>,
        spot: usize,
        mut known: Option<Reading>,
    ) -> Result<u64, QueueError> {
        let Stage::In(token) = self.stage else {
            return Err(QueueError::Removed);
        };
        let spot = &self.spots[spot];
        let mut patience = Patience::new();
        loop {
            let reading = match known.take() {
                Some(reading) => reading,
                None => match shared.store().read(self.reading(spot, Some(token))).await {
                    Ok(reading) => reading,
                    Err(ReadError::Unavailable(unavailable)) => {
                        patience.pause(shared, "reading a line", unavailable).await;
                        continue;
                    }
                    Err(error) => return Err(QueueError::Read(error)),
                },
            };
            let awaited = match self.line(&reading)?.standing(&spot.key) {
                Standing::Granted => return Ok(reading.count as u64),
                Standing::Missing => return Err(QueueError::Removed),
                Standing::Behind(awaited) => awaited,
            };
            let range = awaited.range(spot.line.clone());
            match heard(shared, range, reading.revision, |_| true).await {
                // Whatever the trouble is, the line says how things stand.
                Ok(()) | Err(WatchError::Compacted { .. }) => {}
                Err(error) => patience.pause(shared, "watching a line", error).await,
            }
        }
    }
}

impl<R: Runtime> Drop for Request<R> {
    fn drop(&mut self) {
        let token = match self.stage {
            Stage::Out => return,
            Stage::Unknown => None,
            Stage::In(token) => Some(token),
        };
        let shared = self.session.shared().clone();
        if let Some(slot) = self.slot.take() {
            shared.announce_all(self.subject.withdrawn(shared.id(), token));
            let keys = self.spots.drain(..).map(|spot| spot.key).collect();
            let subject = self.subject.clone();
            slot.withdraw(Withdrawal {
                session: shared,
                keys,
                token,
                subject,
            });
        }
    }
}
