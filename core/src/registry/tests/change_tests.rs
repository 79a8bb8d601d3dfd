//! Claims about changes through the facade.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::naive::Naive;
use super::stage::{LIMIT, play, play_naive};
use crate::registry::{
    Keys, Metadata, Operation, Query, RegisterAllError, Registration, Registry, RegistryError,
    Removal, Revision, Update, Value,
};
use crate::runtime::Clock;

#[test]
fn a27_a25_what_breaks_a_rule_is_refused_before_the_backend_sees_it() {
    play(|stage| async move {
        let process = stage.idler();
        let registry = &stage.registry;
        for (scope, name) in [("names", "a/"), ("groups", "a/"), ("names", ""), ("", "a")] {
            let wanted = Registration::new(scope, name, process);
            let refused = registry.register(wanted).await;
            assert!(matches!(refused, Err(RegistryError::InvalidKey { .. })));
            let refused = registry.unregister(Removal::new(scope, name)).await;
            assert!(matches!(refused, Err(RegistryError::InvalidKey { .. })));
            let update = Update::new(scope, name, Revision::Replace(Metadata::new()));
            let refused = registry.update(update).await;
            assert!(matches!(refused, Err(RegistryError::InvalidKey { .. })));
        }
        let nonsense = Query::all().limit(0);
        let refused = registry.select("names", &nonsense);
        assert!(matches!(refused, Err(RegistryError::InvalidQuery { .. })));
        let refused = registry.count("names", &nonsense);
        assert!(matches!(refused, Err(RegistryError::InvalidQuery { .. })));
        let heavy = Metadata::new().with("text", "x".repeat(Metadata::WEIGHT_MAX));
        let wanted = Registration::new("names", "a", process).metadata(heavy);
        let refused = registry.register(wanted).await;
        assert!(matches!(
            refused,
            Err(RegistryError::InvalidMetadata { .. })
        ));
        assert_eq!(registry.list("names"), Ok(Vec::new()));
    });
}

#[test]
fn a40_every_call_on_an_unknown_scope_says_so() {
    play(|stage| async move {
        let process = stage.idler();
        let registry = &stage.registry;
        let unknown = RegistryError::UnknownScope {
            scope: "none".into(),
        };
        let wanted = Registration::new("none", "a", process);
        let all = Query::all();
        assert_eq!(registry.register(wanted).await, Err(unknown.clone()));
        let removal = Removal::new("none", "a");
        assert_eq!(registry.unregister(removal).await, Err(unknown.clone()));
        assert_eq!(registry.close_scope("none").await, Err(unknown.clone()));
        let gone = registry.unregister_matching("none", &all, process).await;
        assert_eq!(gone, Err(unknown.clone()));
        assert_eq!(registry.whereis("none", "a"), Err(unknown.clone()));
        assert_eq!(registry.lookup("none", "a"), Err(unknown.clone()));
        assert_eq!(registry.members("none", "a"), Err(unknown.clone()));
        assert_eq!(registry.select("none", &all), Err(unknown.clone()));
        assert_eq!(registry.count("none", &all), Err(unknown.clone()));
        assert_eq!(registry.names("none"), Err(unknown.clone()));
        assert_eq!(registry.watch("none", all).map(drop), Err(unknown));
    });
}

#[test]
fn a14_in_owner_only_mode_others_change_nothing() {
    play(|stage| async move {
        let node = &stage.node;
        let registry = Registry::with_backend(node, "owned", |host| Naive::new(host).owner_only());
        registry.open_scope("names", Keys::Unique).await.unwrap();
        let (owner, other) = (stage.idler(), stage.idler());
        let wanted = Registration::new("names", "a", owner);
        let entry = registry.register(wanted).await.unwrap().entry;
        for by in [None, Some(other)] {
            let removal = Removal::new("names", "a").by(by);
            let refused = registry.unregister(removal).await;
            assert!(matches!(refused, Err(RegistryError::NotOwner { .. })));
            let changed = Revision::Replace(Metadata::new().with("x", 1));
            let update = Update::new("names", "a", changed).by(by);
            let refused = registry.update(update).await;
            assert!(matches!(refused, Err(RegistryError::NotOwner { .. })));
        }
        assert_eq!(registry.lookup("names", "a"), Ok(Some(entry)));
    });
}

#[test]
fn a15_a16_an_update_runs_once_and_answers_old_and_new_and_groups_have_none() {
    play(|stage| async move {
        let process = stage.idler();
        let registry = &stage.registry;
        stage.register("names", "a", process).await;
        stage.register("groups", "a", process).await;
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let update = Update::with("names", "a", move |before| {
            counted.fetch_add(1, Ordering::SeqCst);
            before.clone().with("n", 1)
        });
        let updated = registry.update(update).await.unwrap();
        let one = Metadata::new().with("n", 1);
        assert_eq!(
            (updated.before, updated.entry.metadata),
            (Metadata::new(), one.clone())
        );
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        let two = Metadata::new().with("n", 2);
        let set = Update::compare_and_set("names", "a", Metadata::new(), two.clone());
        let refused = registry.update(set).await;
        assert!(matches!(refused, Err(RegistryError::Changed { .. })));
        let set = Update::compare_and_set("names", "a", one, two.clone());
        assert_eq!(registry.update(set).await.unwrap().entry.metadata, two);
        let update = Update::replace("groups", "a", Metadata::new());
        let refused = registry.update(update).await;
        assert!(matches!(refused, Err(RegistryError::Unsupported { .. })));
    });
}

#[test]
fn a17_a55_a_group_has_an_entry_for_each_join_and_a_leave_takes_one() {
    play(|stage| async move {
        let (process, other) = (stage.idler(), stage.idler());
        for member in [process, other, process] {
            stage.register("groups", "g", member).await;
        }
        let registry = &stage.registry;
        let members = || registry.members("groups", "g").unwrap().len();
        assert_eq!(members(), 3);
        let leave = || registry.unregister(Removal::new("groups", "g").of(process));
        leave().await.unwrap();
        assert_eq!(members(), 2);
        leave().await.unwrap();
        assert!(matches!(
            leave().await,
            Err(RegistryError::NotJoined { .. })
        ));
        assert_eq!(members(), 1);
    });
}

#[test]
fn a22_only_matching_entries_of_the_owner_go() {
    play(|stage| async move {
        let (process, other) = (stage.idler(), stage.idler());
        for (name, holder) in [("a/1", process), ("a/2", other), ("b/1", process)] {
            stage.register("names", name, holder).await;
        }
        let registry = &stage.registry;
        let query = Query::all().prefix("a/");
        let gone = registry.unregister_matching("names", &query, process).await;
        assert_eq!(gone.unwrap().len(), 1);
        assert_eq!(registry.names("names").unwrap(), ["a/2", "b/1"]);
        let limited = registry
            .unregister_matching("names", &query.limit(1), process)
            .await;
        assert!(matches!(limited, Err(RegistryError::InvalidQuery { .. })));
    });
}

#[test]
fn a24_a_name_that_was_let_go_is_never_answered_again() {
    play(|stage| async move {
        let (process, other) = (stage.idler(), stage.idler());
        stage.register("names", "a", process).await;
        assert_eq!(stage.registry.whereis("names", "a"), Ok(Some(process)));
        let removal = Removal::new("names", "a").of(process);
        stage.registry.unregister(removal).await.unwrap();
        assert_eq!(stage.registry.whereis("names", "a"), Ok(None));
        stage.register("names", "a", other).await;
        assert_eq!(stage.registry.whereis("names", "a"), Ok(Some(other)));
    });
}

#[test]
fn a41_a_late_answer_reaches_nobody_and_the_outcome_can_be_looked_up() {
    play_naive(|stage| async move {
        let process = stage.idler();
        let limit = Duration::from_millis(300);
        let registry = stage.registry.clone().with_limit(limit);
        stage.faults.late(true);
        let runtime = stage.node.runtime().clone();
        let begun = runtime.now();
        let wanted = Registration::new("names", "a", process);
        let timed_out = registry.register(wanted).await;
        assert_eq!(timed_out, Err(RegistryError::DeadlineExceeded { limit }));
        assert_eq!(runtime.now().since(begun), limit);
        stage.faults.late(false);
        runtime.sleep(LIMIT).await;
        assert_eq!(registry.whereis("names", "a"), Ok(Some(process)));
        let stats = registry.operation_stats();
        let of = |operation| stats.iter().find(|stats| stats.operation == operation);
        assert_eq!(of(Operation::Register).map(|stats| stats.failed), Some(1));
        assert_eq!(
            of(Operation::Register).map(|stats| stats.time_max),
            Some(limit)
        );
    });
}

#[test]
fn a45_an_absent_value_of_the_registry_is_not_a_null_one() {
    play(|stage| async move {
        let registry = &stage.registry;
        assert_eq!(registry.meta("field"), None);
        assert_eq!(registry.put_meta("field", Value::Null).await, Ok(None));
        assert_eq!(registry.meta("field"), Some(Value::Null));
        assert_eq!(registry.delete_meta("field").await, Ok(Some(Value::Null)));
        assert_eq!(registry.delete_meta("field").await, Ok(None));
        let refused = registry.put_meta("", 1).await;
        assert!(matches!(
            refused,
            Err(RegistryError::InvalidMetadata { .. })
        ));
    });
}

#[test]
fn a46_the_end_of_whoever_touched_the_registry_first_takes_only_its_own() {
    play(|stage| async move {
        let registry = stage.registry.clone();
        let first = stage.beside(async move {
            registry.open_scope("early", Keys::Unique).await.unwrap();
            std::future::pending::<()>().await;
        });
        let process = stage.idler();
        stage.register("names", "own", first.process).await;
        stage.register("names", "other", process).await;
        stage.end(first.process).await;
        assert_eq!(stage.registry.names("names").unwrap(), ["other"]);
        assert_eq!(stage.registry.audit(), Vec::<crate::Label>::new());
    });
}

#[test]
fn a47_bulk_registration_is_all_or_nothing_and_names_the_row() {
    play(|stage| async move {
        let (process, other) = (stage.idler(), stage.idler());
        stage.register("names", "taken", other).await;
        let registry = &stage.registry;
        let rows = |names: &[&str]| -> Vec<_> {
            let names = names.iter();
            names
                .map(|name| Registration::new("names", *name, process))
                .collect()
        };
        let invalid = registry.register_all(rows(&["a", "b/"])).await;
        let taken = registry.register_all(rows(&["a", "b", "taken"])).await;
        let row = |result: Result<_, RegisterAllError>| match result {
            Err(RegisterAllError::Row { row, key, .. }) => (row, key.name),
            other => panic!("{other:?}"),
        };
        assert_eq!(row(invalid), (1, "b/".into()));
        assert_eq!(row(taken), (2, "taken".into()));
        assert_eq!(registry.names("names").unwrap(), ["taken"]);
        let done = registry.register_all(rows(&["a", "b"])).await.unwrap();
        assert_eq!(done.len(), 2);
        let too_many = rows(&vec![
            "x";
            Registry::<crate::testing::TestRuntime>::ROWS_MAX + 1
        ]);
        let refused = registry.register_all(too_many).await;
        assert!(matches!(refused, Err(RegisterAllError::Whole(_))));
    });
}
