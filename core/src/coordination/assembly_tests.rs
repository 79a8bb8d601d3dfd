//! What follows from who is at a double barrier.

use super::*;
use crate::coordination::name::Keyspace;
use crate::store::{Change, Entry as Stored, LeaseId, Value};

/// The generation that goes on in these tests.
const NOW: Revision = Revision(10);

fn site() -> Site {
    Site::new(Keyspace::new("root", "double-barrier", &"x".into()))
}

fn who(session: u64) -> Participant {
    Participant {
        session: LeaseId(session),
        attempt: 1,
    }
}

fn place(generation: Revision, session: u64) -> Key {
    site().place(generation, who(session))
}

fn stored(key: Key, value: Value, created: u64) -> Stored {
    Stored {
        key,
        value,
        create_revision: Revision(created),
        mod_revision: Revision(created),
        version: 1,
        lease: None,
    }
}

fn goes_on(expected: u64, phase: Phase) -> Stored {
    let terms = Terms { expected, phase };
    stored(site().generation(), terms.encode(), NOW.0)
}

fn has_place(generation: Revision, session: u64, leaving: bool) -> Stored {
    let created = generation.0 + session;
    let key = place(generation, session);
    stored(key, Site::says(leaving), created)
}

fn reading(entries: Vec<Stored>) -> Reading {
    Reading {
        revision: Revision(100),
        count: entries.len(),
        entries,
        more: false,
    }
}

fn assembly(entries: Vec<Stored>) -> Assembly {
    Assembly::of(&site(), &reading(entries)).unwrap()
}

fn gathering(expected: u64, sessions: &[u64]) -> Assembly {
    let places = sessions
        .iter()
        .map(|session| has_place(NOW, *session, false));
    let all = [goes_on(expected, Phase::Gathering)].into_iter();
    assembly(all.chain(places).collect())
}

fn inside(expected: u64, sessions: &[(u64, bool)]) -> Assembly {
    let sessions = sessions.iter();
    let places = sessions.map(|(session, leaving)| has_place(NOW, *session, *leaving));
    let all = [goes_on(expected, Phase::Inside)].into_iter();
    assembly(all.chain(places).collect())
}

fn entry(assembly: &Assembly, session: u64, expected: u64) -> Entry {
    assembly.entry(&site(), who(session), expected)
}

fn opening(assembly: &Assembly, session: u64, expected: u64) -> Opening {
    let entry = entry(assembly, session, expected);
    let Entry::Enter(opening) = entry else {
        panic!("{entry:?}");
    };
    opening
}

#[test]
fn g04_only_whoever_completes_the_number_says_that_all_are_there() {
    let first = opening(&gathering(3, &[]), 1, 3);
    assert_eq!(first.terms.phase, Phase::Gathering);
    let second = opening(&gathering(3, &[1]), 2, 3);
    assert_eq!(second.terms.phase, Phase::Gathering);
    let last = opening(&gathering(3, &[1, 2]), 3, 3);
    assert_eq!(last.terms.phase, Phase::Inside);
    let others = [1, 2].map(|session| (place(NOW, session), FencingToken(Revision(10 + session))));
    assert_eq!(last.others, others);
    let alone = opening(&gathering(1, &[]), 1, 1);
    assert_eq!(alone.terms.phase, Phase::Inside);
}

#[test]
fn g04_one_who_is_counted_passes_once_all_are_there() {
    let own = place(NOW, 1);
    let waiting = gathering(2, &[1]);
    assert_eq!(waiting.standing(NOW, &own), Standing::Gathering);
    let all = inside(2, &[(1, false), (2, false)]);
    assert_eq!(all.standing(NOW, &own), Standing::Passed);
    // One of them died meanwhile, or is leaving already.
    assert_eq!(
        inside(2, &[(1, false)]).standing(NOW, &own),
        Standing::Passed
    );
    assert_eq!(gathering(2, &[2]).standing(NOW, &own), Standing::Missing);
}

#[test]
fn g04_nobody_leaves_as_long_as_one_wants_to_stay() {
    let one = inside(3, &[(1, true), (2, false), (3, true)]);
    assert_eq!(one.exit(NOW), Exit::Blocked(place(NOW, 2)));
    let gone = inside(3, &[(1, true), (3, true)]);
    assert_eq!(gone.exit(NOW), Exit::Open);
}

#[test]
fn g05_whoever_comes_while_one_is_inside_is_too_many() {
    let all = inside(2, &[(1, false), (2, false)]);
    assert_eq!(entry(&all, 3, 2), Entry::Full);
    let one = inside(2, &[(1, true), (2, false)]);
    assert_eq!(entry(&one, 3, 2), Entry::Full);
}

#[test]
fn those_who_expect_another_number_are_refused_until_the_others_are_gone() {
    let found = 3;
    assert_eq!(entry(&gathering(3, &[1]), 2, 2), Entry::Mismatch { found });
    let all = inside(3, &[(1, false)]);
    assert_eq!(entry(&all, 2, 2), Entry::Mismatch { found });
    let opening = opening(&gathering(3, &[]), 2, 2);
    assert_eq!((opening.terms.expected, opening.changed), (2, NOW));
}

#[test]
fn g09_a_generation_of_which_all_are_leaving_is_over_and_counts_for_nothing() {
    let over = inside(2, &[(1, true), (2, true)]);
    assert_eq!(entry(&over, 3, 2), Entry::End(NOW));
    assert_eq!(entry(&inside(2, &[]), 3, 2), Entry::End(NOW));
    let before = Revision(5);
    let ghosts = vec![has_place(before, 1, true), has_place(before, 2, false)];
    assert_eq!(entry(&assembly(ghosts.clone()), 3, 2), Entry::Begin);
    let mut next = ghosts;
    next.push(goes_on(2, Phase::Gathering));
    let next = assembly(next);
    assert_eq!(opening(&next, 3, 2).terms.phase, Phase::Gathering);
    assert_eq!(next.others(NOW, &place(NOW, 3)), 0);
}

#[test]
fn g10_those_whose_generation_was_ended_are_told() {
    let own = place(NOW, 1);
    let ended = assembly(vec![has_place(NOW, 1, false), has_place(NOW, 2, false)]);
    assert_eq!(ended.standing(NOW, &own), Standing::Reset);
    assert_eq!(ended.exit(NOW), Exit::Reset);
    let token = FencingToken(Revision(11));
    assert_eq!(entry(&ended, 1, 2), Entry::Outlived(NOW, token));
    let left = assembly(vec![has_place(NOW, 1, true), has_place(NOW, 2, true)]);
    assert_eq!(left.exit(NOW), Exit::Open);
}

#[test]
fn an_attempt_that_came_through_is_not_made_again() {
    let token = FencingToken(Revision(11));
    let counted = Entry::Counted(NOW, token);
    assert_eq!(entry(&gathering(2, &[1]), 1, 2), counted);
    assert_eq!(entry(&inside(2, &[(1, false), (2, true)]), 1, 2), counted);
}

#[test]
fn g12_only_those_who_have_a_place_are_counted() {
    let all = gathering(3, &[1, 2]);
    assert_eq!(all.others(NOW, &place(NOW, 1)), 1);
    assert_eq!(all.others(NOW, &place(NOW, 3)), 2);
}

#[test]
fn g07_that_somebody_came_or_went_ends_no_wait() {
    let put = |entry| Change::Put {
        entry,
        previous: None,
    };
    let deleted = |key| Change::Deleted {
        key,
        previous: None,
    };
    let (site, inside) = (site(), place(NOW, 2));
    let ends = |change| site.may_end_gathering(&change);
    assert!(!ends(put(goes_on(3, Phase::Gathering))));
    assert!(!ends(put(has_place(NOW, 2, false))));
    assert!(!ends(deleted(inside.clone())));
    assert!(ends(put(goes_on(3, Phase::Inside))));
    assert!(ends(deleted(site.generation())));
    let ends = |change| site.may_end_leaving(&change, &inside);
    assert!(!ends(put(has_place(NOW, 3, true))));
    assert!(!ends(deleted(place(NOW, 3))));
    assert!(ends(put(has_place(NOW, 2, true))));
    assert!(ends(deleted(inside.clone())));
    assert!(ends(deleted(site.generation())));
}

#[test]
fn what_nobody_has_written_or_not_all_was_read_of_is_no_assembly() {
    let broken = stored(site().generation(), Value::from("?"), 1);
    assert_eq!(Assembly::of(&site(), &reading(vec![broken])), None);
    let mut cut = reading(vec![goes_on(1, Phase::Inside)]);
    cut.more = true;
    assert_eq!(Assembly::of(&site(), &cut), None);
}
