//! Leader election, as leaders and observers see it.

use steadfast::coordination::{
    Election, ElectionError, FencingToken, LossCause, ReleaseError, SessionEnd,
};
use steadfast::runtime::Runtime;

use super::coordination_cases;
use super::hall::{Hall, LONG, TTL};

coordination_cases! {
    f01_of_many_candidates_one_leads_and_all_agree_who,
    f04_a_leader_that_campaigns_again_says_something_new_in_the_same_term,
    f06_a_leadership_that_was_saved_goes_on_under_another_session,
    f07_an_observer_sees_the_leader_of_now_and_every_change_in_order,
    f09_without_a_leader_there_is_none_to_be_told,
    f10_whoever_does_not_lead_cannot_proclaim,
    f11_elections_of_which_one_name_begins_with_the_other_are_independent,
    f14_a_leadership_ends_with_its_session_and_its_leader_is_told,
}

async fn f01_of_many_candidates_one_leads_and_all_agree_who<R: Runtime>(hall: Hall<R>) {
    let sessions = hall.sessions::<3>().await;
    let mut campaigns = Vec::new();
    for (number, session) in sessions.iter().enumerate() {
        let election = Election::new(session, "x");
        campaigns
            .push(hall.beside(async move { election.campaign(number.to_string(), LONG).await }));
    }
    hall.quiet().await;
    let elected: Vec<_> = campaigns
        .iter()
        .filter_map(super::hall::Later::take)
        .collect();
    assert_eq!(elected.len(), 1);
    let leads = elected
        .into_iter()
        .next()
        .expect("one")
        .expect("it was elected");
    for session in &sessions {
        let leader = Election::new(session, "x")
            .leader()
            .await
            .expect("one leads");
        assert_eq!(
            (leader.term, leader.session),
            (leads.term(), Some(leads.session().id()))
        );
    }
}

async fn f04_a_leader_that_campaigns_again_says_something_new_in_the_same_term<R: Runtime>(
    hall: Hall<R>,
) {
    let session = hall.session().await;
    let election = Election::new(&session, "x");
    let first = election.campaign("a", LONG).await.expect("nobody leads");
    let again = hall.within(TTL, election.campaign("b", LONG)).await;
    let again = again.expect("it waits for itself").expect("it leads");
    assert_eq!(again.term(), first.term());
    let leader = election.leader().await.expect("one leads");
    assert_eq!(leader.value, "b".into());
}

async fn f06_a_leadership_that_was_saved_goes_on_under_another_session<R: Runtime>(hall: Hall<R>) {
    let [a, b, c] = hall.sessions().await;
    let first = Election::new(&a, "x")
        .campaign("a", LONG)
        .await
        .expect("nobody leads");
    let record = first.record().expect("it leads");
    a.orphan();
    let resumed = Election::new(&b, "x").resume(&record, "b").await;
    let resumed = resumed.expect("the time of the first has not run out");
    assert_eq!(resumed.term(), first.term());
    drop(first);
    hall.pass(TTL * 2).await;
    assert!(resumed.is_leading());
    let leader = Election::new(&c, "x").leader().await.expect("one leads");
    assert_eq!((leader.term, leader.session), (record.term(), Some(b.id())));
    resumed.resign().await.expect("it leads");
    let gone = Election::new(&c, "x").resume(&record, "c").await;
    assert!(
        matches!(gone, Err(ElectionError::NotLeader { .. })),
        "{gone:?}"
    );
    hall.empty().await;
}

async fn f07_an_observer_sees_the_leader_of_now_and_every_change_in_order<R: Runtime>(
    hall: Hall<R>,
) {
    let [a, b, c] = hall.sessions().await;
    let mut early = Election::new(&c, "x").observe();
    assert_eq!(early.next().await.expect("the store answers").leader, None);
    let first = Election::new(&a, "x")
        .campaign("a", LONG)
        .await
        .expect("nobody leads");
    let mut late = Election::new(&c, "x").observe();
    let leader = late.next().await.expect("the store answers").leader;
    assert_eq!(leader.map(|leader| leader.term), Some(first.term()));
    first.proclaim("still a").await.expect("it leads");
    first.resign().await.expect("it leads");
    let second = Election::new(&b, "x")
        .campaign("b", LONG)
        .await
        .expect("nobody leads");
    let said = |term: FencingToken, value: &str| (term, value.to_owned());
    let expected = [
        said(first.term(), "a"),
        said(first.term(), "still a"),
        said(second.term(), "b"),
    ];
    for (mut observer, skipped) in [(early, 0), (late, 1)] {
        let mut seen = Vec::new();
        while seen.last() != expected.last() {
            let leader = observer.next().await.expect("the store answers").leader;
            seen.extend(leader.map(|leader| (leader.term, leader.value.to_string())));
        }
        assert_eq!(seen, expected[skipped..]);
    }
}

async fn f09_without_a_leader_there_is_none_to_be_told<R: Runtime>(hall: Hall<R>) {
    let election = Election::new(&hall.session().await, "x");
    let none = election.leader().await;
    assert!(
        matches!(none, Err(ElectionError::NoLeader { .. })),
        "{none:?}"
    );
    let leads = election.campaign("a", LONG).await.expect("nobody leads");
    leads.resign().await.expect("it leads");
    let none = election.leader().await;
    assert!(
        matches!(none, Err(ElectionError::NoLeader { .. })),
        "{none:?}"
    );
}

async fn f10_whoever_does_not_lead_cannot_proclaim<R: Runtime>(hall: Hall<R>) {
    let [a, b] = hall.sessions().await;
    let first = Election::new(&a, "x")
        .campaign("a", LONG)
        .await
        .expect("nobody leads");
    first.resign().await.expect("it leads");
    let second = Election::new(&b, "x").campaign("b", LONG).await;
    let second = second.expect("nobody leads");
    let late = first.proclaim("late").await;
    assert!(
        matches!(late, Err(ElectionError::NotLeader { .. })),
        "{late:?}"
    );
    let leader = Election::new(&a, "x").leader().await.expect("one leads");
    assert_eq!((leader.term, leader.value), (second.term(), "b".into()));
}

async fn f11_elections_of_which_one_name_begins_with_the_other_are_independent<R: Runtime>(
    hall: Hall<R>,
) {
    let [a, b] = hall.sessions().await;
    let mut leaders = Vec::new();
    for (session, name) in [(&a, "x"), (&b, "x/"), (&b, "x/1"), (&a, "xy")] {
        let election = Election::new(session, name);
        let leads = hall.within(TTL, election.campaign(name, LONG)).await;
        leaders.push(
            leads
                .expect("another election is in the way")
                .expect("nobody leads"),
        );
        let leader = election.leader().await.expect("one leads");
        assert_eq!(leader.value, name.into());
    }
}

async fn f14_a_leadership_ends_with_its_session_and_its_leader_is_told<R: Runtime>(hall: Hall<R>) {
    let [a, b] = hall.sessions().await;
    let first = Election::new(&a, "x")
        .campaign("a", LONG)
        .await
        .expect("nobody leads");
    let on_b = Election::new(&b, "x");
    let waiting = hall.beside(async move { on_b.campaign("b", LONG).await });
    hall.quiet().await;
    a.orphan();
    let cause = first.lost().await;
    assert_eq!(cause, LossCause::Session(SessionEnd::Orphaned));
    // It knows first.
    assert!(!waiting.is_done() && !first.is_leading());
    assert_eq!(first.resign().await, Err(ReleaseError::Lost { cause }));
    let second = hall.all([waiting]).await.remove(0).expect("nobody leads");
    assert!(second.term() > first.term());
}
