//! Claims about the checkers of coordination.

use std::time::Duration;

use steadfast::coordination::{FencingToken, LockKind, SessionEnd};
use steadfast::event::{CoordinationEvent, ElectionEvent, Event, LockEvent, SessionEvent};
use steadfast::store::{LeaseId, Revision};

use super::history::History;
use crate::check::{Leaderships, LockHolders, Observers};

const fn token(token: u64) -> FencingToken {
    FencingToken(Revision(token))
}

const fn permits(permits: u64) -> LockKind {
    let capacity = 3;
    LockKind::Semaphore { permits, capacity }
}

impl History {
    fn lock(self, event: LockEvent) -> Self {
        self.core(Event::Coordination(CoordinationEvent::Lock(event)))
    }

    fn granted(self, kind: LockKind, session: u64, number: u64) -> Self {
        self.lock(LockEvent::Granted {
            lock: "a".into(),
            kind,
            session: LeaseId(session),
            token: token(number),
            waited: Duration::ZERO,
            queue: 1,
        })
    }

    fn released(self, kind: LockKind, session: u64, number: u64) -> Self {
        self.lock(LockEvent::Released {
            lock: "a".into(),
            kind,
            session: LeaseId(session),
            token: token(number),
            held: Duration::ZERO,
        })
    }

    fn lapsed(self, session: u64) -> Self {
        let event = SessionEvent::Ended {
            session: LeaseId(session),
            end: SessionEnd::Lapsed,
        };
        self.core(Event::Coordination(CoordinationEvent::Session(event)))
    }

    fn election(self, event: ElectionEvent) -> Self {
        self.core(Event::Coordination(CoordinationEvent::Election(event)))
    }

    fn elected(self, session: u64, term: u64) -> Self {
        self.election(ElectionEvent::Elected {
            election: "a".into(),
            session: LeaseId(session),
            term: token(term),
            waited: Duration::ZERO,
        })
    }

    fn resumed_lead(self, session: u64, term: u64) -> Self {
        self.election(ElectionEvent::Resumed {
            election: "a".into(),
            session: LeaseId(session),
            term: token(term),
        })
    }

    fn resigned(self, session: u64, term: u64) -> Self {
        self.election(ElectionEvent::Resigned {
            election: "a".into(),
            session: LeaseId(session),
            term: token(term),
            led: Duration::ZERO,
        })
    }

    fn sees(self, observer: u64, term: Option<u64>, revision: u64) -> Self {
        self.election(ElectionEvent::Observed {
            election: "a".into(),
            observer,
            term: term.map(token),
            revision: Revision(revision),
        })
    }
}

fn locks(history: History) -> Vec<String> {
    history.broken(&mut LockHolders::new())
}

fn leads(history: History) -> Vec<String> {
    history.broken(&mut Leaderships::new())
}

fn sights(history: History) -> Vec<String> {
    history.broken(&mut Observers::new())
}

const NONE: [&str; 0] = [];

#[test]
fn locks_that_follow_each_other_are_right() {
    let mutex = LockKind::Mutex;
    let history = History::new().granted(mutex, 1, 5).released(mutex, 1, 5);
    assert_eq!(locks(history.on(2, 1).granted(mutex, 2, 6).lapsed(1)), NONE);
    let readers = History::new().granted(LockKind::Read, 1, 5);
    assert_eq!(locks(readers.granted(LockKind::Read, 2, 4)), NONE);
    let shares = History::new().granted(permits(2), 1, 5);
    assert_eq!(locks(shares.granted(permits(1), 1, 6)), NONE);
}

#[test]
fn holders_who_must_not_meet_are_found() {
    let mutex = History::new().granted(LockKind::Mutex, 1, 5);
    assert_eq!(locks(mutex.granted(LockKind::Mutex, 2, 6)), ["holders_fit"]);
    let reader = History::new().granted(LockKind::Read, 1, 5);
    assert_eq!(
        locks(reader.granted(LockKind::Write, 2, 6)),
        ["holders_fit"]
    );
    let shares = History::new().granted(permits(2), 1, 5);
    assert_eq!(locks(shares.granted(permits(2), 2, 6)), ["holders_fit"]);
}

#[test]
fn tokens_that_go_back_and_ends_of_nothing_are_found() {
    let mutex = LockKind::Mutex;
    let history = History::new().granted(mutex, 1, 5).released(mutex, 1, 5);
    assert_eq!(locks(history.granted(mutex, 2, 4)), ["tokens_grow"]);
    let nothing = History::new().released(mutex, 1, 5);
    assert_eq!(locks(nothing), ["only_what_is_held_ends"]);
    let ended = History::new().granted(mutex, 1, 5).lapsed(1);
    assert_eq!(locks(ended), ["an_ended_session_holds_nothing"]);
}

#[test]
fn a_crash_ends_what_a_node_held_and_led() {
    let history = History::new().granted(LockKind::Mutex, 1, 5).crashed();
    assert_eq!(locks(history.on(2, 1).granted(LockKind::Mutex, 2, 6)), NONE);
    let history = History::new().elected(1, 5).crashed();
    assert_eq!(leads(history.on(2, 1).elected(2, 6)), NONE);
}

#[test]
fn leaders_that_follow_each_other_are_right() {
    let history = History::new().elected(1, 5).resumed_lead(2, 5);
    assert_eq!(leads(history.resigned(2, 5).elected(3, 6)), NONE);
}

#[test]
fn leaders_that_do_not_are_found() {
    let two = History::new().elected(1, 5).on(2, 1).elected(2, 6);
    assert_eq!(leads(two), ["one_leads"]);
    let back = History::new().elected(1, 5).resigned(1, 5).elected(2, 5);
    assert_eq!(leads(back), ["terms_grow"]);
    let old = History::new().elected(1, 5).resigned(1, 5).elected(2, 6);
    let old = old.resigned(2, 6).resumed_lead(1, 5);
    assert_eq!(leads(old), ["only_the_last_leader_goes_on"]);
    assert_eq!(leads(History::new().resigned(1, 5)), ["only_a_leader_ends"]);
}

#[test]
fn observers_that_go_back_or_differ_are_found() {
    let right = History::new().sees(1, Some(5), 5).sees(1, None, 7);
    assert_eq!(sights(right.sees(1, Some(8), 8).sees(2, Some(5), 5)), NONE);
    let back = History::new().sees(1, Some(5), 5).sees(1, Some(5), 5);
    assert_eq!(sights(back), ["an_observer_never_goes_back"]);
    let lower = History::new().sees(1, Some(5), 6).sees(1, Some(4), 7);
    assert_eq!(sights(lower), ["an_observer_never_goes_back"]);
    let differ = History::new().sees(1, Some(5), 6).sees(2, None, 6);
    assert_eq!(sights(differ), ["observers_agree"]);
    let early = History::new().sees(1, Some(5), 4);
    assert_eq!(sights(early), ["a_term_comes_from_its_state"]);
}
