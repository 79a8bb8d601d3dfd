//! Facts about coordination.

use super::emit::{Source, emit, facts};
use super::words::milliseconds;
use crate::event::{
    BarrierEvent, ConsensusEvent, CoordinationEvent, CounterEvent, ElectionEvent, LockEvent,
    SessionEvent,
};

pub(super) fn coordination(source: Source, event: &CoordinationEvent) {
    match event {
        CoordinationEvent::Session(event) => session(source, event),
        CoordinationEvent::Lock(event) => lock(source, event),
        CoordinationEvent::Election(event) => election(source, event),
        CoordinationEvent::Barrier(event) => barrier(source, event),
        CoordinationEvent::Counter(event) => counter(source, event),
        CoordinationEvent::Consensus(event) => consensus(source, event),
    }
}

fn session(source: Source, event: &SessionEvent) {
    use SessionEvent as S;
    facts! { source, event;
        S::Opened { session, process, coordinator, ttl } => debug "coordination.session.opened"
            (session = session.0, %process, %coordinator, ttl_ms = milliseconds(*ttl));
        S::Ended { session, end } => info "coordination.session.ended"
            (session = session.0, %end);
        S::Removed { session } => debug "coordination.session.removed" (session = session.0);
    }
}

fn lock(source: Source, event: &LockEvent) {
    use LockEvent as L;
    facts! { source, event;
        L::Requested { lock, kind, session } => debug "coordination.lock.request"
            (%lock, %kind, session = session.0);
        L::Queued { lock, kind, session, token, ahead } => debug "coordination.lock.queued"
            (%lock, %kind, session = session.0, token = token.0.0, ahead);
        L::Granted { lock, kind, session, token, waited, queue } =>
            debug "coordination.lock.acquired"
            (%lock, %kind, session = session.0, token = token.0.0,
             acquire_duration_ms = milliseconds(*waited), queue_length = queue);
        L::Refused { lock, kind, session, why } => info "coordination.lock.errors"
            (%lock, %kind, session = session.0, %why);
        L::Withdrawn { lock, kind, session, token } => debug "coordination.lock.withdrawn"
            (%lock, %kind, session = session.0, token = token.map(|token| token.0.0));
        L::Downgraded { lock, kind, session, token } => debug "coordination.lock.downgraded"
            (%lock, %kind, session = session.0, token = token.0.0);
        L::RevocationRequested { lock, kind, session, token } =>
            info "coordination.lock.revocation_requested"
            (%lock, %kind, session = session.0, token = token.0.0);
        L::Released { lock, kind, session, token, held } => debug "coordination.lock.released"
            (%lock, %kind, session = session.0, token = token.0.0, hold_ms = milliseconds(*held));
        L::Lost { lock, kind, session, token, held, cause } => warn "coordination.lock.lost"
            (%lock, %kind, session = session.0, token = token.0.0, hold_ms = milliseconds(*held),
             %cause);
        L::Removed { lock, session, token } => debug "coordination.lock.removed"
            (%lock, session = session.0, token = token.map(|token| token.0.0));
    }
}

fn election(source: Source, event: &ElectionEvent) {
    use ElectionEvent as E;
    facts! { source, event;
        E::Campaigned { election, session, term, ahead } => debug "coordination.election.start"
            (%election, session = session.0, term = term.0.0, ahead);
        E::Elected { election, session, term, waited } => info "coordination.election.elected"
            (%election, session = session.0, term = term.0.0, duration_ms = milliseconds(*waited));
        E::Resumed { election, session, term } => info "coordination.election.resumed"
            (%election, session = session.0, term = term.0.0);
        E::Proclaimed { election, session, term } => debug "coordination.election.proclaimed"
            (%election, session = session.0, term = term.0.0);
        E::Refused { election, session, why } => info "coordination.election.errors"
            (%election, session = session.0, %why);
        E::Withdrawn { election, session, term } => debug "coordination.election.withdrawn"
            (%election, session = session.0, term = term.map(|term| term.0.0));
        E::Resigned { election, session, term, led } => info "coordination.election.resigned"
            (%election, session = session.0, term = term.0.0, led_ms = milliseconds(*led));
        E::Lost { election, session, term, led, cause } => warn "coordination.election.lost"
            (%election, session = session.0, term = term.0.0, led_ms = milliseconds(*led), %cause);
        E::Removed { election, session, term } => debug "coordination.election.removed"
            (%election, session = session.0, term = term.map(|term| term.0.0));
        E::Observed { election, observer, term, revision } =>
            debug "coordination.election.leader_changed"
            (%election, observer, term = term.map(|term| term.0.0), revision = revision.0);
    }
}

fn barrier(source: Source, event: &BarrierEvent) {
    use BarrierEvent as B;
    facts! { source, event;
        B::Held { barrier, session, generation } => debug "coordination.barrier.held"
            (%barrier, session = session.0, generation = generation.0);
        B::Lifted { barrier, generation } => debug "coordination.barrier.lifted"
            (%barrier, generation = generation.0);
        B::Arrived { barrier, session, generation, arrived, expected } =>
            debug "coordination.barrier.wait"
            (%barrier, session = session.0, generation = generation.0, arrived, expected);
        B::Passed { barrier, session, generation } => debug "coordination.barrier.passed"
            (%barrier, session = session.0, generation = generation.0);
        B::Left { barrier, session, generation } => debug "coordination.barrier.left"
            (%barrier, session = session.0, generation = generation.0);
        B::Withdrawn { barrier, session, generation } => debug "coordination.barrier.withdrawn"
            (%barrier, session = session.0,
             generation = generation.map(|generation| generation.0));
        B::Reset { barrier, generation } => info "coordination.barrier.reset"
            (%barrier, generation = generation.0);
        B::Refused { barrier, session, why } => info "coordination.barrier.errors"
            (%barrier, session = session.0, %why);
    }
}

fn counter(source: Source, event: &CounterEvent) {
    use CounterEvent as C;
    facts! { source, event;
        C::Added { counter, by, value, revision } => debug "coordination.counter.increment"
            (%counter, by, value, revision = revision.0);
        C::Stored { counter, from, to, revision } => debug "coordination.counter.stored"
            (%counter, from, to, revision = revision.0);
        C::Loaded { counter, value, revision } => debug "coordination.counter.loaded"
            (%counter, value, revision = revision.0);
        C::Unknown { counter, by } => warn "coordination.counter.unknown" (%counter, by);
        C::Refused { counter, why } => info "coordination.counter.errors" (%counter, %why);
    }
}

fn consensus(source: Source, event: &ConsensusEvent) {
    use ConsensusEvent as C;
    facts! { source, event;
        C::Proposed { instance, value } => debug "coordination.consensus.start"
            (%instance, %value);
        C::Committed { instance, value, index, took } => info "coordination.consensus.committed"
            (%instance, %value, index = index.0, duration_ms = milliseconds(*took));
        C::Aborted { instance, value, why } => info "coordination.consensus.errors"
            (%instance, %value, %why);
        C::TimedOut { instance, value, waited, pending } =>
            info "coordination.consensus.timed_out"
            (%instance, %value, waited_ms = milliseconds(*waited), pending);
    }
}
