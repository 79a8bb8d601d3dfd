//! What local callers get.

use super::super::config::ReplicatedConfig;
use super::network::{GROUPS, Network, SCOPE};
use crate::registry::change::{Cause, Change};
use crate::registry::entry::Handle;
use crate::registry::error::RegistryError;
use crate::registry::key::{Key, Keys};
use crate::registry::metadata::{Metadata, Value};
use crate::registry::operation::{Registration, Removal, Revision, Update};
use crate::registry::query::Query;

fn pair() -> Network {
    Network::new(2, ReplicatedConfig::default())
}

#[test]
fn a_name_that_another_node_holds_is_refused_and_not_ours_to_change() {
    let mut network = pair();
    let holder = network.register(1, SCOPE, "k").expect("free");
    network.settle();
    let key = Key::new(SCOPE, "k");
    let taken = network.register(2, SCOPE, "k");
    let error = RegistryError::AlreadyRegistered {
        key: key.clone(),
        holder,
    };
    assert_eq!(taken, Err(error));
    let not_local = RegistryError::NotLocal { process: holder };
    assert_eq!(network.unregister(2, SCOPE, "k"), Err(not_local.clone()));
    let update = Update::new(SCOPE, "k", Revision::Replace(Metadata::new().with("a", 1)));
    let updated = network.act(2, |replica| replica.update(update));
    assert_eq!(updated, Some(Err(not_local.clone())));
    let stranger = network.ask(2, Registration::new(SCOPE, "other", holder));
    assert_eq!(stranger, Err(not_local));
}

#[test]
fn registering_again_replaces_metadata_and_handle_in_place() {
    let mut network = pair();
    let process = network.register(1, SCOPE, "k").expect("free");
    network.changes(1);
    let wanted = Registration::new(SCOPE, "k", process).handle(Handle::new(7_u32));
    let same = network.ask(1, wanted.clone()).expect("its own name");
    assert!(!same.fresh && network.changes(1).is_empty());
    assert_eq!(
        same.entry.handle.and_then(|it| it.get().copied()),
        Some(7_u32)
    );
    let other = wanted.metadata(Metadata::new().with("a", 1));
    let updated = network.ask(1, other).expect("its own name");
    assert!(updated.entry.revision > same.entry.revision);
    assert!(matches!(network.changes(1)[..], [Change::Updated { .. }]));
    network.settle();
    let remote = network
        .site(2)
        .seen
        .values()
        .find(|it| it.process == process);
    assert!(remote.is_some_and(|it| it.handle.is_none() && it.metadata.get("a").is_some()));
}

#[test]
fn what_local_callers_get_is_let_go_of_with_the_registration() {
    let mut network = pair();
    let value = std::sync::Arc::new(());
    let process = network.process(1);
    let handle = Handle::new(value.clone());
    network
        .ask(1, Registration::new(SCOPE, "k", process).handle(handle))
        .expect("free");
    // A snapshot for the other node, and the log, must not keep it either.
    network.settle();
    network.exit(process);
    network.changes(1);
    assert_eq!(std::sync::Arc::strong_count(&value), 1);
}

#[test]
fn a_batch_happens_as_a_whole_or_not_at_all() {
    let mut network = pair();
    network.register(2, SCOPE, "b").expect("free");
    network.settle();
    let process = network.process(1);
    let wanted = |name| Registration::new(SCOPE, name, process);
    let all = |network: &mut Network, names: &[&'static str]| {
        let batch = names.iter().map(|name| wanted(*name)).collect();
        network
            .act(1, |replica| replica.register_all(batch, &|_| true))
            .expect("it is up")
    };
    network.changes(1);
    let refused = all(&mut network, &["a", "b", "c"]);
    assert!(matches!(
        refused,
        Err((1, RegistryError::AlreadyRegistered { .. }))
    ));
    assert!(network.changes(1).is_empty());
    assert_eq!(
        all(&mut network, &["a", "c", "a"]).map(|all| all.len()),
        Ok(3)
    );
    assert_eq!(network.changes(1).len(), 2, "the third is the first again");
}

#[test]
fn one_leave_ends_the_oldest_join_and_the_last_leave_the_group() {
    let mut network = pair();
    let process = network.process(1);
    let wanted = Registration::new(GROUPS, "g", process);
    let first = network.ask(1, wanted.clone()).expect("a group");
    let second = network.ask(1, wanted).expect("once more");
    network.settle();
    assert_eq!(network.site(2).seen.len(), 2);
    let leave = |network: &mut Network| {
        let removal = Removal::new(GROUPS, "g").of(process);
        network
            .act(1, |replica| replica.unregister(&removal))
            .expect("it is up")
    };
    assert_eq!(leave(&mut network), Ok(first.entry));
    assert_eq!(leave(&mut network), Ok(second.entry));
    let key = Key::new(GROUPS, "g");
    let error = RegistryError::NotJoined { key, process };
    assert_eq!(leave(&mut network), Err(error));
    network.settle();
    assert!(network.site(2).seen.is_empty());
    let replica = network.sites[&2].replica.as_ref().expect("it is up");
    assert!(
        replica.view.scopes()[GROUPS].names.is_empty(),
        "no empty shell"
    );
}

#[test]
fn taking_away_what_matches_takes_own_registrations_only() {
    let mut network = pair();
    let process = network.process(1);
    for (name, tier) in [("a", 1), ("b", 2), ("c", 2)] {
        let metadata = Metadata::new().with("tier", tier);
        let wanted = Registration::new(SCOPE, name, process).metadata(metadata);
        network.ask(1, wanted).expect("free");
    }
    network.register(2, SCOPE, "d").expect("free");
    network.settle();
    let query = Query::all().is("tier", 2);
    let gone = network.act(1, |replica| {
        replica.unregister_matching(&SCOPE.into(), &query, process)
    });
    let gone = gone.expect("it is up").expect("the scope is open");
    let names: Vec<_> = gone.iter().map(|entry| &*entry.key.name).collect();
    assert_eq!(names, ["b", "c"]);
    network.settle();
    assert_eq!(network.site(2).seen.len(), 2);
}

#[test]
fn a_dying_process_is_refused() {
    let mut network = pair();
    let process = network.process(1);
    network.site(1).alive.clear();
    let refused = network.ask(1, Registration::new(SCOPE, "k", process));
    assert_eq!(refused, Err(RegistryError::NoProcess { process }));
}

#[test]
fn only_the_owner_may_change_what_is_its_own() {
    let config = ReplicatedConfig::default().owner_only(true);
    let mut network = Network::new(1, config);
    let process = network.register(1, SCOPE, "k").expect("free");
    let removal = Removal::new(SCOPE, "k");
    let refused = network.act(1, |replica| replica.unregister(&removal));
    assert!(matches!(refused, Some(Err(RegistryError::NotOwner { .. }))));
    let removal = removal.of(process);
    let done = network.act(1, |replica| replica.unregister(&removal));
    assert!(matches!(done, Some(Ok(_))));
}

#[test]
fn an_update_that_panics_changes_nothing() {
    let mut network = pair();
    network.register(1, SCOPE, "k").expect("free");
    network.changes(1);
    let revision = Revision::With(Box::new(|_| panic!("oh")));
    let update = Update::new(SCOPE, "k", revision);
    let answer = network.act(1, |replica| replica.update(update));
    let text = "oh".into();
    let key = Key::new(SCOPE, "k");
    let error = RegistryError::UpdatePanicked { key, text };
    assert_eq!(answer, Some(Err(error)));
    assert!(network.changes(1).is_empty());
}

#[test]
fn a_scope_that_is_closed_here_stays_closed_while_others_go_on() {
    let mut network = pair();
    network.register(1, SCOPE, "a").expect("free");
    network.register(2, SCOPE, "b").expect("free");
    network.register(1, GROUPS, "g").expect("a group");
    network.settle();
    network.changes(1);
    let close = |network: &mut Network| {
        network
            .act(1, |replica| replica.close_scope(&SCOPE.into()))
            .expect("it is up")
    };
    assert_eq!(close(&mut network), Ok(2));
    let causes = network.changes(1).into_iter().map(|change| {
        let Change::Unregistered { cause, .. } = change else {
            panic!("{change:?}");
        };
        cause
    });
    let causes: Vec<_> = causes.collect();
    assert_eq!(causes, [Cause::ScopeClosed, Cause::ScopeClosed]);
    network.register(2, SCOPE, "c").expect("open there");
    for _ in 0..3 {
        network.round();
    }
    let scope = SCOPE.into();
    assert_eq!(
        network.register(1, SCOPE, "d"),
        Err(RegistryError::UnknownScope { scope })
    );
    assert_eq!(
        network.site(1).seen.len(),
        1,
        "the other scope is untouched"
    );
    assert_eq!(network.holder(2, "a"), None);
    assert!(network.holder(2, "b").is_some() && network.holder(2, "c").is_some());
    let keys = Keys::Unique;
    let opened = network.act(1, |replica| replica.open_scope(&SCOPE.into(), keys));
    assert_eq!(opened, Some(Ok(())));
    network.settle();
    assert!(network.holder(1, "b").is_some() && network.holder(1, "c").is_some());
}

#[test]
fn the_limits_are_named() {
    let config = ReplicatedConfig {
        entries_max: 1,
        scopes_max: 2,
        meta_max: 1,
        ..ReplicatedConfig::default()
    };
    let mut network = Network::new(1, config);
    network.register(1, SCOPE, "a").expect("room for one");
    let full = |limit| move |error: &RegistryError| matches!(error, RegistryError::LimitReached { limit: most, .. } if *most == limit);
    assert!(
        network
            .register(1, SCOPE, "b")
            .is_err_and(|it| full(1)(&it))
    );
    let opened = network.act(1, |replica| replica.open_scope(&"x".into(), Keys::Unique));
    assert!(opened.is_some_and(|it| it.is_err_and(|it| full(2)(&it))));
    let mut put = |field: &str| {
        let field = field.into();
        let value = Some(Value::Null);
        network
            .act(1, |replica| replica.write_meta(field, value))
            .expect("it is up")
    };
    assert_eq!(put("f"), Ok(None));
    assert_eq!(put("f"), Ok(Some(Value::Null)));
    assert!(put("g").is_err_and(|it| full(1)(&it)));
}

#[test]
fn what_is_exported_is_imported_by_the_next_life_under_the_eyes_of_the_others() {
    let mut network = pair();
    let process = network.register(1, SCOPE, "k").expect("free");
    network.register(2, SCOPE, "far").expect("free");
    network.settle();
    let replica = network.sites[&1].replica.as_ref().expect("it is up");
    let transfer = replica.export();
    assert_eq!((transfer.entries.len(), transfer.remote_entries), (1, 1));
    network.act(1, super::super::replica::Replica::end);
    network.deliver_all();
    assert_eq!(network.holder(2, "k"), None, "that life has ended");
    network.replace(1);
    network.site(1).alive.insert(process);
    let imported = network.act(1, |replica| replica.import(transfer));
    assert_eq!(imported, Some(Ok(())));
    network.heal();
    network.settle();
    assert_eq!(network.holder(2, "k"), Some(process));
}
