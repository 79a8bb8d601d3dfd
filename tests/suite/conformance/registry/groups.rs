//! Groups: names that many processes hold, each any number of times.

use steadfast::process::{Context, ExitReason, ProcessId};
use steadfast::registry::{Key, Query, Registration, RegistryError, Removal};
use steadfast::runtime::Runtime;

use super::desk::{Desk, GROUPS};
use super::registry_cases;
use crate::conformance::harness::same;

registry_cases! {
    a17_each_join_is_listed_and_one_leave_ends_one,
    a49_concurrent_joins_and_leaves_leave_no_row_twice,
    a55_who_is_no_member_cannot_leave,
    b41_a_group_without_members_leaves_no_shell,
}

fn members<R: Runtime>(desk: &Desk<R>, group: &str) -> Vec<ProcessId> {
    let members = desk.registry.members(GROUPS, group);
    let members = members.expect("the scope is open");
    members.iter().map(|entry| entry.process).collect()
}

async fn leave<R: Runtime>(
    desk: &Desk<R>,
    group: &str,
    process: ProcessId,
) -> Option<RegistryError> {
    let removal = Removal::new(GROUPS, group).of(process);
    desk.registry.unregister(removal).await.err()
}

async fn a17_each_join_is_listed_and_one_leave_ends_one<R: Runtime>(desk: Desk<R>) {
    let (p, q) = (desk.player("p"), desk.player("q"));
    desk.join("g", p).await;
    desk.join("g", q).await;
    desk.join("g", p).await;
    same(&desk.bench, &members(&desk, "g"), &vec![p, p, q]);
    let revisions: std::collections::BTreeSet<_> = desk
        .registry
        .members(GROUPS, "g")
        .expect("the scope is open")
        .iter()
        .map(|entry| entry.revision)
        .collect();
    same(&desk.bench, &revisions.len(), &3);
    same(&desk.bench, &leave(&desk, "g", p).await, &None);
    same(&desk.bench, &members(&desk, "g"), &vec![p, q]);
    desk.end("q", q, ExitReason::Normal).await;
    same(&desk.bench, &members(&desk, "g"), &vec![p]);
    let whom = Removal::new(GROUPS, "g");
    let answer = desk.registry.unregister(whom).await;
    assert!(
        matches!(answer, Err(RegistryError::Unsupported { .. })),
        "{answer:?}"
    );
    desk.sound();
}

async fn a49_concurrent_joins_and_leaves_leave_no_row_twice<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    let answers = desk
        .race(20, move |_context: Context<R>, registry| async move {
            let joined = registry.register(Registration::new(GROUPS, "g", p)).await;
            let left = registry.unregister(Removal::new(GROUPS, "g").of(p)).await;
            (joined.is_ok(), left.is_ok())
        })
        .await;
    assert!(
        answers.iter().all(|answer| *answer == (true, true)),
        "{answers:?}"
    );
    same(&desk.bench, &members(&desk, "g"), &Vec::new());
    desk.gone(p);
}

async fn a55_who_is_no_member_cannot_leave<R: Runtime>(desk: Desk<R>) {
    let (p, q) = (desk.player("p"), desk.player("q"));
    desk.join("g", p).await;
    desk.join("g", p).await;
    let not_joined = |process| {
        Some(RegistryError::NotJoined {
            key: Key::new(GROUPS, "g"),
            process,
        })
    };
    same(&desk.bench, &leave(&desk, "g", q).await, &not_joined(q));
    same(&desk.bench, &leave(&desk, "g", p).await, &None);
    same(&desk.bench, &leave(&desk, "g", p).await, &None);
    same(&desk.bench, &leave(&desk, "g", p).await, &not_joined(p));
    desk.gone(p);
}

async fn b41_a_group_without_members_leaves_no_shell<R: Runtime>(desk: Desk<R>) {
    let empty = desk.registry.stats();
    let p = desk.player("p");
    desk.join("g", p).await;
    desk.end("p", p, ExitReason::Killed).await;
    let left = desk.registry.select(GROUPS, &Query::all());
    same(&desk.bench, &left, &Ok(Vec::new()));
    let stats = desk.registry.stats();
    same(&desk.bench, &stats.scopes, &empty.scopes);
    same(&desk.bench, &stats.bytes, &empty.bytes);
    desk.gone(p);
}
