//! Locks written by hand over a store, with one flaw each, announcing what they do as
//! the right ones would.

use std::time::Duration;

use steadfast::Label;
use steadfast::coordination::{FencingToken, LockKind, Session};
use steadfast::event::{CoordinationEvent, Event, LockEvent};
use steadfast::runtime::{Clock as _, Observer as _, Timestamp, timeout};
use steadfast::store::{
    Compare, KeyRange, Operation, Order, Read, Revision, Store, TransactError, Transaction,
};
use steadfast_sim::SimRuntime;

use super::lock::LOCKS;

/// How often a request looks again.
const PACE: Duration = Duration::from_millis(30);

/// What is wrong with a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It looks whether the lock is free, and then takes it.
    ChecksThenTakes,
    /// A release removes whatever place there is, and does so again to be sure.
    ReleasesAnyone,
    /// It keeps those apart who want different locks.
    Inverted,
    /// A request whose time is over stays in line.
    LeavesItsPlace,
    /// It waits for what happens after it has looked and begun to wait.
    MissesWakeUps,
    /// Its tokens come from the clock of the node.
    CountsByClock,
    /// It does not look whether its session has ended.
    OutlivesItsSession,
}

impl Flaw {
    /// Whether requests stand in line, or try again and again.
    const fn queues(self) -> bool {
        match self {
            Self::LeavesItsPlace
            | Self::MissesWakeUps
            | Self::CountsByClock
            | Self::OutlivesItsSession => true,
            Self::ChecksThenTakes | Self::ReleasesAnyone | Self::Inverted => false,
        }
    }
}

/// One request for such a lock.
pub(crate) struct Homemade {
    session: Session<SimRuntime>,
    runtime: SimRuntime,
    flaw: Flaw,
    name: &'static str,
    kind: LockKind,
    key: String,
}

fn line(name: &str) -> String {
    format!("homemade/{name}/")
}

impl Homemade {
    pub(super) fn new(
        session: &Session<SimRuntime>,
        runtime: &SimRuntime,
        flaw: Flaw,
        name: &'static str,
        kind: LockKind,
    ) -> Self {
        let place = if flaw.queues() {
            format!("{}-{}", session.id(), runtime.now().0)
        } else {
            "taken".to_owned()
        };
        Self {
            session: session.clone(),
            runtime: runtime.clone(),
            flaw,
            name,
            kind,
            key: format!("{}{place}", line(name)),
        }
    }

    fn store(&self) -> &Store {
        self.session.store()
    }

    fn put(&self) -> Operation {
        Operation::put_leased(self.key.as_str(), "here", self.session.id())
    }

    /// Asks for it, for `within` at most.
    pub(super) async fn acquire(self, within: Duration) -> Option<Place> {
        let began = self.runtime.now();
        let deadline = began + within;
        let created = if self.flaw.queues() {
            self.stand_in_line(deadline).await?
        } else {
            self.take(deadline).await?
        };
        let token = match self.flaw {
            Flaw::CountsByClock => self.runtime.unix_time().as_micros() as u64,
            Flaw::ChecksThenTakes
            | Flaw::ReleasesAnyone
            | Flaw::Inverted
            | Flaw::LeavesItsPlace
            | Flaw::MissesWakeUps
            | Flaw::OutlivesItsSession => created.0,
        };
        let place = Place {
            homemade: self,
            token: FencingToken(Revision(token)),
            created,
            since: began,
            released: false,
        };
        place.announce_grant(within);
        Some(place)
    }

    /// Takes the only place there is, as soon as it is free.
    async fn take(&self, deadline: Timestamp) -> Option<Revision> {
        while self.runtime.now() < deadline {
            let condition = match self.flaw {
                Flaw::Inverted => {
                    let others = LOCKS.into_iter().filter(|other| *other != self.name);
                    others
                        .map(|other| Compare::empty(KeyRange::prefix(line(other))))
                        .collect()
                }
                Flaw::ChecksThenTakes => {
                    let free = self.store().get(self.key.as_str()).await;
                    if free.is_ok_and(|found| found.is_none()) {
                        Vec::new()
                    } else {
                        self.runtime.sleep(PACE).await;
                        continue;
                    }
                }
                Flaw::ReleasesAnyone
                | Flaw::LeavesItsPlace
                | Flaw::MissesWakeUps
                | Flaw::CountsByClock
                | Flaw::OutlivesItsSession => vec![Compare::missing(self.key.as_str())],
            };
            let change = Transaction::when(condition).then([self.put()]);
            match self.store().transact(change).await {
                Ok(done) if done.succeeded => return Some(done.revision),
                // Whether it happened is not known: the session is not used any more.
                Err(TransactError::Unknown(_)) => {
                    self.session.orphan();
                    return None;
                }
                Ok(_) | Err(_) => self.runtime.sleep(PACE).await,
            }
        }
        None
    }

    async fn stand_in_line(&self, deadline: Timestamp) -> Option<Revision> {
        let entered = self.store().transact(Transaction::of([self.put()])).await;
        if entered.is_err() {
            self.session.orphan();
            return None;
        }
        loop {
            let range = KeyRange::prefix(line(self.name));
            let read = Read::new(range.clone()).order(Order::CreateRevision);
            let mut first = None;
            if let Ok(reading) = self.store().read(read).await {
                first = reading.entries.into_iter().next();
            }
            if let Some(first) = first
                && first.key.to_string() == self.key
            {
                return Some(first.create_revision);
            }
            let rest = deadline.since(self.runtime.now());
            if rest.is_zero() || !self.session.is_alive() {
                if self.flaw != Flaw::LeavesItsPlace {
                    self.leave(None).await;
                }
                return None;
            }
            if self.flaw != Flaw::MissesWakeUps {
                self.runtime.sleep(PACE.min(rest)).await;
            } else if let Ok(mut watch) = self.store().watch(range).await {
                // Whoever is before it may have gone already.
                timeout(&self.runtime, rest * 100, watch.next()).await.ok();
            }
        }
    }

    async fn leave(&self, created: Option<Revision>) {
        let gone = Operation::delete(self.key.as_str());
        let condition = created.map(|at| Compare::create_revision(self.key.as_str(), at));
        let change = Transaction::when(condition).then([gone]);
        while let Err(TransactError::Unknown(_)) = self.store().transact(change.clone()).await {
            self.runtime.sleep(PACE * 10).await;
        }
    }
}

/// Such a lock that is held.
pub(crate) struct Place {
    homemade: Homemade,
    token: FencingToken,
    created: Revision,
    since: Timestamp,
    released: bool,
}

impl Drop for Place {
    /// Whoever is killed while it holds the lock has it no more.
    fn drop(&mut self) {
        self.let_go();
    }
}

impl Place {
    pub(super) const fn token(&self) -> u64 {
        self.token.0.0
    }

    fn announce(&self, event: LockEvent) {
        let event = Event::Coordination(CoordinationEvent::Lock(event));
        self.homemade.runtime.observe(&event);
    }

    fn announce_grant(&self, waited: Duration) {
        self.announce(LockEvent::Granted {
            lock: Label::from(self.homemade.name),
            kind: self.homemade.kind,
            session: self.homemade.session.id(),
            token: self.token,
            waited,
            queue: 1,
        });
    }

    fn let_go(&mut self) {
        if std::mem::replace(&mut self.released, true) {
            return;
        }
        self.announce(LockEvent::Released {
            lock: Label::from(self.homemade.name),
            kind: self.homemade.kind,
            session: self.homemade.session.id(),
            token: self.token,
            held: self.homemade.runtime.now().since(self.since),
        });
    }

    pub(super) async fn release(mut self) {
        self.let_go();
        let created = match self.homemade.flaw {
            Flaw::ReleasesAnyone => None,
            Flaw::ChecksThenTakes
            | Flaw::Inverted
            | Flaw::LeavesItsPlace
            | Flaw::MissesWakeUps
            | Flaw::CountsByClock
            | Flaw::OutlivesItsSession => Some(self.created),
        };
        self.homemade.leave(created).await;
        if self.homemade.flaw == Flaw::ReleasesAnyone {
            self.homemade.runtime.sleep(PACE * 10).await;
            self.homemade.leave(created).await;
        }
    }
}
