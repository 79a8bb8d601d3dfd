//! One event of every kind about coordination, for tests.

use std::time::Duration;

use steadfast::Label;
use steadfast::coordination::{FencingToken, LockKind, LossCause, SessionEnd};
use steadfast::event::{
    BarrierEvent, ConsensusEvent, CoordinationEvent, CounterEvent, ElectionEvent, Event, LockEvent,
    SessionEvent,
};
use steadfast::store::{LeaseId, Revision};

use super::samples::process;
use crate::trace::TraceEvent;

const SESSION: LeaseId = LeaseId(7);
const TOKEN: FencingToken = FencingToken(Revision(12));
const TIME: Duration = Duration::from_millis(1_500);

fn name() -> Label {
    "leader".into()
}

pub(super) fn coordination_events() -> Vec<TraceEvent> {
    let sessions = session_events().into_iter().map(CoordinationEvent::Session);
    let locks = lock_events().into_iter().map(CoordinationEvent::Lock);
    let elections = election_events().into_iter();
    let elections = elections.map(CoordinationEvent::Election);
    let barriers = barrier_events().into_iter().map(CoordinationEvent::Barrier);
    let counters = counter_events().into_iter().map(CoordinationEvent::Counter);
    let agreements = consensus_events().into_iter();
    let agreements = agreements.map(CoordinationEvent::Consensus);
    let all = sessions.chain(locks).chain(elections);
    let all = all.chain(barriers).chain(counters).chain(agreements);
    all.map(|event| TraceEvent::Core(Event::Coordination(event)))
        .collect()
}

fn session_events() -> Vec<SessionEvent> {
    let mut events = vec![SessionEvent::Opened {
        session: SESSION,
        process: process(2),
        coordinator: "coordination".into(),
        ttl: TIME,
    }];
    let ends = [
        SessionEnd::Lapsed,
        SessionEnd::Gone,
        SessionEnd::Closed,
        SessionEnd::Orphaned,
    ];
    events.extend(ends.map(|end| SessionEvent::Ended {
        session: SESSION,
        end,
    }));
    events.push(SessionEvent::Removed { session: SESSION });
    events
}

fn lock_events() -> Vec<LockEvent> {
    use LockEvent as E;
    let (session, token, kind) = (SESSION, TOKEN, LockKind::Mutex);
    let mut events = request_events();
    events.extend([None, Some(token)].map(|token| E::Withdrawn {
        lock: name(),
        kind,
        session,
        token,
    }));
    events.extend([None, Some(token)].map(|token| E::Removed {
        lock: name(),
        session,
        token,
    }));
    let causes = [LossCause::Session(SessionEnd::Lapsed), LossCause::Removed];
    events.extend(causes.map(|cause| E::Lost {
        lock: name(),
        kind,
        session,
        token,
        held: TIME,
        cause,
    }));
    events
}

fn request_events() -> Vec<LockEvent> {
    use LockEvent as E;
    let (session, token) = (SESSION, TOKEN);
    let kinds = [
        LockKind::Mutex,
        LockKind::Read,
        LockKind::Write,
        LockKind::Semaphore {
            permits: 2,
            capacity: 5,
        },
    ];
    let kind = LockKind::Mutex;
    let mut events = Vec::from(kinds.map(|kind| E::Requested {
        lock: name(),
        kind,
        session,
    }));
    events.extend([
        E::Queued {
            lock: name(),
            kind,
            session,
            token,
            ahead: 2,
        },
        E::Granted {
            lock: name(),
            kind,
            session,
            token,
            waited: TIME,
            queue: 3,
        },
        E::Refused {
            lock: name(),
            kind,
            session,
            why: "locked".into(),
        },
        E::Downgraded {
            lock: name(),
            kind: LockKind::Read,
            session,
            token,
        },
        E::RevocationRequested {
            lock: name(),
            kind,
            session,
            token,
        },
        E::Released {
            lock: name(),
            kind,
            session,
            token,
            held: TIME,
        },
    ]);
    events
}

fn election_events() -> Vec<ElectionEvent> {
    use ElectionEvent as E;
    let (session, term) = (SESSION, TOKEN);
    let mut events = vec![
        E::Campaigned {
            election: name(),
            session,
            term,
            ahead: 1,
        },
        E::Elected {
            election: name(),
            session,
            term,
            waited: TIME,
        },
        E::Resumed {
            election: name(),
            session,
            term,
        },
        E::Proclaimed {
            election: name(),
            session,
            term,
        },
        E::Refused {
            election: name(),
            session,
            why: "no answer".into(),
        },
        E::Resigned {
            election: name(),
            session,
            term,
            led: TIME,
        },
        E::Lost {
            election: name(),
            session,
            term,
            led: TIME,
            cause: LossCause::Removed,
        },
    ];
    for term in [None, Some(term)] {
        let election = name();
        events.extend([
            E::Withdrawn {
                election: election.clone(),
                session,
                term,
            },
            E::Removed {
                election: election.clone(),
                session,
                term,
            },
            E::Observed {
                election,
                observer: 1,
                term,
                revision: Revision(20),
            },
        ]);
    }
    events
}

fn barrier_events() -> Vec<BarrierEvent> {
    use BarrierEvent as E;
    let (session, generation) = (SESSION, Revision(9));
    let mut events = vec![
        E::Held {
            barrier: name(),
            session,
            generation,
        },
        E::Lifted {
            barrier: name(),
            generation,
        },
        E::Arrived {
            barrier: name(),
            session,
            generation,
            arrived: 2,
            expected: 3,
        },
        E::Passed {
            barrier: name(),
            session,
            generation,
        },
        E::Left {
            barrier: name(),
            session,
            generation,
        },
        E::Reset {
            barrier: name(),
            generation,
        },
        E::Refused {
            barrier: name(),
            session,
            why: "3 are expected, not 4".into(),
        },
    ];
    events.extend([None, Some(generation)].map(|generation| E::Withdrawn {
        barrier: name(),
        session,
        generation,
    }));
    events
}

fn counter_events() -> Vec<CounterEvent> {
    use CounterEvent as E;
    let (counter, revision) = (name, Revision(30));
    let mut events = vec![
        E::Added {
            counter: counter(),
            by: -2,
            value: 40,
            revision,
        },
        E::Loaded {
            counter: counter(),
            value: 40,
            revision,
        },
        E::Unknown {
            counter: counter(),
            by: 1,
        },
        E::Refused {
            counter: counter(),
            why: "it would overflow".into(),
        },
    ];
    events.extend([None, Some(40)].map(|from| E::Stored {
        counter: counter(),
        from,
        to: 50,
        revision,
    }));
    events
}

fn consensus_events() -> Vec<ConsensusEvent> {
    use ConsensusEvent as E;
    vec![
        E::Proposed {
            instance: name(),
            value: "blue".into(),
        },
        E::Committed {
            instance: name(),
            value: "green".into(),
            index: Revision(31),
            took: TIME,
        },
        E::Aborted {
            instance: name(),
            value: "blue".into(),
            why: "refused".into(),
        },
        E::TimedOut {
            instance: name(),
            value: "blue".into(),
            waited: TIME,
            pending: true,
        },
        E::TimedOut {
            instance: name(),
            value: "blue".into(),
            waited: TIME,
            pending: false,
        },
    ]
}
