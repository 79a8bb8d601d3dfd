//! Messages and signals of a process: in which order they are dealt with, and what
//! becomes of messages when their receiver stops or crashes.

use std::sync::Arc;
use std::time::Duration;

use steadfast::process::{
    Address, CallError, Context, DeliveryError, DurableMailbox, ExitReason, FullPolicy, Next,
    ProcessId, ProcessSpec, Reply, Signal,
};
use steadfast::runtime::Runtime;
use steadfast::supervision::{
    ChildSpec, Restart, RestartLimit, ShutdownPolicy, Strategy, SupervisorSpec,
};

use super::harness::{Cue, LONG, LONG_BACKOFF, Ledger, Manner, Mark, same};
use super::{Bench, cases};

cases! {
    c51_requests_go_before_notices_and_notices_before_messages,
    c51_a_kill_goes_before_everything,
    c51_a_request_to_stop_does_not_interrupt_the_work_at_hand,
    c52_a_graceful_stop_handles_what_is_queued_and_refuses_the_rest,
    c56_messages_survive_the_crash_of_their_receiver_except_the_poisonous_one,
    c56_messages_survive_a_kill_and_arrive_while_nobody_receives,
    c57_undelivered_messages_are_given_up_once_with_the_supervisor,
    c57_messages_of_a_child_given_up_alone_wait_until_its_spec_is_deleted,
    c57_messages_of_a_temporary_child_are_given_up_with_it,
}

const SECOND: Duration = Duration::from_secs(1);
/// What a step may cost in simulation, where polling is not free.
const STEP: Duration = Duration::from_millis(1);

/// What the process of a case takes in.
enum Order {
    Work(u32),
    Ask(Reply<u32>),
}

/// Takes in whatever comes and writes it down, working for a second first.
async fn take_in<R: Runtime>(
    context: Context<R>,
    target: ProcessId,
    addresses: Ledger<Address<u32>>,
    seen: Ledger<String>,
) {
    let (address, mut mailbox) = context.mailbox(8, FullPolicy::Reject);
    addresses.write(address);
    context.monitor(target);
    context.link(target);
    context.runtime().sleep(SECOND).await;
    loop {
        let next = context.next(&mut mailbox).await;
        let line = match next {
            Next::Message(number) => format!("message {number}"),
            Next::Signal(Signal::Down { reason, .. }) => format!("down: {reason}"),
            Next::Signal(Signal::Exit {
                reason,
                linked: true,
                ..
            }) => format!("link: {reason}"),
            Next::Signal(Signal::Exit {
                reason,
                linked: false,
                ..
            }) => format!("stop: {reason}"),
            Next::Signal(Signal::ChildExited { .. }) => "child".to_owned(),
            Next::Closed => return,
        };
        seen.write(line);
    }
}

/// A process that is busy for a second and by then has messages, notices and a
/// request to stop, in this order of arrival.
async fn busy<R: Runtime>(bench: &Bench<R>) -> (ProcessId, Ledger<String>, Ledger<Address<u32>>) {
    let target = bench.start(ProcessSpec::new("target"), |context| {
        bench
            .stage()
            .clone()
            .play("target".into(), Manner::Plain, context)
    });
    let (addresses, seen) = (Ledger::default(), Ledger::default());
    let (handed, told) = (addresses.clone(), seen.clone());
    let spec = ProcessSpec::new("receiver").trap_exit(true);
    let receiver = bench.start(spec, |context| take_in(context, target, handed, told));
    bench.quiet().await;
    let address = addresses.take_one();
    for number in 1..=3 {
        address.try_send(number).expect("there is room");
    }
    bench.cue("target", Cue::End(ExitReason::failed("no")));
    bench.exit_of(target).await;
    bench.quiet().await;
    bench.node().exit(receiver, &ExitReason::SHUTDOWN);
    address.try_send(4).expect("there is room");
    bench.quiet().await;
    same(bench, &seen.len(), &0);
    addresses.write(address);
    (receiver, seen, addresses)
}

async fn c51_requests_go_before_notices_and_notices_before_messages<R: Runtime>(bench: Bench<R>) {
    let (receiver, seen, addresses) = busy(&bench).await;
    // It ends once nobody can send to it any more.
    drop(addresses.take_one());
    same(&bench, &bench.exit_of(receiver).await, &ExitReason::Normal);
    let mut seen = seen.take();
    // The end of the target is told twice, as the link and as the monitor.
    seen[1..3].sort();
    let expected = [
        "stop: shutdown",
        "down: error: no",
        "link: error: no",
        "message 1",
        "message 2",
        "message 3",
        "message 4",
    ];
    same(&bench, &seen, &expected.map(str::to_owned).to_vec());
}

async fn c51_a_kill_goes_before_everything<R: Runtime>(bench: Bench<R>) {
    let (receiver, seen, _addresses) = busy(&bench).await;
    let began = bench.now();
    bench.node().kill(receiver);
    same(&bench, &bench.exit_of(receiver).await, &ExitReason::Killed);
    // Neither the work at hand nor anything queued holds it up.
    assert!(bench.now().since(began) < STEP);
    same(&bench, &seen.len(), &0);
}

async fn c51_a_request_to_stop_does_not_interrupt_the_work_at_hand<R: Runtime>(bench: Bench<R>) {
    let done = Ledger::default();
    let told = done.clone();
    let spec = ProcessSpec::new("worker").trap_exit(true);
    let worker = bench.start(spec, |context| async move {
        context.runtime().sleep(10 * SECOND).await;
        told.write(context.runtime().now());
        context.exit_requested().await
    });
    let began = bench.now();
    bench.pass(SECOND).await;
    bench.node().exit(worker, &ExitReason::SHUTDOWN);
    same(&bench, &bench.exit_of(worker).await, &ExitReason::SHUTDOWN);
    let took = done.take_one().since(began);
    assert!(took >= 10 * SECOND && took < 10 * SECOND + STEP, "{took:?}");
}

/// Handles orders, one a second, until it is asked to exit; then what is queued.
async fn drain<R: Runtime>(
    context: Context<R>,
    addresses: Ledger<Address<Order>>,
    handled: Ledger<u32>,
) -> ExitReason {
    let (address, mut mailbox) = context.mailbox(3, FullPolicy::Wait);
    addresses.write(address);
    let mut reason = ExitReason::Normal;
    loop {
        match context.next(&mut mailbox).await {
            Next::Message(Order::Work(number)) => {
                context.runtime().sleep(SECOND).await;
                handled.write(number);
            }
            Next::Message(Order::Ask(reply)) => reply.answer(7),
            Next::Signal(Signal::Exit { reason: asked, .. }) => {
                reason = asked;
                mailbox.close();
            }
            Next::Signal(Signal::Down { .. } | Signal::ChildExited { .. }) => {}
            Next::Closed => return reason,
        }
    }
}

async fn c52_a_graceful_stop_handles_what_is_queued_and_refuses_the_rest<R: Runtime>(
    bench: Bench<R>,
) {
    let (addresses, handled) = (Ledger::default(), Ledger::default());
    let (handed, told) = (addresses.clone(), handled.clone());
    let body = move |context| drain(context, handed.clone(), told.clone());
    let child = ChildSpec::worker("a", body)
        .trap_exit(true)
        .shutdown(ShutdownPolicy::Timeout(10 * SECOND));
    let top = bench
        .supervise(SupervisorSpec::new(Strategy::OneForOne).child(child))
        .await;
    bench.quiet().await;
    let address: Address<Order> = addresses.take_one();
    let limit = 5 * SECOND;
    let answer = address
        .call(bench.node().runtime(), limit, Order::Ask)
        .await;
    assert!(matches!(answer, Ok(7)), "{answer:?}");

    // One is being handled, three are queued, and one waits for room.
    for number in 1..=4 {
        address.send(Order::Work(number)).await.expect("it is open");
    }
    let (waiting, refused) = (address.clone(), Ledger::default());
    let told = refused.clone();
    let sender = bench.start(ProcessSpec::new("sender"), |_| async move {
        told.write(waiting.send(Order::Work(5)).await);
    });
    bench.pass(SECOND / 2).await;
    let mark = bench.mark();
    same(&bench, &refused.len(), &0);
    bench.node().exit(child_of(&bench), &ExitReason::SHUTDOWN);

    // The request is seen when the work at hand is done.
    bench.exit_of(sender).await;
    let sent = refused.take_one();
    assert!(matches!(sent, Err(DeliveryError::Closed(Order::Work(5)))));
    let late = address.try_send(Order::Work(6));
    assert!(matches!(late, Err(DeliveryError::Closed(Order::Work(6)))));
    let late = address
        .call(bench.node().runtime(), limit, Order::Ask)
        .await;
    assert!(matches!(late, Err(CallError::Closed(Order::Ask(_)))));
    assert!(address.is_closed());
    same(&bench, &handled.take(), &vec![1]);
    bench
        .told(top.id(), mark, &["exit a: shutdown", "start a"])
        .await;
    same(&bench, &handled.take(), &vec![2, 3, 4]);
}

/// The process of the only child that runs.
fn child_of<R: Runtime>(bench: &Bench<R>) -> ProcessId {
    let living = bench.living();
    let child = living.into_iter().find(|process| {
        let path = bench.node().path(*process);
        path.is_some_and(|path| &*path == "top/a")
    });
    child.expect("it runs")
}

/// A child that handles the numbers of a durable mailbox; 13 kills it, and 100
/// takes it for ever.
fn handler<R: Runtime>(
    orders: DurableMailbox<u32>,
    handled: &Ledger<(ProcessId, u32)>,
) -> ChildSpec<R> {
    let (orders, handled) = (Arc::new(orders), handled.clone());
    ChildSpec::worker("a", move |context: Context<R>| {
        let (orders, handled) = (orders.clone(), handled.clone());
        async move {
            let mut mailbox = orders.lend(&context)?;
            while let Some(order) = mailbox.receive().await {
                match order {
                    13 => panic!("poison"),
                    100 => std::future::pending().await,
                    order => handled.write((context.id(), order)),
                }
            }
            Ok::<_, ExitReason>(())
        }
    })
}

async fn c56_messages_survive_the_crash_of_their_receiver_except_the_poisonous_one<R: Runtime>(
    bench: Bench<R>,
) {
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ] {
        let handled = Ledger::default();
        let orders = DurableMailbox::new(16, FullPolicy::Reject);
        let address = orders.address();
        let spec = SupervisorSpec::new(strategy)
            .intensity(100, LONG)
            .child(handler(orders, &handled))
            .child(bench.worker("b"));
        let top = bench.supervise(spec).await;
        bench.quiet().await;
        let first = child_of(&bench);
        for order in [1, 2, 13, 4, 13, 6] {
            address.try_send(order).expect("there is room");
        }
        bench.quiet().await;
        address.try_send(7).expect("there is room");
        bench.quiet().await;
        let lines = handled.take();
        let orders: Vec<_> = lines.iter().map(|(_, order)| *order).collect();
        same(&bench, &orders, &vec![1, 2, 4, 6, 7]);
        // Three incarnations: each poisonous message ended one.
        let (second, third) = (lines[2].0, lines[3].0);
        let by: Vec<_> = lines.iter().map(|(process, _)| *process).collect();
        same(&bench, &by, &vec![first, first, second, third, third]);
        assert!(first < second && second < third);
        top.stop(LONG).await.expect("it stops");
    }
}

async fn c56_messages_survive_a_kill_and_arrive_while_nobody_receives<R: Runtime>(bench: Bench<R>) {
    let handled = Ledger::default();
    let orders = DurableMailbox::new(16, FullPolicy::Reject);
    let address = orders.address();
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(100, LONG)
        .backoff(LONG_BACKOFF)
        .child(handler(orders, &handled));
    let top = bench.supervise(spec).await;
    bench.quiet().await;
    let first = child_of(&bench);
    address.try_send(100).expect("there is room");
    address.try_send(1).expect("there is room");
    bench.quiet().await;
    let mark = bench.mark();
    bench.node().kill(first);
    bench.told(top.id(), mark, &["exit a: killed"]).await;
    address.try_send(2).expect("nobody need be there");
    bench.pass(LONG).await;
    bench
        .told(top.id(), mark, &["exit a: killed", "start a"])
        .await;
    let second = child_of(&bench);
    same(&bench, &handled.take(), &vec![(second, 1), (second, 2)]);
}

/// A durable mailbox whose undelivered messages are written down.
fn durable(undelivered: &Ledger<Vec<u32>>) -> DurableMailbox<u32> {
    let told = undelivered.clone();
    DurableMailbox::new(16, FullPolicy::Reject).on_undelivered(move |left| told.write(left))
}

async fn c57_undelivered_messages_are_given_up_once_with_the_supervisor<R: Runtime>(
    bench: Bench<R>,
) {
    let (handled, undelivered) = (Ledger::default(), Ledger::default());
    let orders = durable(&undelivered);
    let address = orders.address();
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(1, LONG)
        .child(handler(orders, &handled));
    let top = bench.supervise(spec).await;
    address.try_send(13).expect("there is room");
    address.try_send(1).expect("there is room");
    bench.quiet().await;
    // A mere restart gives up nothing.
    same(&bench, &handled.take().len(), &1);
    same(&bench, &undelivered.len(), &0);

    for order in [13, 2, 3] {
        address.try_send(order).expect("there is room");
    }
    let reason = bench.exit_of(top.id()).await;
    same(&bench, &reason, &ExitReason::SHUTDOWN);
    same(&bench, &undelivered.take(), &vec![vec![2, 3]]);
    same(&bench, &handled.take(), &Vec::new());
    let late = address.try_send(4);
    assert!(matches!(late, Err(DeliveryError::Closed(4))), "{late:?}");
    drop(address);
    bench.quiet().await;
    same(&bench, &undelivered.len(), &0);
}

async fn c57_messages_of_a_child_given_up_alone_wait_until_its_spec_is_deleted<R: Runtime>(
    bench: Bench<R>,
) {
    let (handled, undelivered) = (Ledger::default(), Ledger::default());
    let orders = durable(&undelivered);
    let address = orders.address();
    let limit = RestartLimit {
        intensity: 0,
        period: LONG,
    };
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(100, LONG)
        .child(handler(orders, &handled).limit(limit));
    let top = bench.supervise(spec).await;
    for order in [13, 1, 13, 2] {
        address.try_send(order).expect("there is room");
    }
    bench.quiet().await;
    // It could still be started again, so nothing is given up.
    same(&bench, &handled.take(), &Vec::new());
    same(&bench, &undelivered.len(), &0);
    let again = top.restart_child("a").await.expect("it starts").process;
    bench.quiet().await;
    same(&bench, &handled.take(), &vec![(again, 1)]);
    same(&bench, &undelivered.len(), &0);

    same(&bench, &top.delete_child("a").await, &Ok(()));
    bench.quiet().await;
    same(&bench, &undelivered.take(), &vec![vec![2]]);
}

async fn c57_messages_of_a_temporary_child_are_given_up_with_it<R: Runtime>(bench: Bench<R>) {
    let (handled, undelivered) = (Ledger::default(), Ledger::default());
    let orders = durable(&undelivered);
    let address = orders.address();
    let child = handler(orders, &handled).restart(Restart::Temporary);
    let spec = SupervisorSpec::new(Strategy::OneForOne).child(child);
    let top = bench.supervise(spec).await;
    for order in [1, 13, 2] {
        address.try_send(order).expect("there is room");
    }
    bench
        .told(
            top.id(),
            Mark::default(),
            &["start a", "exit a: panic: poison"],
        )
        .await;
    same(&bench, &handled.take().len(), &1);
    same(&bench, &undelivered.take(), &vec![vec![2]]);
}
