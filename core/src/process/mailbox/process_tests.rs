//! Claims about mailboxes of running processes.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{
    CallError, DeliveryError, DurableMailbox, FullPolicy, LendError, Next, Reply, mailbox,
};
use crate::event::{Event, ProcessEvent};
use crate::process::{ExitReason, Node, ProcessId, ProcessSpec, Signal, reply};
use crate::testing::{self, TestRuntime};

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(5);

/// Each claim holds in many orders of tasks.
const SEEDS: u64 = 50;

fn on_node<F: Future<Output = ()>>(body: impl Fn(Node<TestRuntime>) -> F) {
    for seed in 0..SEEDS {
        testing::run(seed, async |node| {
            body(node.clone()).await;
            assert!(node.stop(LONG).await);
            node.runtime().assert_books_balance();
        });
    }
}

fn discards(node: &Node<TestRuntime>) -> Vec<(ProcessId, u64)> {
    let events = node.runtime().events().into_iter();
    let discards = events.filter_map(|event| {
        if let Event::Process(ProcessEvent::MessageDiscarded { process, discarded }) = event {
            Some((process, discarded))
        } else {
            None
        }
    });
    discards.collect()
}

#[test]
fn c51_stop_goes_before_supervision_and_supervision_before_messages() {
    on_node(|node| async move {
        let (order, answer) = reply::reply();
        let owner = node.clone();
        let body = async move |context: crate::process::Context<_>| {
            let (address, mut mailbox) = context.mailbox(4, FullPolicy::Reject);
            address.try_send("message").unwrap();
            context.monitor(ProcessId {
                local: 99,
                ..context.id()
            });
            owner.exit(context.id(), &ExitReason::SHUTDOWN);
            let mut seen = Vec::new();
            while seen.len() < 3 {
                seen.push(match context.next(&mut mailbox).await {
                    Next::Signal(Signal::Exit { .. }) => "stop",
                    Next::Signal(_) => "supervision",
                    Next::Message(message) => message,
                    Next::Closed => "closed",
                });
            }
            order.send(seen).unwrap();
        };
        let spec = ProcessSpec::new("worker").trap_exit(true);
        node.start(spec, body).unwrap();
        assert_eq!(answer.await.unwrap(), ["stop", "supervision", "message"]);
    });
}

#[test]
fn c51_a_kill_ends_a_process_whose_mailbox_never_runs_dry() {
    on_node(|node| async move {
        let started = node.start(ProcessSpec::new("busy"), async |context| {
            let (address, mut mailbox) = context.mailbox(1, FullPolicy::Reject);
            let mut handled = 0_u32;
            while address.try_send(()).is_ok() {
                context.next(&mut mailbox).await;
                handled += 1;
                if handled == 10 {
                    context.node().kill(context.id());
                }
                assert!(handled <= 10, "a message was handled after the kill");
            }
        });
        assert_eq!(node.exited(started.unwrap()).await, ExitReason::Killed);
    });
}

#[test]
fn next_says_that_no_message_can_come_any_more() {
    on_node(|node| async move {
        let started = node.start(ProcessSpec::new("worker"), async |context| {
            let (address, mut mailbox) = context.mailbox(4, FullPolicy::Reject);
            address.try_send(1).unwrap();
            mailbox.close();
            assert_eq!(context.next(&mut mailbox).await, Next::Message(1));
            assert_eq!(context.next(&mut mailbox).await, Next::Closed);
        });
        assert_eq!(node.exited(started.unwrap()).await, ExitReason::Normal);
    });
}

#[test]
fn discards_are_announced_with_their_running_count() {
    on_node(|node| async move {
        let started = node.start(ProcessSpec::new("worker"), async |context| {
            let (address, _mailbox) = context.mailbox(1, FullPolicy::DropNewest);
            (0..3).for_each(|number| address.try_send(number).unwrap());
        });
        let process = started.unwrap();
        node.exited(process).await;
        assert_eq!(discards(&node), [(process, 1), (process, 2)]);
    });
}

#[test]
fn a_send_that_finds_no_room_in_time_gives_the_message_back() {
    on_node(|node| async move {
        let (address, mut mailbox) = mailbox(1, FullPolicy::Wait);
        let clock = node.runtime();
        assert_eq!(address.send_within(clock, SHORT, 1).await, Ok(()));
        let late = address.send_within(clock, SHORT, 2).await;
        assert_eq!(late, Err(DeliveryError::Full(2)));
        assert_eq!(mailbox.receive().await, Some(1));
        assert_eq!(mailbox.try_receive(), None);
    });
}

#[test]
fn a_call_is_answered_or_says_why_not() {
    enum Request {
        Double(u32, Reply<u32>),
        Forget(Reply<u32>),
        Keep(Reply<u32>),
    }
    on_node(|node| async move {
        let (address, mut mailbox) = mailbox(4, FullPolicy::Wait);
        node.start(ProcessSpec::new("server"), async move |_| {
            let mut kept = Vec::new();
            while let Some(request) = mailbox.receive().await {
                match request {
                    Request::Double(number, reply) => reply.answer(number * 2),
                    Request::Forget(reply) => drop(reply),
                    Request::Keep(reply) => kept.push(reply),
                }
            }
        })
        .unwrap();
        let clock = node.runtime();
        let double = |reply| Request::Double(21, reply);
        let doubled = address.call(clock, LONG, double).await;
        assert!(matches!(doubled, Ok(42)));
        let forgotten = address.call(clock, LONG, Request::Forget).await;
        assert!(matches!(forgotten, Err(CallError::Unanswered)));
        let kept = address.call(clock, SHORT, Request::Keep).await;
        assert!(matches!(kept, Err(CallError::TimedOut { .. })));
    });
}

#[test]
fn a_call_to_a_process_that_is_gone_is_refused() {
    on_node(|node| async move {
        let (address, mailbox) = mailbox::<Reply<u32>>(4, FullPolicy::Wait);
        drop(mailbox);
        let refused = address.call(node.runtime(), LONG, |reply| reply).await;
        assert!(matches!(refused, Err(CallError::Closed(_))));
    });
}

/// Starts one incarnation of a worker that handles messages until one is poisonous.
fn start_worker(
    node: &Node<TestRuntime>,
    mailbox: &Arc<DurableMailbox<u32>>,
    handled: &Arc<Mutex<Vec<u32>>>,
) -> ProcessId {
    let (mailbox, handled) = (mailbox.clone(), handled.clone());
    let body = async move |context| {
        let mut lent = mailbox.lend(&context)?;
        drop(mailbox);
        while let Some(message) = lent.receive().await {
            assert_ne!(message, 13, "poison");
            handled.lock().unwrap().push(message);
        }
        Ok::<(), LendError>(())
    };
    node.start(ProcessSpec::new("worker"), body).unwrap()
}

#[test]
fn c56_messages_survive_a_restart_except_the_one_that_killed_the_receiver() {
    on_node(|node| async move {
        let durable = Arc::new(DurableMailbox::new(8, FullPolicy::Reject));
        let handled = Arc::default();
        let address = durable.address();
        for message in [1, 13, 2] {
            address.try_send(message).unwrap();
        }
        let first = start_worker(&node, &durable, &handled);
        let reason = node.exited(first).await;
        assert!(matches!(reason, ExitReason::Panic(_)), "{reason}");
        // Sends go on while nobody receives.
        address.try_send(3).unwrap();
        let second = start_worker(&node, &durable, &handled);
        // Giving the mailbox up lets the worker drain it and end.
        drop((address, durable));
        assert_eq!(node.exited(second).await, ExitReason::Normal);
        assert_eq!(*handled.lock().unwrap(), [1, 2, 3]);
    });
}

#[test]
fn c57_what_is_left_goes_to_the_hook_once_and_not_at_a_restart() {
    on_node(|node| async move {
        let undelivered = Arc::new(Mutex::new(Vec::new()));
        let seen = undelivered.clone();
        let durable = DurableMailbox::new(8, FullPolicy::Reject)
            .on_undelivered(move |left| seen.lock().unwrap().push(left));
        let durable = Arc::new(durable);
        let handled = Arc::default();
        let address = durable.address();
        for message in [13, 13, 1, 2] {
            address.try_send(message).unwrap();
        }
        for _ in 0..2 {
            let worker = start_worker(&node, &durable, &handled);
            node.exited(worker).await;
            assert!(undelivered.lock().unwrap().is_empty());
        }
        drop(durable);
        assert_eq!(*undelivered.lock().unwrap(), [[1, 2]]);
        assert_eq!(address.try_send(3), Err(DeliveryError::Closed(3)));
        assert!(handled.lock().unwrap().is_empty());
    });
}

#[test]
fn c57_a_loan_that_outlives_its_owner_hands_the_rest_over_when_it_ends() {
    on_node(|node| async move {
        let undelivered = Arc::new(Mutex::new(Vec::new()));
        let seen = undelivered.clone();
        let durable = DurableMailbox::new(8, FullPolicy::Reject)
            .on_undelivered(move |left| seen.lock().unwrap().push(left));
        let durable = Arc::new(durable);
        for message in [1, 13, 2] {
            durable.address().try_send(message).unwrap();
        }
        let handled = Arc::default();
        let worker = start_worker(&node, &durable, &handled);
        drop(durable);
        node.exited(worker).await;
        assert_eq!(*handled.lock().unwrap(), [1]);
        assert_eq!(*undelivered.lock().unwrap(), [[2]]);
    });
}

#[test]
fn a_durable_mailbox_is_lent_to_one_process_at_a_time() {
    on_node(|node| async move {
        let durable = DurableMailbox::<u32>::new(1, FullPolicy::DropNewest);
        let address = durable.address();
        address.try_send(1).unwrap();
        address.try_send(2).unwrap();
        let started = node.start(ProcessSpec::new("worker"), async move |context| {
            let first = durable.lend(&context).unwrap();
            let refused = durable.lend(&context).map(drop);
            assert_eq!(refused, Err(LendError::AlreadyLent));
            drop(first);
            assert_eq!(durable.lend(&context).unwrap().try_receive(), Some(1));
        });
        let process = started.unwrap();
        assert_eq!(node.exited(process).await, ExitReason::Normal);
        // The discard of a time without a receiver is announced at the next loan.
        assert_eq!(discards(&node), [(process, 1)]);
    });
}
