//! How metadata change, who may change them, and what the whole registry remembers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use steadfast::process::{Context, ExitReason};
use steadfast::registry::{
    Asker, Key, Metadata, Query, Registration, RegistryError, Removal, Revision, Update, Value,
};
use steadfast::runtime::Runtime;

use super::desk::{Desk, GROUPS, NAMES};
use super::registry_cases;
use crate::conformance::harness::same;

registry_cases! {
    a14_only_the_owner_may_take_away_or_change,
    a14_without_owner_only_mode_anyone_may,
    a15_a_function_is_called_once_and_both_old_and_new_are_answered,
    a15_a_function_that_panics_changes_nothing,
    a15_concurrent_functions_lose_no_update,
    a15_compare_and_set_changes_only_what_was_expected,
    a16_a_group_has_no_metadata_of_its_own,
    a27_a_name_never_ends_like_a_prefix,
    a24_a_name_that_was_let_go_or_replaced_is_never_seen_again,
    a45_what_is_absent_is_not_null,
    bounds_of_keys_and_metadata_are_checked_before_anything_changes,
}

fn tier(tier: i64) -> Metadata {
    Metadata::new().with("tier", tier)
}

async fn a14_only_the_owner_may_take_away_or_change<R: Runtime>(desk: Desk<R>) {
    let desk = desk.owner_only().await;
    let (p, q) = (desk.player("p"), desk.player("q"));
    desk.give_with("k", p, tier(1)).await;
    let before = desk.entries();
    let not_owner = |by| {
        Err(RegistryError::NotOwner {
            key: Key::new(NAMES, "k"),
            holder: p,
            asked_by: Asker(by),
        })
    };
    for by in [Some(q), None] {
        let removal = Removal::new(NAMES, "k").by(by);
        same(
            &desk.bench,
            &desk.registry.unregister(removal).await,
            &not_owner(by),
        );
        let update = Update::new(NAMES, "k", Revision::Replace(tier(2))).by(by);
        let answer = desk
            .registry
            .update(update)
            .await
            .map(|updated| updated.entry);
        same(&desk.bench, &answer, &not_owner(by));
    }
    let on_behalf = Registration::new(NAMES, "other", p).by(Some(q));
    let refused = desk.registry.register(on_behalf).await;
    assert!(
        matches!(refused, Err(RegistryError::NotOwner { .. })),
        "{refused:?}"
    );
    same(&desk.bench, &desk.entries(), &before);
    let update = Update::new(NAMES, "k", Revision::Replace(tier(2))).of(p);
    assert!(desk.registry.update(update).await.is_ok());
    let gone = desk
        .registry
        .unregister(Removal::new(NAMES, "k").of(p))
        .await;
    same(&desk.bench, &gone.map(|entry| entry.metadata), &Ok(tier(2)));
}

async fn a14_without_owner_only_mode_anyone_may<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    desk.give_with("k", p, tier(1)).await;
    let update = Update::new(NAMES, "k", Revision::Replace(tier(2)));
    let updated = desk.registry.update(update).await.expect("anyone may");
    same(&desk.bench, &updated.before, &tier(1));
    let gone = desk.registry.unregister(Removal::new(NAMES, "k")).await;
    same(&desk.bench, &gone.map(|entry| entry.process), &Ok(p));
    same(&desk.bench, &desk.holder("k"), &None);
    let again = desk.registry.unregister(Removal::new(NAMES, "k")).await;
    let nobody = RegistryError::NotRegistered {
        key: Key::new(NAMES, "k"),
    };
    same(&desk.bench, &again, &Err(nobody));
}

async fn a15_a_function_is_called_once_and_both_old_and_new_are_answered<R: Runtime>(
    desk: Desk<R>,
) {
    let p = desk.player("p");
    desk.give_with("k", p, tier(1)).await;
    let calls = Arc::new(AtomicU64::new(0));
    let counted = calls.clone();
    let add = Revision::With(Box::new(move |before: &Metadata| {
        counted.fetch_add(1, Ordering::Relaxed);
        before.clone().with("tier", 2)
    }));
    let updated = desk
        .registry
        .update(Update::new(NAMES, "k", add).of(p))
        .await;
    let updated = updated.expect("p holds k");
    same(&desk.bench, &calls.load(Ordering::Relaxed), &1);
    same(&desk.bench, &updated.before, &tier(1));
    same(&desk.bench, &updated.entry.metadata, &tier(2));
    same(&desk.bench, &desk.entries(), &vec![updated.entry]);
    same(
        &desk.bench,
        &desk.select(&Query::all().is("tier", 1)),
        &Vec::new(),
    );
    same(
        &desk.bench,
        &desk.select(&Query::all().is("tier", 2)).len(),
        &1,
    );
    desk.sound();
}

async fn a15_a_function_that_panics_changes_nothing<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    desk.give_with("k", p, tier(1)).await;
    let before = desk.entries();
    let panics = Revision::With(Box::new(|_before: &Metadata| panic!("no idea")));
    let answer = desk.registry.update(Update::new(NAMES, "k", panics)).await;
    let expected = RegistryError::UpdatePanicked {
        key: Key::new(NAMES, "k"),
        text: "no idea".into(),
    };
    same(&desk.bench, &answer, &Err(expected));
    let heavy = Revision::With(Box::new(|_before: &Metadata| {
        Metadata::new().with("text", "x".repeat(Metadata::WEIGHT_MAX))
    }));
    let answer = desk.registry.update(Update::new(NAMES, "k", heavy)).await;
    assert!(
        matches!(answer, Err(RegistryError::InvalidMetadata { .. })),
        "{answer:?}"
    );
    same(&desk.bench, &desk.entries(), &before);
    desk.give("k2", p).await;
    desk.sound();
}

async fn a15_concurrent_functions_lose_no_update<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    desk.give_with("k", p, tier(0)).await;
    let answers = desk
        .race(20, |_context: Context<R>, registry| async move {
            let add = Revision::With(Box::new(|before: &Metadata| {
                let Some(Value::Int(tier)) = before.get("tier") else {
                    panic!("{before} has a tier");
                };
                before.clone().with("tier", tier + 1)
            }));
            registry.update(Update::new(NAMES, "k", add)).await
        })
        .await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    same(&desk.bench, &desk.entries()[0].metadata, &tier(20));
}

async fn a15_compare_and_set_changes_only_what_was_expected<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    desk.give_with("k", p, tier(1)).await;
    let set = |from, to| Update::new(NAMES, "k", Revision::CompareAndSet(tier(from), tier(to)));
    let answer = desk.registry.update(set(1, 2)).await;
    same(
        &desk.bench,
        &answer.map(|updated| updated.before),
        &Ok(tier(1)),
    );
    let answer = desk.registry.update(set(1, 3)).await;
    let changed = RegistryError::Changed {
        key: Key::new(NAMES, "k"),
        actual: tier(2),
    };
    same(&desk.bench, &answer, &Err(changed));
    same(&desk.bench, &desk.entries()[0].metadata, &tier(2));
}

async fn a16_a_group_has_no_metadata_of_its_own<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    desk.join("g", p).await;
    let answer = desk
        .registry
        .update(Update::new(GROUPS, "g", Revision::Replace(tier(1))))
        .await;
    assert!(
        matches!(answer, Err(RegistryError::Unsupported { .. })),
        "{answer:?}"
    );
    let whereis = desk.registry.whereis(GROUPS, "g");
    assert!(
        matches!(whereis, Err(RegistryError::Unsupported { .. })),
        "{whereis:?}"
    );
}

async fn a24_a_name_that_was_let_go_or_replaced_is_never_seen_again<R: Runtime>(desk: Desk<R>) {
    let (p, q) = (desk.player("p"), desk.player("q"));
    for _ in 0..20 {
        desk.give("k", p).await;
        same(&desk.bench, &desk.holder("k"), &Some(p));
        let gone = desk
            .registry
            .unregister(Removal::new(NAMES, "k").of(p))
            .await;
        assert!(gone.is_ok(), "{gone:?}");
        same(&desk.bench, &desk.holder("k"), &None);
        desk.give("k", q).await;
        same(&desk.bench, &desk.holder("k"), &Some(q));
        let not_p = desk
            .registry
            .unregister(Removal::new(NAMES, "k").of(p))
            .await;
        assert!(not_p.is_err(), "{not_p:?}");
        let gone = desk.registry.unregister(Removal::new(NAMES, "k")).await;
        assert!(gone.is_ok(), "{gone:?}");
    }
    desk.end("p", p, ExitReason::Normal).await;
    same(&desk.bench, &desk.holder("k"), &None);
}

async fn a45_what_is_absent_is_not_null<R: Runtime>(desk: Desk<R>) {
    same(&desk.bench, &desk.registry.meta("field"), &None);
    let put = desk.registry.put_meta("field", Value::Null).await;
    same(&desk.bench, &put, &Ok(None));
    same(
        &desk.bench,
        &desk.registry.meta("field"),
        &Some(Value::Null),
    );
    let put = desk.registry.put_meta("field", Value::Int(1)).await;
    same(&desk.bench, &put, &Ok(Some(Value::Null)));
    let deleted = desk.registry.delete_meta("field").await;
    same(&desk.bench, &deleted, &Ok(Some(Value::Int(1))));
    let deleted = desk.registry.delete_meta("field").await;
    same(&desk.bench, &deleted, &Ok(None));
    same(&desk.bench, &desk.registry.meta("field"), &None);
}

async fn a27_a_name_never_ends_like_a_prefix<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    for scope in [NAMES, GROUPS] {
        let join = Registration::new(scope, "a/", p);
        let answer = desk.registry.register(join).await.err();
        let invalid = matches!(answer, Some(RegistryError::InvalidKey { .. }));
        assert!(invalid, "{answer:?}");
        let leave = Removal::new(scope, "a/").of(p);
        let answer = desk.registry.unregister(leave).await.err();
        let invalid = matches!(answer, Some(RegistryError::InvalidKey { .. }));
        assert!(invalid, "{answer:?}");
    }
    desk.give("a/b", p).await;
    same(
        &desk.bench,
        &desk.select(&Query::all().prefix("a/")).len(),
        &1,
    );
}

async fn bounds_of_keys_and_metadata_are_checked_before_anything_changes<R: Runtime>(
    desk: Desk<R>,
) {
    let p = desk.player("p");
    let long = "x".repeat(Key::LEN_MAX + 1);
    for name in ["", "prefix/", &long] {
        let answer = desk
            .registry
            .register(Registration::new(NAMES, name, p))
            .await;
        assert!(
            matches!(answer, Err(RegistryError::InvalidKey { .. })),
            "{answer:?}"
        );
    }
    let heavy = Metadata::new().with("text", "x".repeat(Metadata::WEIGHT_MAX));
    let answer = desk
        .registry
        .register(Registration::new(NAMES, "k", p).metadata(heavy.clone()))
        .await;
    assert!(
        matches!(answer, Err(RegistryError::InvalidMetadata { .. })),
        "{answer:?}"
    );
    desk.gone(p);
    desk.give("k", p).await;
    let answer = desk
        .registry
        .update(Update::new(NAMES, "k", Revision::Replace(heavy)))
        .await;
    assert!(
        matches!(answer, Err(RegistryError::InvalidMetadata { .. })),
        "{answer:?}"
    );
}
