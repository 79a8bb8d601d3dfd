//! Claims about typed handles, sending by name, and dispatch to a group.

use std::time::Duration;

use super::stage::{LIMIT, Stage, play};
use crate::process::{Address, FullPolicy, Mailbox, ProcessId, Reply, mailbox};
use crate::registry::{Outcome, Registration, RegistryError, Removal, ViaCallError, ViaError};

type Question = (u32, Reply<u32>);

/// A process with a mailbox, registered under a name.
async fn answerer(stage: &Stage, name: &'static str) -> ProcessId {
    let registry = stage.registry.clone();
    let worker = stage.beside_as(|own| async move {
        let (address, mut mailbox) = mailbox::<Question>(4, FullPolicy::Reject);
        let wanted = Registration::new("names", name, own).address(&address);
        registry.register(wanted).await.unwrap();
        while let Some((number, reply)) = mailbox.receive().await {
            reply.answer(number + 1);
        }
    });
    stage
        .registry
        .await_registered("names", name, LIMIT)
        .await
        .unwrap();
    worker.process
}

#[test]
fn a37_a_call_by_name_reaches_whoever_holds_it_and_nobody_is_an_error() {
    play(|stage| async move {
        let via = stage.registry.via::<Question>("names", "oracle");
        let nobody = via.call(LIMIT, |reply| (1, reply)).await;
        assert!(matches!(
            nobody,
            Err(ViaCallError::Registry(RegistryError::NotRegistered { .. }))
        ));
        let first = answerer(&stage, "oracle").await;
        assert_eq!(via.call(LIMIT, |reply| (1, reply)).await.unwrap(), 2);
        stage.end(first).await;
        let nobody = via.call(LIMIT, |reply| (1, reply)).await;
        assert!(matches!(nobody, Err(ViaCallError::Registry(_))));
        let second = answerer(&stage, "oracle").await;
        assert_ne!(first, second);
        assert_eq!(via.call(LIMIT, |reply| (2, reply)).await.unwrap(), 3);
    });
}

#[test]
fn a37_what_could_not_be_sent_comes_back() {
    play(|stage| async move {
        let via = stage.registry.via::<u32>("names", "sink");
        let refused = via.try_send(7).map_err(ViaError::into_message);
        assert_eq!(refused, Err(7));
        let refused = via.send_within(LIMIT, 8).await;
        assert_eq!(refused.map_err(ViaError::into_message), Err(8));
        let process = stage.idler();
        let (address, mut mailbox) = mailbox::<u32>(1, FullPolicy::Wait);
        let wanted = Registration::new("names", "sink", process).address(&address);
        stage.registry.register(wanted).await.unwrap();
        via.try_send(1).unwrap();
        assert!(matches!(via.try_send(2), Err(ViaError::Delivery(_))));
        let full = via.send_within(Duration::from_millis(5), 3).await;
        assert!(matches!(full, Err(ViaError::Delivery(_))));
        assert_eq!(mailbox.try_receive(), Some(1));
        drop(mailbox);
        assert!(matches!(via.try_send(2), Err(ViaError::Delivery(_))));
    });
}

#[test]
fn a39_a_group_is_nobody_to_send_to_by_name() {
    play(|stage| async move {
        let process = stage.idler();
        stage.register("groups", "g", process).await;
        let refused = stage.registry.via::<u32>("groups", "g").try_send(1);
        assert!(matches!(
            refused,
            Err(ViaError::Registry {
                error: RegistryError::Unsupported { .. },
                message: 1
            })
        ));
    });
}

#[test]
fn a_handle_comes_back_as_what_it_was_and_as_nothing_else() {
    play(|stage| async move {
        let process = stage.idler();
        let registry = &stage.registry;
        let (address, mut mailbox) = mailbox::<u32>(1, FullPolicy::Reject);
        let wanted = Registration::new("names", "a", process).address(&address);
        registry.register(wanted).await.unwrap();
        stage.register("names", "bare", process).await;
        registry
            .address::<u32>("names", "a")
            .unwrap()
            .try_send(5)
            .unwrap();
        assert_eq!(mailbox.try_receive(), Some(5));
        let wrong = registry.address::<u64>("names", "a").map(drop);
        assert!(matches!(wrong, Err(RegistryError::NoHandle { .. })));
        let bare = registry.address::<u32>("names", "bare").map(drop);
        assert!(matches!(bare, Err(RegistryError::NoHandle { .. })));
        let removal = Removal::new("names", "a");
        registry.unregister(removal).await.unwrap();
        let gone = registry.address::<u32>("names", "a").map(drop);
        assert!(matches!(gone, Err(RegistryError::NotRegistered { .. })));
    });
}

async fn member(stage: &Stage, capacity: usize) -> (ProcessId, Address<u32>, Mailbox<u32>) {
    let process = stage.idler();
    let (address, mailbox) = mailbox::<u32>(capacity, FullPolicy::Wait);
    let wanted = Registration::new("groups", "g", process).address(&address);
    stage.registry.register(wanted).await.unwrap();
    (process, address, mailbox)
}

#[test]
fn a36_every_member_is_told_even_if_one_is_full_closed_or_has_nothing_to_be_told_by() {
    play(|stage| async move {
        let (_, full, _kept) = member(&stage, 1).await;
        full.try_send(0).unwrap();
        let (_, _, closed) = member(&stage, 1).await;
        drop(closed);
        let bare = stage.idler();
        stage.register("groups", "g", bare).await;
        let (_, _, mut well) = member(&stage, 1).await;
        let told = stage.registry.dispatch("groups", "g", &9_u32).unwrap();
        let outcomes: Vec<_> = told.into_iter().map(|told| told.outcome).collect();
        assert_eq!(
            outcomes,
            [
                Outcome::Full,
                Outcome::Closed,
                Outcome::NoHandle,
                Outcome::Delivered
            ]
        );
        assert_eq!(well.try_receive(), Some(9));
        assert_eq!(
            stage.registry.dispatch("groups", "none", &9_u32),
            Ok(Vec::new())
        );
    });
}

struct Brittle;

impl Clone for Brittle {
    fn clone(&self) -> Self {
        panic!("it broke");
    }
}

#[test]
fn a36_a_panic_for_one_member_keeps_nothing_from_the_others() {
    play(|stage| async move {
        let members = [stage.idler(), stage.idler(), stage.idler()];
        for member in members {
            stage.register("groups", "g", member).await;
        }
        let done = stage.registry.dispatch_with("groups", "g", |entry| {
            assert_ne!(entry.process, members[1], "not this one");
            entry.process
        });
        let done: Vec<_> = done.unwrap().into_iter().map(|acted| acted.done).collect();
        assert_eq!(done[0], Ok(members[0]));
        assert!(
            done[1]
                .as_ref()
                .is_err_and(|text| text.contains("not this one"))
        );
        assert_eq!(done[2], Ok(members[2]));

        let (address, _mailbox) = mailbox::<Brittle>(1, FullPolicy::Reject);
        let wanted = Registration::new("names", "a", members[0]).address(&address);
        stage.registry.register(wanted).await.unwrap();
        let told = stage.registry.dispatch("names", "a", &Brittle).unwrap();
        assert_eq!(told[0].outcome, Outcome::Panicked("it broke".into()));
    });
}
