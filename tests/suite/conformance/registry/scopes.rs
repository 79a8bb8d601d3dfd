//! Many at once: rows that are registered together, scopes that are cleared.

use std::time::Duration;

use steadfast::process::{Context, ExitReason, ProcessSpec};
use steadfast::registry::{Keys, Query, RegisterAllError, Registration, RegistryError};
use steadfast::runtime::Runtime;

use super::desk::{Desk, GROUPS, NAMES};
use super::registry_cases;
use crate::conformance::harness::same;

registry_cases! {
    a47_rows_are_registered_all_or_not_at_all,
    a50_a_scope_is_cleared_within_its_bound_and_no_other_is_touched,
    a_closed_scope_takes_its_entries_along,
}

async fn a47_rows_are_registered_all_or_not_at_all<R: Runtime>(desk: Desk<R>) {
    let (p, q) = (desk.player("p"), desk.player("q"));
    desk.give("taken", q).await;
    let before = desk.entries();
    let rows = |middle: Registration| {
        let first = (0..10).map(|number| Registration::new(NAMES, format!("a{number}"), p));
        let last = (0..10).map(|number| Registration::new(NAMES, format!("z{number}"), p));
        first.chain([middle]).chain(last).collect::<Vec<_>>()
    };
    let bad = [
        Registration::new(NAMES, "taken", p),
        Registration::new(NAMES, "", p),
        Registration::new("nowhere", "k", p),
        Registration::new(NAMES, "a3", q),
    ];
    for middle in bad {
        let key = middle.key.clone();
        match desk.registry.register_all(rows(middle)).await {
            Err(RegisterAllError::Row {
                row, key: named, ..
            }) => {
                same(&desk.bench, &(row, named), &(10, key));
            }
            other => panic!("{other:?}"),
        }
        same(&desk.bench, &desk.entries(), &before);
        desk.gone(p);
    }
    let given = desk
        .registry
        .register_all(rows(Registration::new(GROUPS, "g", p)))
        .await;
    same(&desk.bench, &given.map(|given| given.len()), &Ok(21));
    same(&desk.bench, &desk.entries().len(), &21);
    desk.sound();
}

async fn a50_a_scope_is_cleared_within_its_bound_and_no_other_is_touched<R: Runtime>(
    desk: Desk<R>,
) {
    let bystander = desk.player("bystander");
    desk.give("kept", bystander).await;
    desk.open("test", Keys::Unique).await;
    let obedient = desk.player("obedient");
    let stubborn = desk.bench.start(
        ProcessSpec::new("stubborn").trap_exit(true),
        |_context: Context<R>| std::future::pending::<()>(),
    );
    for (name, process) in [("a", obedient), ("b", stubborn), ("c", stubborn)] {
        let given = desk
            .registry
            .register(Registration::new("test", name, process))
            .await;
        assert!(given.is_ok(), "{given:?}");
    }
    let limit = Duration::from_secs(2);
    let start = desk.bench.now();
    let cleared = desk
        .registry
        .clear_scope("test", limit)
        .await
        .expect("the scope is open");
    let passed = desk.bench.now().since(start);
    assert!(passed >= limit && passed < limit * 2, "{passed:?}");
    let counts = (cleared.stopped, cleared.killed, cleared.entries);
    same(&desk.bench, &counts, &(1, 1, 3));
    assert!(!desk.bench.node().is_alive(obedient));
    assert!(!desk.bench.node().is_alive(stubborn));
    let closed = desk.registry.whereis("test", "a");
    let unknown = RegistryError::UnknownScope {
        scope: "test".into(),
    };
    same(&desk.bench, &closed, &Err(unknown));
    same(&desk.bench, &desk.holder("kept"), &Some(bystander));
    desk.gone(obedient);
    desk.gone(stubborn);
}

async fn a_closed_scope_takes_its_entries_along<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    desk.open("test", Keys::Duplicate).await;
    for _ in 0..3 {
        let given = desk
            .registry
            .register(Registration::new("test", "g", p))
            .await;
        assert!(given.is_ok(), "{given:?}");
    }
    desk.give("kept", p).await;
    same(
        &desk.bench,
        &desk.registry.close_scope("test").await,
        &Ok(3),
    );
    assert!(desk.registry.select("test", &Query::all()).is_err());
    same(&desk.bench, &desk.registry.held_by(p).len(), &1);
    desk.open("test", Keys::Unique).await;
    same(
        &desk.bench,
        &desk.registry.count("test", &Query::all()),
        &Ok(0),
    );
    desk.end("p", p, ExitReason::Normal).await;
    desk.gone(p);
}
