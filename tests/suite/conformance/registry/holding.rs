//! Who holds a name, and what becomes of it when the holder ends.

use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};

use steadfast::process::{Context, ExitReason, ProcessId, ProcessSpec, Signal};
use steadfast::registry::{
    Entry, Key, Keys, Metadata, Query, Registration, Registry, RegistryError, Removal,
};
use steadfast::runtime::Runtime;

use super::desk::{Desk, GROUPS, NAMES, taken};
use super::registry_cases;
use crate::conformance::harness::{Cue, same};

registry_cases! {
    a01_who_registers_a_free_name_holds_it,
    a02_a_name_that_is_held_is_refused_and_nothing_changes,
    a04_of_many_racers_exactly_one_wins_and_all_others_learn_who,
    a05_a_dead_holder_never_blocks_a_successor,
    a06_refusals_leave_nothing_behind,
    a07_nothing_is_left_of_a_process_however_it_ends,
    a09_a_process_that_is_killed_right_after_it_registered_leaves_nothing,
    a10_a_process_that_is_ending_is_refused,
    a10_a_process_that_has_ended_is_refused,
    a11_a_process_that_gives_up_on_a_taken_name_is_in_no_table,
    a46_entries_outlive_the_process_that_first_used_the_registry,
    a54_a_process_may_let_go_while_it_is_ending,
    a_process_that_registers_its_name_again_replaces_its_metadata,
}

async fn a01_who_registers_a_free_name_holds_it<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    let wanted = Registration::new(NAMES, "k", p);
    let given = desk.registry.register(wanted).await.expect("k is free");
    assert!(given.fresh);
    same(&desk.bench, &desk.holder("k"), &Some(p));
    same(
        &desk.bench,
        &desk.registry.held_by(p),
        &vec![Key::new(NAMES, "k")],
    );
    same(&desk.bench, &desk.entries(), &vec![given.entry]);
    desk.sound();
}

async fn a02_a_name_that_is_held_is_refused_and_nothing_changes<R: Runtime>(desk: Desk<R>) {
    let (p, q) = (desk.player("p"), desk.player("q"));
    desk.give_with("k", p, Metadata::new().with("of", "p"))
        .await;
    let before = desk.entries();
    let wanted = Registration::new(NAMES, "k", q).metadata(Metadata::new().with("of", "q"));
    taken(&desk.registry.register(wanted).await, p);
    same(&desk.bench, &desk.entries(), &before);
    desk.gone(q);
}

async fn a04_of_many_racers_exactly_one_wins_and_all_others_learn_who<R: Runtime>(desk: Desk<R>) {
    let stay = Arc::new(Mutex::new(Vec::new()));
    let mut racers = Vec::new();
    for _ in 0..20 {
        let (registry, results) = (desk.registry.clone(), stay.clone());
        racers.push(desk.bench.start(
            ProcessSpec::new("racer"),
            |context: Context<R>| async move {
                let wanted = Registration::new(NAMES, "k", context.id());
                let result = registry.register(wanted).await;
                results
                    .lock()
                    .expect("no holder panics")
                    .push((context.id(), result));
                std::future::pending::<()>().await;
            },
        ));
    }
    desk.bench.quiet().await;
    let results = stay.lock().expect("no holder panics");
    assert_eq!(results.len(), racers.len());
    let winners: Vec<_> = results
        .iter()
        .filter(|(_, result)| result.is_ok())
        .collect();
    let [(winner, _)] = winners[..] else {
        panic!("the winners are {winners:?}");
    };
    for (racer, result) in results.iter().filter(|(racer, _)| racer != winner) {
        taken(result, *winner);
        desk.gone(*racer);
    }
    same(&desk.bench, &desk.holder("k"), &Some(*winner));
}

async fn a05_a_dead_holder_never_blocks_a_successor<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    desk.give("k", p).await;
    let registry = desk.registry.clone();
    let result = Arc::new(Mutex::new(None));
    let seen = result.clone();
    let q = desk.bench.start(
        ProcessSpec::new("q"),
        move |context: Context<R>| async move {
            context.monitor(p);
            while !matches!(context.signal().await, Signal::Down { .. }) {}
            // At the very first moment at which anyone can know of the end.
            let wanted = Registration::new(NAMES, "k", context.id());
            let answer = registry.register(wanted).await;
            *seen.lock().expect("no holder panics") = Some(answer.map(|given| given.fresh));
            std::future::pending::<()>().await;
        },
    );
    desk.bench.quiet().await;
    desk.end("p", p, ExitReason::failed("gone")).await;
    desk.bench.quiet().await;
    same(
        &desk.bench,
        &*result.lock().expect("no holder panics"),
        &Some(Ok(true)),
    );
    same(&desk.bench, &desk.holder("k"), &Some(q));
    desk.gone(p);
}

async fn a06_refusals_leave_nothing_behind<R: Runtime>(desk: Desk<R>) {
    let (p, q) = (desk.player("p"), desk.player("q"));
    desk.give("k", p).await;
    let before = desk.registry.stats();
    for _ in 0..1_000 {
        let wanted = Registration::new(NAMES, "k", q);
        taken(&desk.registry.register(wanted).await, p);
    }
    let after = desk.registry.stats();
    same(&desk.bench, &after.bytes, &before.bytes);
    same(&desk.bench, &after.scopes, &before.scopes);
    desk.gone(q);
}

async fn a07_nothing_is_left_of_a_process_however_it_ends<R: Runtime>(desk: Desk<R>) {
    let bystander = desk.player("bystander");
    desk.give_with("other", bystander, Metadata::new().with("tier", 1))
        .await;
    let ends = [
        Cue::End(ExitReason::Normal),
        Cue::End(ExitReason::SHUTDOWN),
        Cue::End(ExitReason::failed("broken")),
        Cue::Panic("boom"),
    ];
    for cue in ends {
        let p = hold_much(&desk).await;
        desk.bench.cue("p", cue);
        desk.bench.exit_of(p).await;
        desk.gone(p);
    }
    let p = hold_much(&desk).await;
    desk.bench.node().kill(p);
    desk.bench.exit_of(p).await;
    desk.gone(p);
    let left = desk.select(&Query::all().is("tier", 1));
    same(
        &desk.bench,
        &Desk::<R>::names_of(&left),
        &vec!["other".to_owned()],
    );
}

/// Many names and memberships for one process.
async fn hold_much<R: Runtime>(desk: &Desk<R>) -> ProcessId {
    let p = desk.player("p");
    for number in 0..50 {
        let metadata = Metadata::new().with("tier", number % 3);
        desk.give_with(&format!("k{number}"), p, metadata).await;
        desk.join("g", p).await;
    }
    same(&desk.bench, &desk.registry.held_by(p).len(), &51);
    p
}

async fn a09_a_process_that_is_killed_right_after_it_registered_leaves_nothing<R: Runtime>(
    desk: Desk<R>,
) {
    for number in 0..50 {
        let registry = desk.registry.clone();
        let p = desk.bench.start(
            ProcessSpec::new("p"),
            move |context: Context<R>| async move {
                let name = format!("k{number}");
                let given = registry
                    .register(Registration::new(NAMES, name, context.id()))
                    .await;
                assert!(given.is_ok(), "{given:?}");
                context.node().kill(context.id());
                std::future::pending::<()>().await;
            },
        );
        same(
            &desk.bench,
            &desk.bench.exit_of(p).await,
            &ExitReason::Killed,
        );
        desk.gone(p);
    }
    same(&desk.bench, &desk.entries(), &Vec::<Entry>::new());
}

/// Registers its parent when it is dropped, which is while the parent is ending.
struct LastWish<R: Runtime> {
    registry: Registry<R>,
    parent: ProcessId,
    answer: Arc<Mutex<Option<RegistryError>>>,
}

impl<R: Runtime> Drop for LastWish<R> {
    fn drop(&mut self) {
        let wanted = Registration::new(NAMES, "late", self.parent);
        let answer = now(self.registry.register(wanted));
        let refused = answer.and_then(Result::err);
        *self.answer.lock().expect("no holder panics") = refused;
    }
}

/// What a future answers at once, if it does.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = Box::pin(future);
    match future
        .as_mut()
        .poll(&mut TaskContext::from_waker(Waker::noop()))
    {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

async fn a10_a_process_that_is_ending_is_refused<R: Runtime>(desk: Desk<R>) {
    let answer = Arc::new(Mutex::new(None));
    let wish = (desk.registry.clone(), answer.clone());
    let p = desk
        .bench
        .start(ProcessSpec::new("p"), |context: Context<R>| async move {
            let (registry, answer) = wish;
            let wish = LastWish {
                registry,
                parent: context.id(),
                answer,
            };
            let child =
                context.spawn_child(ProcessSpec::new("child"), move |_context| async move {
                    let _wish = wish;
                    std::future::pending::<()>().await;
                });
            child.expect("the process may have children");
            std::future::pending::<()>().await;
        });
    desk.bench.quiet().await;
    desk.bench.node().kill(p);
    desk.bench.exit_of(p).await;
    let expected = Some(RegistryError::NoProcess { process: p });
    same(
        &desk.bench,
        &*answer.lock().expect("no holder panics"),
        &expected,
    );
    same(&desk.bench, &desk.holder("late"), &None);
}

async fn a10_a_process_that_has_ended_is_refused<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    desk.end("p", p, ExitReason::Normal).await;
    for scope in [NAMES, GROUPS] {
        let answer = desk
            .registry
            .register(Registration::new(scope, "k", p))
            .await;
        same(
            &desk.bench,
            &answer,
            &Err(RegistryError::NoProcess { process: p }),
        );
    }
    desk.gone(p);
}

async fn a11_a_process_that_gives_up_on_a_taken_name_is_in_no_table<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    desk.give("k", p).await;
    let refused = desk
        .race(1, |context: Context<R>, registry| async move {
            let wanted = Registration::new(NAMES, "k", context.id());
            (context.id(), registry.register(wanted).await)
        })
        .await;
    for (q, answer) in refused {
        taken(&answer, p);
        assert!(!desk.bench.node().is_alive(q));
        desk.gone(q);
    }
    same(&desk.bench, &desk.holder("k"), &Some(p));
}

async fn a46_entries_outlive_the_process_that_first_used_the_registry<R: Runtime>(desk: Desk<R>) {
    let first = desk.player("first");
    desk.open("young", Keys::Unique).await;
    let wanted = Registration::new("young", "first", first);
    let given = desk.registry.register(wanted).await;
    assert!(given.is_ok(), "{given:?}");
    let second = desk.player("second");
    let wanted = Registration::new("young", "second", second);
    let given = desk.registry.register(wanted).await;
    assert!(given.is_ok(), "{given:?}");
    desk.end("first", first, ExitReason::failed("gone")).await;
    let holder = desk.registry.whereis("young", "second");
    same(&desk.bench, &holder, &Ok(Some(second)));
    desk.gone(first);
}

async fn a54_a_process_may_let_go_while_it_is_ending<R: Runtime>(desk: Desk<R>) {
    let mark = desk.bench.mark();
    for _ in 0..20 {
        let registry = desk.registry.clone();
        let p = desk.bench.start(
            ProcessSpec::new("p"),
            move |context: Context<R>| async move {
                let given = registry
                    .register(Registration::new(NAMES, "k", context.id()))
                    .await;
                assert!(given.is_ok(), "{given:?}");
                context.node().kill(context.id());
                let removal = Removal::new(NAMES, "k").of(context.id());
                let gone = registry.unregister(removal).await;
                assert!(gone.is_ok(), "{gone:?}");
            },
        );
        desk.bench.exit_of(p).await;
        desk.gone(p);
    }
    let gone = |event: &steadfast::event::RegistryEvent| {
        matches!(
            event,
            steadfast::event::RegistryEvent::NameUnregistered { .. }
        )
    };
    let gone = desk.facts(mark).iter().filter(|event| gone(event)).count();
    same(&desk.bench, &gone, &20);
}

async fn a_process_that_registers_its_name_again_replaces_its_metadata<R: Runtime>(desk: Desk<R>) {
    let p = desk.player("p");
    desk.give_with("k", p, Metadata::new().with("old", 1)).await;
    let wanted = Registration::new(NAMES, "k", p).metadata(Metadata::new().with("new", 2));
    let again = desk
        .registry
        .register(wanted)
        .await
        .expect("it is its own name");
    assert!(!again.fresh);
    same(
        &desk.bench,
        &again.entry.metadata,
        &Metadata::new().with("new", 2),
    );
    same(&desk.bench, &desk.entries(), &vec![again.entry]);
    same(
        &desk.bench,
        &desk.select(&Query::all().is("old", 1)),
        &Vec::new(),
    );
    desk.sound();
}
