//! Sending by name, telling a group, and locks of names.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast::process::{Context, ExitReason, FullPolicy, ProcessId, ProcessSpec, mailbox};
use steadfast::registry::{Key, Outcome, Registration, RegistryError, ViaError};
use steadfast::runtime::Runtime;

use super::desk::{Desk, GROUPS, NAMES};
use super::registry_cases;
use crate::conformance::harness::{LONG, same};

registry_cases! {
    a36_a_member_that_is_full_or_gone_keeps_nothing_from_the_others,
    a36_an_act_that_panics_for_one_member_goes_on_with_the_rest,
    a37_a_name_without_a_holder_is_an_error_and_not_silence,
    a37_a_name_is_looked_up_at_each_use,
    a39_a_group_is_no_name_to_send_to,
    a42_a_key_is_locked_by_one_at_a_time_and_other_keys_are_free,
    a44_a_waiter_that_goes_away_lets_the_next_one_in,
}

/// A process with a mailbox that holds one message, and what it registers with.
fn receiver<R: Runtime>(
    desk: &Desk<R>,
    name: &'static str,
    scope: &str,
    key: &str,
) -> (ProcessId, steadfast::process::Mailbox<u32>, Registration) {
    let process = desk.player(name);
    let (address, mailbox) = mailbox::<u32>(1, FullPolicy::Reject);
    let wanted = Registration::new(scope, key, process).address(&address);
    (process, mailbox, wanted)
}

async fn a36_a_member_that_is_full_or_gone_keeps_nothing_from_the_others<R: Runtime>(
    desk: Desk<R>,
) {
    let (full, mut full_mailbox, wanted) = receiver(&desk, "full", GROUPS, "g");
    assert!(desk.registry.register(wanted).await.is_ok());
    same(
        &desk.bench,
        &desk
            .registry
            .dispatch(GROUPS, "g", &1_u32)
            .map(|told| told.len()),
        &Ok(1),
    );
    let (gone, gone_mailbox, wanted) = receiver(&desk, "gone", GROUPS, "g");
    assert!(desk.registry.register(wanted).await.is_ok());
    drop(gone_mailbox);
    let mute = desk.player("mute");
    desk.join("g", mute).await;
    let (well, mut well_mailbox, wanted) = receiver(&desk, "well", GROUPS, "g");
    assert!(desk.registry.register(wanted).await.is_ok());
    let told = desk
        .registry
        .dispatch(GROUPS, "g", &2_u32)
        .expect("the scope is open");
    let told: Vec<_> = told
        .into_iter()
        .map(|told| (told.process, told.outcome))
        .collect();
    let expected = vec![
        (full, Outcome::Full),
        (gone, Outcome::Closed),
        (mute, Outcome::NoHandle),
        (well, Outcome::Delivered),
    ];
    same(&desk.bench, &told, &expected);
    same(&desk.bench, &well_mailbox.try_receive(), &Some(2));
    same(&desk.bench, &full_mailbox.try_receive(), &Some(1));
    same(&desk.bench, &full_mailbox.try_receive(), &None);
    let nobody = desk.registry.dispatch(GROUPS, "nobody", &3_u32);
    same(&desk.bench, &nobody, &Ok(Vec::new()));
}

async fn a36_an_act_that_panics_for_one_member_goes_on_with_the_rest<R: Runtime>(desk: Desk<R>) {
    let members = [desk.player("a"), desk.player("b"), desk.player("c")];
    for member in members {
        desk.join("g", member).await;
    }
    let acted = desk.registry.dispatch_with(GROUPS, "g", |entry| {
        assert!(entry.process != members[1], "not this one");
        entry.process
    });
    let done: Vec<_> = acted
        .expect("it is open")
        .into_iter()
        .map(|acted| acted.done)
        .collect();
    let expected = vec![Ok(members[0]), Err("not this one".into()), Ok(members[2])];
    same(&desk.bench, &done, &expected);
}

async fn a37_a_name_without_a_holder_is_an_error_and_not_silence<R: Runtime>(desk: Desk<R>) {
    let via = desk.registry.via::<u32>(NAMES, "k");
    let nobody = RegistryError::NotRegistered {
        key: Key::new(NAMES, "k"),
    };
    match via.try_send(7) {
        Err(ViaError::Registry { error, message }) => {
            same(&desk.bench, &error, &nobody);
            same(&desk.bench, &message, &7);
        }
        other => panic!("{other:?}"),
    }
    let sent = via.send_within(LONG, 7).await;
    assert!(matches!(sent, Err(ViaError::Registry { .. })), "{sent:?}");
    let p = desk.player("p");
    desk.give("k", p).await;
    let no_handle = via.resolve().err();
    assert!(
        matches!(no_handle, Some(RegistryError::NoHandle { .. })),
        "{no_handle:?}"
    );
}

async fn a37_a_name_is_looked_up_at_each_use<R: Runtime>(desk: Desk<R>) {
    let via = desk.registry.via::<u32>(NAMES, "k");
    let (p, mut first, wanted) = receiver(&desk, "p", NAMES, "k");
    assert!(desk.registry.register(wanted).await.is_ok());
    assert!(via.try_send(1).is_ok());
    same(&desk.bench, &first.try_receive(), &Some(1));
    desk.end("p", p, ExitReason::Killed).await;
    assert!(via.try_send(2).is_err());
    let (_q, mut second, wanted) = receiver(&desk, "q", NAMES, "k");
    assert!(desk.registry.register(wanted).await.is_ok());
    assert!(via.try_send(3).is_ok());
    same(&desk.bench, &second.try_receive(), &Some(3));
    same(&desk.bench, &first.try_receive(), &None);
}

async fn a39_a_group_is_no_name_to_send_to<R: Runtime>(desk: Desk<R>) {
    let (_p, mut mailbox, wanted) = receiver(&desk, "p", GROUPS, "g");
    assert!(desk.registry.register(wanted).await.is_ok());
    let refused = desk.registry.via::<u32>(GROUPS, "g").try_send(1);
    let unsupported = matches!(
        refused,
        Err(ViaError::Registry {
            error: RegistryError::Unsupported { .. },
            ..
        })
    );
    assert!(unsupported, "{refused:?}");
    same(&desk.bench, &mailbox.try_receive(), &None);
}

async fn a42_a_key_is_locked_by_one_at_a_time_and_other_keys_are_free<R: Runtime>(desk: Desk<R>) {
    let inside = Arc::new(Mutex::new(0_u32));
    let start = desk.bench.now();
    let hold = Duration::from_secs(1);
    let same_key = {
        let inside = inside.clone();
        desk.race(5, move |context: Context<R>, registry| {
            let inside = inside.clone();
            async move {
                let guard = registry
                    .lock(NAMES, "k", LONG)
                    .await
                    .expect("it comes free");
                *inside.lock().expect("no holder panics") += 1;
                context.runtime().sleep(hold).await;
                let mut inside = inside.lock().expect("no holder panics");
                let alone = *inside == 1;
                *inside -= 1;
                drop(inside);
                drop(guard);
                alone
            }
        })
        .await
    };
    same(&desk.bench, &same_key, &vec![true; 5]);
    assert!(desk.bench.now().since(start) >= hold * 5);
    let start = desk.bench.now();
    desk.race(5, move |context: Context<R>, registry| async move {
        let name = format!("k{}", context.id().local);
        let _guard = registry.lock(NAMES, name, LONG).await.expect("it is free");
        context.runtime().sleep(hold).await;
    })
    .await;
    assert!(desk.bench.now().since(start) < hold * 2);
}

async fn a44_a_waiter_that_goes_away_lets_the_next_one_in<R: Runtime>(desk: Desk<R>) {
    let first = desk
        .registry
        .lock(NAMES, "k", LONG)
        .await
        .expect("it is free");
    let wait = |registry: steadfast::registry::Registry<R>| {
        move |_context: Context<R>| async move {
            let guard = registry.lock(NAMES, "k", LONG).await;
            assert!(guard.is_ok());
        }
    };
    let killed = desk
        .bench
        .start(ProcessSpec::new("killed"), wait(desk.registry.clone()));
    let next = desk
        .bench
        .start(ProcessSpec::new("next"), wait(desk.registry.clone()));
    desk.bench.quiet().await;
    let short = Duration::from_secs(1);
    let late = desk.registry.lock(NAMES, "k", short).await;
    let exceeded = RegistryError::DeadlineExceeded { limit: short };
    same(&desk.bench, &late.err(), &Some(exceeded));
    desk.bench.node().kill(killed);
    desk.bench.exit_of(killed).await;
    assert!(desk.bench.node().is_alive(next));
    drop(first);
    same(
        &desk.bench,
        &desk.bench.exit_of(next).await,
        &ExitReason::Normal,
    );
    let free = desk.registry.lock(NAMES, "k", Duration::ZERO).await;
    assert!(free.is_ok(), "{:?}", free.err());
}
