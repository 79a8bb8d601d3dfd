//! Leader election, as candidates see it.

use std::collections::BTreeMap;

use steadfast::coordination::{
    Coordinator, CoordinatorOptions, Election, ElectionError, FencingToken, ReleaseError, Session,
    SessionError, SessionOptions,
};
use steadfast::event::{CoordinationEvent, ElectionEvent};
use steadfast::runtime::Runtime;
use steadfast::store::LeaseId;

use super::coordination_cases;
use super::engines::Engine;
use super::hall::{Hall, LONG, Later, TTL};

coordination_cases! {
    f02_the_next_in_line_follows_and_a_second_resignation_harms_nobody,
    f05_a_candidate_that_comes_back_waits_for_its_former_self,
    f16_of_candidates_that_come_and_go_none_is_stuck,
    f17_those_ahead_may_go_while_one_looks_whom_to_wait_for,
    f19_what_never_reached_a_store_ends_cleanly,
    f20_elected_and_not_any_more_alternate,
    f21_terms_grow_over_restarts_of_the_store,
}

async fn f02_the_next_in_line_follows_and_a_second_resignation_harms_nobody<R: Runtime>(
    hall: Hall<R>,
) {
    let [a, b, c] = hall.sessions().await;
    let first = Election::new(&a, "x")
        .campaign("a", LONG)
        .await
        .expect("nobody leads");
    let mut waiting = Vec::new();
    for session in [b, c] {
        let election = Election::new(&session, "x");
        waiting.push(hall.beside(async move { election.campaign("next", LONG).await }));
        hall.quiet().await;
    }
    first.resign().await.expect("it leads");
    hall.quiet().await;
    let second = waiting[0]
        .take()
        .expect("it is next")
        .expect("it was elected");
    assert!(!waiting[1].is_done());
    assert_eq!(first.resign().await, Err(ReleaseError::NotHeld));
    hall.quiet().await;
    assert!(second.is_leading() && !waiting[1].is_done());
}

async fn f05_a_candidate_that_comes_back_waits_for_its_former_self<R: Runtime>(hall: Hall<R>) {
    let [before, after] = hall.sessions().await;
    let first = Election::new(&before, "x").campaign("me", LONG).await;
    let first = first.expect("nobody leads");
    before.orphan();
    let election = Election::new(&after, "x");
    let early = election.campaign("me", TTL / 8).await;
    assert!(
        matches!(early, Err(ElectionError::TimedOut { .. })),
        "{early:?}"
    );
    let second = election.campaign("me", TTL * 2).await;
    let second = second.expect("the time of the former has run out");
    assert!(second.term() > first.term() && !first.is_leading());
}

/// Candidates who lead in turn, over and over; gives what each was told.
async fn take_turns<R: Runtime>(
    hall: &Hall<R>,
    sessions: [Session<R>; 3],
    rounds: usize,
) -> Vec<Vec<FencingToken>> {
    let mut candidates = Vec::new();
    for session in sessions {
        candidates.push(hall.beside(async move {
            let mut terms = Vec::new();
            for _ in 0..rounds {
                let leads = Election::new(&session, "x").campaign("turn", LONG).await;
                let leads = leads.expect("its turn comes");
                terms.push(leads.term());
                leads.resign().await.expect("it leads");
            }
            terms
        }));
    }
    hall.all(candidates).await
}

async fn f16_of_candidates_that_come_and_go_none_is_stuck<R: Runtime>(hall: Hall<R>) {
    let sessions = hall.sessions().await;
    let terms = take_turns(&hall, sessions, 5).await;
    let mut all: Vec<_> = terms.iter().flatten().collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 15);
    assert!(terms.iter().all(|terms| terms.is_sorted()));
    hall.empty().await;
}

async fn f17_those_ahead_may_go_while_one_looks_whom_to_wait_for<R: Runtime>(hall: Hall<R>) {
    for _ in 0..3 {
        let [a, b, last] = hall.sessions().await;
        let ahead = [&a, &b].map(|session| {
            let election = Election::new(session, "x");
            hall.beside(async move { election.campaign("ahead", LONG).await })
        });
        hall.quiet().await;
        // All at once: one comes, those ahead of it end.
        let election = Election::new(&last, "x");
        let waiting = hall.beside(async move { election.campaign("last", LONG).await });
        let ends = [a, b].map(|session| hall.beside(async move { session.close().await.is_ok() }));
        assert_eq!(hall.all(ends).await, [true, true]);
        let leads = hall.within(TTL / 2, hall.all([waiting])).await;
        let leads = leads.expect("nobody woke it").remove(0);
        leads
            .expect("nobody leads")
            .resign()
            .await
            .expect("it leads");
        assert!(ahead.iter().all(Later::is_done));
    }
}

async fn f19_what_never_reached_a_store_ends_cleanly<R: Runtime>(hall: Hall<R>) {
    // Another store of the same kind, which nobody starts.
    let (_never_started, store) = Engine::Local.store(&hall.bench);
    let node = hall.bench.node();
    let options = CoordinatorOptions::default();
    let store = store.within(TTL);
    let alone = Coordinator::start(node, "alone", store, options).await;
    let alone = alone.expect("it needs no store to start");
    let none = alone.session(SessionOptions::ttl(TTL)).await;
    assert!(matches!(none, Err(SessionError::Lease(_))), "{none:?}");
    // That everything stops in order is checked when the bench ends.
}

async fn f20_elected_and_not_any_more_alternate<R: Runtime>(hall: Hall<R>) {
    let sessions = hall.sessions().await;
    take_turns(&hall, sessions, 3).await;
    let [dying, next] = hall.sessions().await;
    let lost = Election::new(&dying, "x")
        .campaign("dying", LONG)
        .await
        .expect("nobody leads");
    dying.orphan();
    lost.lost().await;
    let next = Election::new(&next, "x")
        .campaign("next", LONG)
        .await
        .expect("nobody leads");
    next.resign().await.expect("it leads");
    let mut leading = BTreeMap::<LeaseId, FencingToken>::new();
    let mut elected = 0;
    for fact in hall.facts() {
        match fact {
            CoordinationEvent::Election(ElectionEvent::Elected { session, term, .. }) => {
                elected += 1;
                assert_eq!(leading.insert(session, term), None, "elected twice");
                assert_eq!(leading.len(), 1, "two lead");
            }
            CoordinationEvent::Election(
                ElectionEvent::Resigned { session, term, .. }
                | ElectionEvent::Lost { session, term, .. },
            ) => assert_eq!(leading.remove(&session), Some(term)),
            CoordinationEvent::Election(
                ElectionEvent::Campaigned { .. }
                | ElectionEvent::Resumed { .. }
                | ElectionEvent::Proclaimed { .. }
                | ElectionEvent::Refused { .. }
                | ElectionEvent::Withdrawn { .. }
                | ElectionEvent::Removed { .. }
                | ElectionEvent::Observed { .. },
            )
            | CoordinationEvent::Session(_)
            | CoordinationEvent::Lock(_)
            | CoordinationEvent::Barrier(_)
            | CoordinationEvent::Counter(_)
            | CoordinationEvent::Consensus(_) => {}
        }
    }
    assert_eq!((elected, leading.len()), (11, 0));
}

async fn f21_terms_grow_over_restarts_of_the_store<R: Runtime>(hall: Hall<R>) {
    let mut terms = Vec::new();
    for _ in 0..3 {
        let session = hall.session().await;
        let leads = Election::new(&session, "x").campaign("me", LONG).await;
        let leads = leads.expect("nobody leads");
        terms.push(leads.term());
        leads.resign().await.expect("it leads");
        hall.supervisor
            .terminate_child("store")
            .await
            .expect("it runs");
        hall.supervisor
            .restart_child("store")
            .await
            .expect("it can be started again");
        hall.answers().await;
    }
    assert!(terms.is_sorted_by(|a, b| a < b), "{terms:?}");
}
