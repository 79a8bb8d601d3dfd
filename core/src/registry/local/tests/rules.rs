//! Who may register, change and remove what.

use super::stage::{assert_sound, both, done, joined, process, wanted};
use crate::event::RegistryEvent;
use crate::registry::{
    Backend, Cause, Change, Handle, Key, LocalOptions, Metadata, Query, RegistryError, Removal,
    Revision, Update,
};

#[test]
fn a_name_has_one_holder_and_the_others_learn_who() {
    for (stage, backend) in both(&LocalOptions::new()) {
        let first = done(backend.register(wanted("a", 1))).unwrap();
        assert!(first.fresh);
        assert_eq!(backend.whereis("s", "a"), Ok(Some(process(1))));
        assert_eq!(backend.lookup("s", "a"), Ok(Some(first.entry.clone())));
        assert_eq!(backend.held_by(process(1)), [Key::new("s", "a")]);
        stage.told().facts.clear();

        let refused = done(backend.register(wanted("a", 2)));
        let holder = process(1);
        let key = Key::new("s", "a");
        let held = RegistryError::AlreadyRegistered { key, holder };
        assert_eq!(refused, Err(held));
        let facts = std::mem::take(&mut stage.told().facts);
        assert!(
            matches!(&facts[..], [RegistryEvent::NameRefused { holder, .. }] if *holder == process(1))
        );
        assert_eq!(stage.changes(), [Change::Registered(first.entry)]);
        assert_eq!(
            backend
                .stats()
                .partitions
                .iter()
                .map(|one| one.refused)
                .sum::<u64>(),
            1
        );
        assert_sound(&backend);
    }
}

#[test]
fn a_name_that_is_registered_again_keeps_its_priority() {
    for (_, backend) in both(&LocalOptions::new()) {
        done(backend.register(wanted("a", 1).priority(3))).unwrap();
        let metadata = Metadata::new().with("tier", 2);
        let again = wanted("a", 1).metadata(metadata).priority(7);
        assert!(!done(backend.register(again)).unwrap().fresh);
        let exported = backend.export().unwrap();
        let priorities = exported.entries.iter().map(|it| it.priority);
        assert_eq!(priorities.collect::<Vec<_>>(), [3]);
    }
}

#[test]
fn refusals_leave_no_trace() {
    for (_, backend) in both(&LocalOptions::new().indexed("tier")) {
        done(backend.register(wanted("a", 1))).unwrap();
        let before = backend.stats();
        for other in 2..1000 {
            let metadata = Metadata::new().with("tier", other as i64);
            let refused = done(backend.register(wanted("a", other).metadata(metadata)));
            assert!(refused.is_err());
        }
        let after = backend.stats();
        assert_eq!((before.bytes, before.scopes), (after.bytes, after.scopes));
        assert_eq!(backend.held_by(process(2)), []);
        assert_sound(&backend);
    }
}

#[test]
fn a_process_that_ends_is_not_registered_and_its_names_go_at_once() {
    for (stage, backend) in both(&LocalOptions::new()) {
        for name in ["a", "b", "c", "d"] {
            done(backend.register(wanted(name, 1))).unwrap();
            done(backend.register(joined(name, 1))).unwrap();
        }
        stage.told().dying.insert(process(1));
        let refused = done(backend.register(wanted("e", 1)));
        assert_eq!(
            refused,
            Err(RegistryError::NoProcess {
                process: process(1)
            })
        );
        backend.process_exited(process(1));
        stage.told().dead.insert(process(1));
        assert_eq!(backend.held_by(process(1)), []);
        assert_eq!(backend.stats().entries(), 0);
        for name in ["a", "b", "c", "d"] {
            assert_eq!(backend.whereis("s", name), Ok(None));
            assert_eq!(backend.members("g", name), Ok(Vec::new()));
            assert!(done(backend.register(wanted(name, 2))).is_ok());
        }
        assert_sound(&backend);
    }
}

#[test]
fn an_end_is_told_as_one_batch_a_partition() {
    for (stage, backend) in both(&LocalOptions::new()) {
        for number in 0..100 {
            done(backend.register(wanted(&format!("n{number}"), 1))).unwrap();
        }
        let partitions = backend.stats().partitions.len();
        stage.told().batches.clear();
        backend.process_exited(process(1));
        let batches = std::mem::take(&mut stage.told().batches);
        assert_eq!(batches.len(), partitions);
        let changes = batches.concat();
        assert_eq!(changes.len(), 100);
        for change in changes {
            assert!(matches!(
                change,
                Change::Unregistered {
                    cause: Cause::Exited,
                    ..
                }
            ));
        }
        backend.process_exited(process(1));
        assert!(stage.told().batches.is_empty(), "an end is told twice");
    }
}

#[test]
fn registering_again_replaces_metadata_and_handle() {
    for (stage, backend) in both(&LocalOptions::new().indexed("tier")) {
        let tier = |tier: i64| Metadata::new().with("tier", tier);
        let one = wanted("a", 1).metadata(tier(1)).handle(Handle::new(1_u8));
        let first = done(backend.register(one)).unwrap().entry;
        let two = wanted("a", 1).metadata(tier(2)).handle(Handle::new(2_u8));
        let again = done(backend.register(two)).unwrap();
        assert!(!again.fresh);
        assert!(again.entry.revision > first.revision);
        let found = backend.lookup("s", "a").unwrap().unwrap();
        assert_eq!(found.metadata, tier(2));
        assert_eq!(
            found.handle.and_then(|handle| handle.get().copied()),
            Some(2_u8)
        );
        let count = |tier: i64| backend.count("s", &Query::all().is("tier", tier));
        assert_eq!((count(1), count(2)), (Ok(0), Ok(1)));
        let updated = Change::Updated {
            entry: again.entry,
            before: tier(1),
        };
        assert_eq!(stage.changes()[1..], [updated]);
        done(backend.register(wanted("a", 1).metadata(tier(2)))).unwrap();
        assert!(
            stage.changes().is_empty(),
            "nothing that is told has changed"
        );
        assert_sound(&backend);
    }
}

#[test]
fn owner_only_lets_nobody_else_change_anything() {
    for (_, backend) in both(&LocalOptions::new().owner_only()) {
        let foreign = done(backend.register(wanted("a", 1).by(Some(process(2)))));
        assert!(matches!(foreign, Err(RegistryError::NotOwner { .. })));
        done(backend.register(wanted("a", 1))).unwrap();
        done(backend.register(joined("a", 1))).unwrap();
        let by_nobody = [
            done(backend.unregister(Removal::new("s", "a"))).err(),
            done(backend.unregister(Removal::new("s", "a").of(process(2)))).err(),
            done(backend.unregister(Removal::new("g", "a").of(process(1)).by(None))).err(),
            done(backend.update(Update::new("s", "a", Revision::Replace(Metadata::new())))).err(),
        ];
        for error in by_nobody {
            assert!(
                matches!(error, Some(RegistryError::NotOwner { .. })),
                "{error:?}"
            );
        }
        assert!(done(backend.unregister(Removal::new("s", "a").of(process(1)))).is_ok());
        assert!(done(backend.unregister(Removal::new("g", "a").of(process(1)))).is_ok());
    }
}

#[test]
fn an_update_that_panics_or_makes_too_much_changes_nothing() {
    for (stage, backend) in both(&LocalOptions::new()) {
        done(backend.register(wanted("a", 1))).unwrap();
        stage.changes();
        let panics = Revision::With(Box::new(|_| panic!("no")));
        let error = done(backend.update(Update::new("s", "a", panics)));
        let text = "no".into();
        let key = Key::new("s", "a");
        assert_eq!(error, Err(RegistryError::UpdatePanicked { key, text }));
        let heavy = "x".repeat(Metadata::WEIGHT_MAX);
        let grows = Revision::With(Box::new(move |old| old.clone().with("f", heavy)));
        let error = done(backend.update(Update::new("s", "a", grows)));
        assert!(matches!(error, Err(RegistryError::InvalidMetadata { .. })));
        assert!(stage.changes().is_empty());
        assert_eq!(
            backend.lookup("s", "a").unwrap().unwrap().metadata,
            Metadata::new()
        );
        assert_eq!(backend.health().status, crate::event::HealthStatus::Healthy);
        assert_sound(&backend);
    }
}

#[test]
fn a_batch_happens_whole_or_not_at_all() {
    for (stage, backend) in both(&LocalOptions::new().entries_max(5)) {
        done(backend.register(wanted("taken", 9))).unwrap();
        stage.changes();
        let rows = |last: &str| {
            vec![
                wanted("a", 1),
                joined("b", 1),
                wanted("c", 2),
                wanted(last, 2),
            ]
        };
        let refused = done(backend.register_all(rows("taken")));
        assert!(matches!(
            refused,
            Err((3, RegistryError::AlreadyRegistered { .. }))
        ));
        let twice = done(backend.register_all(vec![wanted("x", 1), wanted("x", 2)]));
        assert!(matches!(
            twice,
            Err((1, RegistryError::AlreadyRegistered { .. }))
        ));
        assert!(stage.told().batches.is_empty());
        assert_eq!(backend.stats().entries(), 1);
        let registered = done(backend.register_all(rows("d"))).unwrap();
        assert_eq!(registered.len(), 4);
        assert_eq!(stage.told().batches.len(), 1);
        let full = done(backend.register(wanted("e", 3)));
        assert!(matches!(
            full,
            Err(RegistryError::LimitReached { limit: 5, .. })
        ));
        assert_eq!(
            backend.health().status,
            crate::event::HealthStatus::Unhealthy
        );
        assert_sound(&backend);
    }
}
