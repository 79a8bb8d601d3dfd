//! Elections written by hand over a store, with one flaw each, announcing what happens as
//! the right ones would.

use std::time::Duration;

use steadfast::Label;
use steadfast::coordination::{FencingToken, Session};
use steadfast::event::{CoordinationEvent, ElectionEvent, Event};
use steadfast::runtime::{Clock as _, EntropyStream, Observer as _, Timestamp, timeout};
use steadfast::store::{Compare, KeyRange, Operation, Read, Revision, Transaction};
use steadfast_sim::SimRuntime;

use super::player::millis;

/// The election that these play, and where its leader stands.
const NAME: &str = "homemade";
const KEY: &str = "homemade/leader";

/// How often a candidate or an observer looks again.
const PACE: Duration = Duration::from_millis(30);

/// How long an observer waits for an answer.
const PATIENCE: Duration = Duration::from_millis(40);

/// What is wrong with an election.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misrule {
    /// Whoever sees that nobody leads, leads.
    LeadsWhatSeemsFree,
    /// Terms come from the clock of the leader's node.
    CountsByClock,
    /// An observer that gets no answer shows what it knew at first.
    ShowsThePast,
}

/// One who plays such an election under a session.
pub(super) struct Pretender<'a> {
    pub(super) runtime: &'a SimRuntime,
    pub(super) session: &'a Session<SimRuntime>,
    pub(super) misrule: Misrule,
}

fn announce(runtime: &SimRuntime, event: ElectionEvent) {
    let event = Event::Coordination(CoordinationEvent::Election(event));
    runtime.observe(&event);
}

impl Pretender<'_> {
    /// Looks who leads for a while, as the observer of this number.
    pub(super) async fn watch(&self, observer: u64, draw: &mut EntropyStream) {
        let (mut first, mut shown) = (None, None);
        for _ in 0..draw.below(16) {
            let looked = timeout(self.runtime, PATIENCE, self.look()).await;
            let past = first.filter(|_| self.misrule == Misrule::ShowsThePast);
            let seen = looked.ok().flatten().or(past);
            first = first.or(seen);
            if let Some((term, revision)) = seen
                && shown != Some(term)
            {
                let election = Label::from(NAME);
                announce(
                    self.runtime,
                    ElectionEvent::Observed {
                        election,
                        observer,
                        term,
                        revision,
                    },
                );
                shown = Some(term);
            }
            self.runtime.sleep(millis(draw, 60)).await;
        }
    }

    /// Who leads, in which state of the store.
    async fn look(&self) -> Option<(Option<FencingToken>, Revision)> {
        let read = Read::new(KeyRange::key(KEY));
        let found = self.session.store().read(read).await.ok()?;
        let revision = found.revision;
        let leader = found.into_first();
        let term = leader.map(|entry| FencingToken(entry.create_revision));
        Some((term, revision))
    }

    /// Campaigns for a while, and leads for a while if it is elected.
    pub(super) async fn stand(&self, draw: &mut EntropyStream) {
        let (began, within) = (self.runtime.now(), millis(draw, 2_000));
        let created = loop {
            if self.runtime.now().since(began) > within || !self.session.is_alive() {
                return;
            }
            match self.take().await {
                Some(created) => break created,
                None => self.runtime.sleep(PACE).await,
            }
        };
        let term = match self.misrule {
            Misrule::CountsByClock => self.runtime.unix_time().as_micros() as u64,
            Misrule::LeadsWhatSeemsFree | Misrule::ShowsThePast => created.0,
        };
        let term = FencingToken(Revision(term));
        let waited = self.runtime.now().since(began);
        let (election, session) = (Label::from(NAME), self.session.id());
        announce(
            self.runtime,
            ElectionEvent::Elected {
                election,
                session,
                term,
                waited,
            },
        );
        let reign = Reign {
            pretender: self,
            term,
            since: self.runtime.now(),
        };
        self.runtime.sleep(millis(draw, 200)).await;
        drop(reign);
        let same = Compare::create_revision(KEY, created);
        let gone = Transaction::when([same]).then([Operation::delete(KEY)]);
        // What is not confirmed goes with the session.
        drop(self.session.store().transact(gone).await);
    }

    /// Takes the place of the leader, if it is free. Answers since when it has it.
    async fn take(&self) -> Option<Revision> {
        let store = self.session.store();
        let put = Operation::put_leased(KEY, "here", self.session.id());
        let mut change = Transaction::default();
        if self.misrule == Misrule::LeadsWhatSeemsFree {
            let free = store.get(KEY).await.ok()?.is_none();
            if !free {
                return None;
            }
        } else {
            change = Transaction::when([Compare::missing(KEY)]);
        }
        let done = store.transact(change.then([put])).await.ok()?;
        done.succeeded.then_some(done.revision)
    }
}

/// Leads until it is dropped, also if that is because somebody is killed.
struct Reign<'a> {
    pretender: &'a Pretender<'a>,
    term: FencingToken,
    since: Timestamp,
}

impl Drop for Reign<'_> {
    fn drop(&mut self) {
        let Pretender {
            runtime, session, ..
        } = self.pretender;
        let resigned = ElectionEvent::Resigned {
            election: Label::from(NAME),
            session: session.id(),
            term: self.term,
            led: runtime.now().since(self.since),
        };
        announce(runtime, resigned);
    }
}
