//! The words for sessions, locks, elections and what else is done under sessions.

use steadfast::event::{
    BarrierEvent, ConsensusEvent, CoordinationEvent, CounterEvent, ElectionEvent, LockEvent,
    SessionEvent,
};

use super::core::CoreWords;
use super::names::OneLine;

/// One event as `session L ...`, `lock N ...`, `election N ...` and so on.
pub(super) fn event(words: &CoreWords<'_>, event: &CoordinationEvent) -> String {
    match event {
        CoordinationEvent::Session(event) => session(words, event),
        CoordinationEvent::Lock(event) => lock(event),
        CoordinationEvent::Election(event) => election(event),
        CoordinationEvent::Barrier(event) => barrier(event),
        CoordinationEvent::Counter(event) => counter(event),
        CoordinationEvent::Consensus(event) => consensus(event),
    }
}

fn session(words: &CoreWords<'_>, event: &SessionEvent) -> String {
    match event {
        SessionEvent::Opened {
            session,
            process,
            coordinator,
            ttl,
        } => format!(
            "session {} opened by {} of {}, {ttl:?}",
            session.0,
            words.process(*process),
            OneLine(coordinator)
        ),
        SessionEvent::Ended { session, end } => format!("session {} ended: {end}", session.0),
        SessionEvent::Removed { session } => format!("session {} removed", session.0),
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one short arm for each event of a closed vocabulary"
)]
fn lock(event: &LockEvent) -> String {
    use LockEvent as E;
    let (lock, said) = match event {
        E::Requested {
            lock,
            kind,
            session,
        } => (lock, format!("requested by {}: {kind}", session.0)),
        E::Queued {
            lock,
            kind,
            session,
            token,
            ahead,
        } => {
            let said = format!("queued for {}: {kind}, {token}, {ahead} ahead", session.0);
            (lock, said)
        }
        E::Granted {
            lock,
            kind,
            session,
            token,
            waited,
            queue,
        } => {
            let said = format!(
                "granted to {}: {kind}, {token}, waited {waited:?}, {queue} in line",
                session.0
            );
            (lock, said)
        }
        E::Refused {
            lock,
            kind,
            session,
            why,
        } => {
            let said = format!("refused to {}: {kind}: {}", session.0, OneLine(why));
            (lock, said)
        }
        E::Withdrawn {
            lock,
            kind,
            session,
            token,
        } => {
            let said = format!("withdrawn by {}: {kind}{}", session.0, known(*token));
            (lock, said)
        }
        E::Downgraded {
            lock,
            kind,
            session,
            token,
        } => {
            let said = format!("downgraded by {}: {kind}, {token}", session.0);
            (lock, said)
        }
        E::RevocationRequested {
            lock,
            kind,
            session,
            token,
        } => {
            let said = format!("wanted back from {}: {kind}, {token}", session.0);
            (lock, said)
        }
        E::Released {
            lock,
            kind,
            session,
            token,
            held,
        } => {
            let said = format!("released by {}: {kind}, {token}, held {held:?}", session.0);
            (lock, said)
        }
        E::Lost {
            lock,
            kind,
            session,
            token,
            held,
            cause,
        } => {
            let said = format!(
                "lost by {}: {kind}, {token}, held {held:?}: {cause}",
                session.0
            );
            (lock, said)
        }
        E::Removed {
            lock,
            session,
            token,
        } => {
            let said = format!("place of {} removed{}", session.0, known(*token));
            (lock, said)
        }
    };
    format!("lock {} {said}", OneLine(lock))
}

#[expect(
    clippy::too_many_lines,
    reason = "one short arm for each event of a closed vocabulary"
)]
fn election(event: &ElectionEvent) -> String {
    use ElectionEvent as E;
    let (election, said) = match event {
        E::Campaigned {
            election,
            session,
            term,
            ahead,
        } => {
            let said = format!("candidate {}, {term}, {ahead} ahead", session.0);
            (election, said)
        }
        E::Elected {
            election,
            session,
            term,
            waited,
        } => {
            let said = format!("elected {}, {term}, waited {waited:?}", session.0);
            (election, said)
        }
        E::Resumed {
            election,
            session,
            term,
        } => (election, format!("resumed by {}, {term}", session.0)),
        E::Proclaimed {
            election,
            session,
            term,
        } => (election, format!("proclaimed by {}, {term}", session.0)),
        E::Refused {
            election,
            session,
            why,
        } => {
            let said = format!("refused {}: {}", session.0, OneLine(why));
            (election, said)
        }
        E::Withdrawn {
            election,
            session,
            term,
        } => {
            let said = format!("candidate {} withdrawn{}", session.0, known(*term));
            (election, said)
        }
        E::Resigned {
            election,
            session,
            term,
            led,
        } => {
            let said = format!("resigned by {}, {term}, led {led:?}", session.0);
            (election, said)
        }
        E::Lost {
            election,
            session,
            term,
            led,
            cause,
        } => {
            let said = format!("lost by {}, {term}, led {led:?}: {cause}", session.0);
            (election, said)
        }
        E::Removed {
            election,
            session,
            term,
        } => {
            let said = format!("place of {} removed{}", session.0, known(*term));
            (election, said)
        }
        E::Observed {
            election,
            observer,
            term,
            revision,
        } => {
            let leader = term.map_or_else(|| "no leader".to_owned(), |term| term.to_string());
            let said = format!("observer {observer} sees {leader} at {revision}");
            (election, said)
        }
    };
    format!("election {} {said}", OneLine(election))
}

fn barrier(event: &BarrierEvent) -> String {
    use BarrierEvent as E;
    let (barrier, said) = match event {
        E::Held {
            barrier,
            session,
            generation,
        } => {
            let said = format!("held by {}, generation {generation}", session.0);
            (barrier, said)
        }
        E::Lifted {
            barrier,
            generation,
        } => (barrier, format!("lifted, generation {generation}")),
        E::Arrived {
            barrier,
            session,
            generation,
            arrived,
            expected,
        } => {
            let said = format!(
                "reached by {}, generation {generation}, {arrived} of {expected}",
                session.0
            );
            (barrier, said)
        }
        E::Passed {
            barrier,
            session,
            generation,
        } => {
            let said = format!("passed by {}, generation {generation}", session.0);
            (barrier, said)
        }
        E::Left {
            barrier,
            session,
            generation,
        } => {
            let said = format!("left by {}, generation {generation}", session.0);
            (barrier, said)
        }
        E::Withdrawn {
            barrier,
            session,
            generation,
        } => {
            let generation = generation.map_or_else(String::new, |generation| {
                format!(", generation {generation}")
            });
            let said = format!("given up by {}{generation}", session.0);
            (barrier, said)
        }
        E::Reset {
            barrier,
            generation,
        } => (barrier, format!("reset, generation {generation}")),
        E::Refused {
            barrier,
            session,
            why,
        } => {
            let said = format!("refused to {}: {}", session.0, OneLine(why));
            (barrier, said)
        }
    };
    format!("barrier {} {said}", OneLine(barrier))
}

fn counter(event: &CounterEvent) -> String {
    use CounterEvent as E;
    let (counter, said) = match event {
        E::Added {
            counter,
            by,
            value,
            revision,
        } => (counter, format!("added {by}: {value} at {revision}")),
        E::Stored {
            counter,
            from,
            to,
            revision,
        } => {
            let from = from.map_or_else(String::new, |from| format!(" from {from}"));
            (counter, format!("set{from} to {to} at {revision}"))
        }
        E::Loaded {
            counter,
            value,
            revision,
        } => (counter, format!("read: {value} at {revision}")),
        E::Unknown { counter, by } => (counter, format!("may have {by} added")),
        E::Refused { counter, why } => (counter, format!("refused: {}", OneLine(why))),
    };
    format!("counter {} {said}", OneLine(counter))
}

fn consensus(event: &ConsensusEvent) -> String {
    use ConsensusEvent as E;
    let (instance, said) = match event {
        E::Proposed { instance, value } => (instance, format!("proposed: {}", OneLine(value))),
        E::Committed {
            instance,
            value,
            index,
            took,
        } => {
            let said = format!("committed at {index} after {took:?}: {}", OneLine(value));
            (instance, said)
        }
        E::Aborted {
            instance,
            value,
            why,
        } => {
            let said = format!("aborted {}: {}", OneLine(value), OneLine(why));
            (instance, said)
        }
        E::TimedOut {
            instance,
            value,
            waited,
            pending,
        } => {
            let may = if *pending { "may be" } else { "is not" };
            let said = format!("no answer for {waited:?}, {} {may} chosen", OneLine(value));
            (instance, said)
        }
    };
    format!("consensus {} {said}", OneLine(instance))
}

fn known(token: Option<steadfast::coordination::FencingToken>) -> String {
    token.map_or_else(String::new, |token| format!(", {token}"))
}
