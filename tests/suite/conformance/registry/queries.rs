//! What queries mean, and that indexes mean the same.

use steadfast::process::ExitReason;
use steadfast::registry::{
    Condition, Keys, Metadata, Query, Registration, RegistryError, Removal, Revision, Update, Value,
};
use steadfast::runtime::Runtime;

use super::desk::{Desk, GROUPS, NAMES};
use super::registry_cases;
use crate::conformance::harness::same;

registry_cases! {
    a19_no_character_of_a_name_has_a_meaning_of_its_own,
    a20_exactly_what_passes_all_tests_is_found,
    a21_a_count_is_the_length_of_the_list,
    a22_only_own_entries_that_match_are_taken_away,
    a25_a_query_that_makes_no_sense_is_a_typed_error,
    a26_a_prefix_has_one_limit_for_all_partitions,
    a40_every_call_names_the_scope_that_is_not_there,
    a51_statistics_count_what_is_there_whatever_the_keys,
    an_index_answers_what_a_scan_would,
}

/// A process with names that differ in tier and roles.
async fn crew<R: Runtime>(desk: &Desk<R>) -> steadfast::process::ProcessId {
    let p = desk.player("p");
    for number in 0..40 {
        let roles = match number % 4 {
            0 => vec!["web"],
            1 => vec!["web", "db"],
            2 => vec!["db"],
            _ => vec![],
        };
        let metadata = Metadata::new()
            .with("tier", number % 3)
            .with("roles", roles);
        desk.give_with(&format!("w/{number:02}"), p, metadata).await;
    }
    p
}

async fn a19_no_character_of_a_name_has_a_meaning_of_its_own<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    let names = [
        "*", "_", "$1", "%", ".*", "a b", "[a]", "\\", "ä", "names:k",
    ];
    for name in names {
        desk.give(name, p).await;
    }
    for name in names {
        let found = desk.select(&Query::all().name(name));
        same(
            &desk.bench,
            &Desk::<R>::names_of(&found),
            &vec![name.to_owned()],
        );
        same(&desk.bench, &desk.holder(name), &Some(p));
        let gone = desk.registry.unregister(Removal::new(NAMES, name)).await;
        assert!(gone.is_ok(), "{gone:?}");
        same(&desk.bench, &desk.holder(name), &None);
    }
}

async fn a20_exactly_what_passes_all_tests_is_found<R: Runtime>(desk: Desk<R>) {
    let p = crew(&desk).await;
    let all = desk.entries();
    same(&desk.bench, &all.len(), &40);
    let queries = [
        Query::all().is("tier", 1),
        Query::all().is("roles", "db"),
        Query::all().is("roles", "db").is("tier", 2),
        Query::all().is("roles", vec!["web", "db"]),
        Query::all().field("tier", Condition::Greater(0.into())),
        Query::all()
            .field("tier", Condition::Less(1.into()))
            .is("roles", "web"),
        Query::all().field("roles", Condition::NoneOf(vec!["web".into()])),
        Query::all()
            .field("absent", Condition::Absent)
            .prefix("w/1"),
        Query::all()
            .field("tier", Condition::Present)
            .held_by(p)
            .prefix("w/2"),
        Query::all().is("tier", "1"),
        Query::all().is("tier", Value::Null),
    ];
    for query in queries {
        let expected: Vec<_> = all
            .iter()
            .filter(|entry| query.matches(entry))
            .cloned()
            .collect();
        same(&desk.bench, &desk.select(&query), &expected);
    }
}

async fn a21_a_count_is_the_length_of_the_list<R: Runtime>(desk: Desk<R>) {
    let p = crew(&desk).await;
    for limit in [1, 7, 40, 100] {
        // Asking also compares the count with the list.
        let found = desk.select(&Query::all().limit(limit));
        same(&desk.bench, &found.len(), &limit.min(40));
        let found = desk.select(&Query::all().is("tier", 0).limit(limit));
        same(&desk.bench, &found.len(), &limit.min(14));
    }
    desk.join("g", p).await;
    desk.join("g", p).await;
    let query = Query::all().held_by(p);
    let count = desk.registry.count(GROUPS, &query);
    same(&desk.bench, &count, &Ok(2));
}

async fn a22_only_own_entries_that_match_are_taken_away<R: Runtime>(desk: Desk<R>) {
    let p = crew(&desk).await;
    let q = desk.player("q");
    desk.give_with("w/q", q, Metadata::new().with("tier", 1))
        .await;
    let query = Query::all().is("tier", 1);
    let gone = desk.registry.unregister_matching(NAMES, &query, p).await;
    let gone = gone.expect("the scope is open");
    same(&desk.bench, &gone.len(), &13);
    assert!(
        gone.iter()
            .all(|entry| entry.process == p && query.matches(entry))
    );
    same(&desk.bench, &desk.entries().len(), &(40 - 13 + 1));
    same(
        &desk.bench,
        &Desk::<R>::names_of(&desk.select(&query)),
        &vec!["w/q".to_owned()],
    );
    desk.sound();
}

async fn a25_a_query_that_makes_no_sense_is_a_typed_error<R: Runtime>(desk: Desk<R>) {
    let p = crew(&desk).await;
    let nonsense = [
        Query::all().limit(0),
        Query::all().is("", 1),
        Query::all().field("tier", Condition::Greater(Value::List(Vec::new()))),
        Query::all().field("tier", Condition::NoneOf(Vec::new())),
    ];
    let refused = |answer: Option<RegistryError>| {
        assert!(
            matches!(answer, Some(RegistryError::InvalidQuery { .. })),
            "{answer:?}"
        );
    };
    for query in nonsense {
        refused(desk.registry.select(NAMES, &query).err());
        refused(desk.registry.count(NAMES, &query).err());
        refused(
            desk.registry
                .unregister_matching(NAMES, &query, p)
                .await
                .err(),
        );
    }
    same(&desk.bench, &desk.entries().len(), &40);
}

async fn a26_a_prefix_has_one_limit_for_all_partitions<R: Runtime>(desk: Desk<R>) {
    crew(&desk).await;
    let p = desk.player("other");
    for name in ["w", "w0", "v/1", "x/1"] {
        desk.give(name, p).await;
    }
    let found = desk.select(&Query::all().prefix("w/").limit(5));
    let expected: Vec<_> = (0..5).map(|number| format!("w/{number:02}")).collect();
    same(&desk.bench, &Desk::<R>::names_of(&found), &expected);
    let found = desk.select(&Query::all().prefix("w/"));
    same(&desk.bench, &found.len(), &40);
    same(
        &desk.bench,
        &desk.select(&Query::all().prefix("nothing/")),
        &Vec::new(),
    );
}

async fn a40_every_call_names_the_scope_that_is_not_there<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    let registry = &desk.registry;
    let all = Query::all();
    let removal = Removal::new("nowhere", "k").of(p);
    let update = Update::new("nowhere", "k", Revision::Replace(Metadata::new()));
    let answers = [
        registry
            .register(Registration::new("nowhere", "k", p))
            .await
            .err(),
        registry.unregister(removal).await.err(),
        registry.unregister_matching("nowhere", &all, p).await.err(),
        registry.update(update).await.err(),
        registry.whereis("nowhere", "k").err(),
        registry.lookup("nowhere", "k").err(),
        registry.members("nowhere", "k").err(),
        registry.select("nowhere", &all).err(),
        registry.count("nowhere", &all).err(),
        registry.close_scope("nowhere").await.err(),
    ];
    let unknown = RegistryError::UnknownScope {
        scope: "nowhere".into(),
    };
    for (call, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, Some(unknown.clone()), "call {call}");
    }
    let again = registry.open_scope(NAMES, Keys::Unique).await;
    same(&desk.bench, &again, &Ok(()));
    let clash = registry.open_scope(NAMES, Keys::Duplicate).await;
    assert!(
        matches!(clash, Err(RegistryError::ScopeExists { .. })),
        "{clash:?}"
    );
}

async fn a51_statistics_count_what_is_there_whatever_the_keys<R: Runtime>(desk: Desk<R>) {
    let p = crew(&desk).await;
    for name in ["*", "ä", "a b", "0"] {
        desk.give(name, p).await;
        desk.join(name, p).await;
        desk.join(name, p).await;
    }
    let stats = desk.registry.stats();
    let figures: Vec<_> = stats
        .scopes
        .iter()
        .map(|scope| (scope.scope.to_string(), scope.names, scope.entries))
        .collect();
    let expected = vec![(GROUPS.to_owned(), 4, 8), (NAMES.to_owned(), 44, 44)];
    same(&desk.bench, &figures, &expected);
    same(&desk.bench, &stats.entries(), &52);
    let of_partitions: usize = stats.partitions.iter().map(|part| part.entries).sum();
    same(&desk.bench, &of_partitions, &52);
    let health = desk.registry.health();
    same(&desk.bench, &health.entries, &52);
    desk.end("p", p, ExitReason::Normal).await;
    let stats = desk.registry.stats();
    same(&desk.bench, &stats.entries(), &0);
    let removed: u64 = stats.partitions.iter().map(|part| part.removed).sum();
    same(&desk.bench, &removed, &52);
}

async fn an_index_answers_what_a_scan_would<R: Runtime>(desk: Desk<R>) {
    let p = crew(&desk).await;
    for number in (0..40).step_by(2) {
        let name = format!("w/{number:02}");
        let metadata = Metadata::new()
            .with("tier", number % 5)
            .with("roles", vec!["new"]);
        let update = Update::new(NAMES, name.clone(), Revision::Replace(metadata));
        assert!(desk.registry.update(update).await.is_ok());
        if number % 8 == 0 {
            assert!(
                desk.registry
                    .unregister(Removal::new(NAMES, name))
                    .await
                    .is_ok()
            );
        }
    }
    let all = desk.entries();
    for query in [
        Query::all().is("tier", 0),
        Query::all().is("tier", 1),
        Query::all().is("tier", 4).held_by(p),
        Query::all().is("roles", "web"),
        Query::all().is("roles", "new").is("tier", 3),
        Query::all().is("roles", "db").prefix("w/1").limit(2),
    ] {
        let matching = all.iter().filter(|entry| query.matches(entry)).cloned();
        let expected: Vec<_> = matching.take(query.most().unwrap_or(usize::MAX)).collect();
        same(&desk.bench, &desk.select(&query), &expected);
    }
    desk.sound();
}
