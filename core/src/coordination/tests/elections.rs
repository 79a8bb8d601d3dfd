//! Claims about elections that need more than one handle sees.

use std::time::Duration;

use super::stage::{LONG, TTL, story};
use crate::coordination::{
    Election, ElectionError, FencingToken, LossCause, ReleaseError, SessionEnd,
};
use crate::event::{CoordinationEvent, ElectionEvent};
use crate::runtime::timeout;

#[test]
fn one_leads_and_its_successor_has_a_higher_term() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let (on_a, on_b) = (Election::new(&a, "x"), Election::new(&b, "x"));
        assert!(matches!(
            on_a.leader().await,
            Err(ElectionError::NoLeader { .. })
        ));
        let first = on_a.campaign("a", LONG).await.unwrap();
        let short = on_b.campaign("b", Duration::from_secs(1)).await;
        assert!(
            matches!(short, Err(ElectionError::TimedOut { .. })),
            "{short:?}"
        );
        let leader = on_b.leader().await.unwrap();
        assert_eq!((leader.term, leader.session), (first.term(), Some(a.id())));
        assert_eq!(leader.value, "a".into());
        first.resign().await.unwrap();
        assert_eq!(first.resign().await, Err(ReleaseError::NotHeld));
        let second = on_b.campaign("b", LONG).await.unwrap();
        assert!(second.term() > first.term());
        let late = first.proclaim("late").await;
        assert!(
            matches!(late, Err(ElectionError::NotLeader { .. })),
            "{late:?}"
        );
        assert_eq!(on_a.leader().await.unwrap().value, "b".into());
        stage.finish().await;
    });
}

#[test]
fn f04_a_leader_that_campaigns_again_says_something_new_in_the_same_term() {
    story(async |stage| {
        let session = stage.session().await;
        let election = Election::new(&session, "x");
        let first = election.campaign("a", LONG).await.unwrap();
        let again = election.campaign("b", LONG).await.unwrap();
        assert_eq!(again.term(), first.term());
        assert_eq!(election.leader().await.unwrap().value, "b".into());
        drop(first);
        assert!(again.is_leading());
        drop(again);
        stage.quiet().await;
        assert!(election.leader().await.is_err());
        let next = election.campaign("c", LONG).await;
        assert!(next.is_ok(), "{next:?}");
        stage.finish().await;
    });
}

#[test]
fn f06_a_leadership_that_was_saved_goes_on_under_another_session() {
    story(async |stage| {
        let (a, b, c) = (
            stage.session().await,
            stage.session().await,
            stage.session().await,
        );
        let first = Election::new(&a, "x").campaign("a", LONG).await.unwrap();
        let record = first.record().unwrap();
        a.orphan();
        assert!(
            !first.is_leading() || first.lost().await == LossCause::Session(SessionEnd::Orphaned)
        );
        let resumed = Election::new(&b, "x").resume(&record, "b").await.unwrap();
        assert_eq!(resumed.term(), first.term());
        drop(first);
        stage.pass(TTL * 3).await;
        assert!(resumed.is_leading());
        let leader = Election::new(&c, "x").leader().await.unwrap();
        assert_eq!((leader.term, leader.session), (record.term(), Some(b.id())));
        resumed.resign().await.unwrap();
        let gone = Election::new(&c, "x").resume(&record, "c").await;
        assert!(
            matches!(gone, Err(ElectionError::NotLeader { .. })),
            "{gone:?}"
        );
        assert_eq!(stage.places().await, Vec::<String>::new());
        stage.finish().await;
    });
}

#[test]
fn f07_an_observer_sees_the_leader_of_now_and_every_change_in_order() {
    story(async |stage| {
        let (a, b, c) = (
            stage.session().await,
            stage.session().await,
            stage.session().await,
        );
        let mut observer = Election::new(&c, "x").observe();
        assert_eq!(observer.next().await.unwrap().leader, None);
        let first = Election::new(&a, "x").campaign("a", LONG).await.unwrap();
        let stopped = first.clone();
        let second = Election::new(&b, "x");
        stage.beside(async move {
            stopped.proclaim("still a").await.unwrap();
            stopped.resign().await.unwrap();
        });
        let second = second.campaign("b", LONG).await.unwrap();
        let (term, of_second) = (first.term(), second.term());
        let mut seen: Vec<Option<(FencingToken, String)>> = Vec::new();
        while !seen.iter().flatten().any(|(term, _)| *term == of_second) {
            let leader = observer.next().await.unwrap().leader;
            seen.push(leader.map(|leader| (leader.term, leader.value.to_string())));
        }
        // Whether the second was a candidate when the first resigned is left open.
        seen.retain(Option::is_some);
        let said = |term, value: &str| Some((term, value.to_owned()));
        let expected = [said(term, "a"), said(term, "still a"), said(of_second, "b")];
        assert_eq!(seen, expected);
        stage.finish().await;
    });
}

#[test]
fn f12_a_candidate_that_gives_up_never_leads() {
    story(async |stage| {
        let (a, b, c) = (
            stage.session().await,
            stage.session().await,
            stage.session().await,
        );
        let first = Election::new(&a, "x").campaign("a", LONG).await.unwrap();
        let gone = Election::new(&b, "x");
        let limit = Duration::from_secs(1);
        let campaign = timeout(stage.node.runtime(), limit, gone.campaign("b", LONG));
        assert!(campaign.await.is_err());
        first.resign().await.unwrap();
        let next = Election::new(&c, "x").campaign("c", limit).await.unwrap();
        let elected = stage.facts().into_iter().filter(|fact| {
            matches!(
                fact,
                CoordinationEvent::Election(ElectionEvent::Elected { .. })
            )
        });
        assert_eq!(elected.count(), 2);
        assert!(next.is_leading());
        stage.finish().await;
    });
}

#[test]
fn a_session_is_a_candidate_once() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let first = Election::new(&a, "x").campaign("a", LONG).await.unwrap();
        let waiting = b.clone();
        stage.beside(async move {
            let waited = Election::new(&waiting, "x").campaign("b", LONG).await;
            assert!(waited.is_ok(), "{waited:?}");
        });
        stage.quiet().await;
        let again = Election::new(&b, "x").campaign("b", LONG).await;
        let refused = matches!(again, Err(ElectionError::AlreadyCampaigning { .. }));
        assert!(refused, "{again:?}");
        first.resign().await.unwrap();
        stage.finish().await;
    });
}

#[test]
fn what_only_a_leader_may_do_is_done_by_nobody_else() {
    story(async |stage| {
        let (a, b) = (stage.session().await, stage.session().await);
        let first = Election::new(&a, "x").campaign("a", LONG).await.unwrap();
        let put = |value: &str| [crate::store::Operation::put("led", value)];
        first.transact(put("1")).await.unwrap();
        // Somebody takes the leadership away without the leader noticing.
        let place = stage.places().await.remove(0);
        let removed = stage.store.delete(crate::store::KeyRange::key(place)).await;
        assert_eq!(removed, Ok(1));
        let second = Election::new(&b, "x").campaign("b", LONG).await.unwrap();
        second.transact(put("2")).await.unwrap();
        let late = first.transact(put("3")).await;
        assert!(
            matches!(late, Err(ElectionError::NotLeader { .. })),
            "{late:?}"
        );
        assert!(!first.is_leading());
        let led = stage.store.get("led").await.unwrap();
        assert_eq!(led.unwrap().value, "2".into());
        stage.finish().await;
    });
}
