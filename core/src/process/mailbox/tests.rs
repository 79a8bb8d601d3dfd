//! Claims about the queue, its policies and its ends.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::{Address, DeliveryError, DurableMailbox, FullPolicy, Mailbox, mailbox};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn drain(mailbox: &mut Mailbox<u32>) -> Vec<u32> {
    std::iter::from_fn(|| mailbox.try_receive()).collect()
}

fn full(policy: FullPolicy) -> (Address<u32>, Mailbox<u32>) {
    let (address, mailbox) = mailbox(2, policy);
    address.try_send(1).unwrap();
    address.try_send(2).unwrap();
    (address, mailbox)
}

#[test]
fn messages_arrive_in_the_order_in_which_they_were_sent() {
    let (address, mut mailbox) = full(FullPolicy::Reject);
    assert_eq!(mailbox.len(), 2);
    assert_eq!(drain(&mut mailbox), [1, 2]);
    drop(address);
}

#[test]
fn reject_gives_the_message_back() {
    let (address, mut mailbox) = full(FullPolicy::Reject);
    assert_eq!(address.try_send(3), Err(DeliveryError::Full(3)));
    let send = pin!(address.send(4));
    assert_eq!(poll(send), Poll::Ready(Err(DeliveryError::Full(4))));
    assert_eq!(drain(&mut mailbox), [1, 2]);
    assert_eq!(mailbox.discarded(), 0);
}

#[test]
fn drop_oldest_makes_room_and_counts() {
    let (address, mut mailbox) = full(FullPolicy::DropOldest);
    assert_eq!(address.try_send(3), Ok(()));
    assert_eq!(mailbox.discarded(), 1);
    assert_eq!(drain(&mut mailbox), [2, 3]);
}

#[test]
fn drop_newest_keeps_the_queue_and_counts() {
    let (address, mut mailbox) = full(FullPolicy::DropNewest);
    assert_eq!(address.try_send(3), Ok(()));
    assert_eq!(mailbox.discarded(), 1);
    assert_eq!(drain(&mut mailbox), [1, 2]);
}

#[test]
fn wait_serves_senders_in_the_order_in_which_they_began() {
    let (address, mut mailbox) = full(FullPolicy::Wait);
    assert_eq!(address.try_send(9), Err(DeliveryError::Full(9)));
    let mut first = pin!(address.send(3));
    let mut second = pin!(address.send(4));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());

    assert_eq!(mailbox.try_receive(), Some(1));
    // The place went to the first that waits, not to whoever asks now.
    assert_eq!(address.try_send(9), Err(DeliveryError::Full(9)));
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(poll(first), Poll::Ready(Ok(())));
    assert_eq!(mailbox.try_receive(), Some(2));
    assert_eq!(poll(second), Poll::Ready(Ok(())));
    assert_eq!(drain(&mut mailbox), [3, 4]);
}

#[test]
fn a_dropped_send_withdraws_its_message_and_holds_up_nobody() {
    let (address, mut mailbox) = full(FullPolicy::Wait);
    {
        let mut given_up = Box::pin(address.send(3));
        let mut patient = pin!(address.send(4));
        assert!(poll(given_up.as_mut()).is_pending());
        assert!(poll(patient.as_mut()).is_pending());
        drop(given_up);
        assert_eq!(mailbox.try_receive(), Some(1));
        assert_eq!(poll(patient), Poll::Ready(Ok(())));
    }
    assert_eq!(drain(&mut mailbox), [2, 4]);
}

#[test]
fn c52_a_closed_mailbox_is_drained_and_refuses_later_sends() {
    let (address, mut mailbox) = full(FullPolicy::Wait);
    let mut waiting = pin!(address.send(3));
    assert!(poll(waiting.as_mut()).is_pending());
    mailbox.close();
    assert_eq!(address.try_send(4), Err(DeliveryError::Closed(4)));
    assert_eq!(poll(waiting), Poll::Ready(Err(DeliveryError::Closed(3))));
    assert_eq!(poll(pin!(mailbox.receive())), Poll::Ready(Some(1)));
    assert_eq!(poll(pin!(mailbox.receive())), Poll::Ready(Some(2)));
    assert_eq!(poll(pin!(mailbox.receive())), Poll::Ready(None));
    assert!(address.is_closed());
}

#[test]
fn dropping_the_mailbox_refuses_later_sends_and_frees_what_is_queued() {
    let (address, mailbox) = mailbox(2, FullPolicy::Reject);
    let token = Arc::new(());
    address.try_send(token.clone()).unwrap();
    drop(mailbox);
    assert_eq!(Arc::strong_count(&token), 1);
    assert!(matches!(
        address.try_send(token),
        Err(DeliveryError::Closed(_))
    ));
}

#[test]
fn the_receiver_learns_that_the_last_address_is_gone() {
    let (address, mut mailbox) = mailbox::<u32>(2, FullPolicy::Reject);
    let other = address.clone();
    other.try_send(1).unwrap();
    drop((address, other));
    assert_eq!(poll(pin!(mailbox.receive())), Poll::Ready(Some(1)));
    assert_eq!(poll(pin!(mailbox.receive())), Poll::Ready(None));
}

#[test]
fn a_receiver_that_never_runs_dry_still_lets_others_run() {
    let (address, mut mailbox) = mailbox(1, FullPolicy::Reject);
    let yielded = (0..1_000).any(|number| {
        address.try_send(number).unwrap();
        let pending = poll(pin!(mailbox.receive())).is_pending();
        mailbox.try_receive();
        pending
    });
    assert!(yielded);
}

#[test]
fn a_message_may_hold_an_address_of_its_own_mailbox() {
    struct Looped(#[expect(dead_code, reason = "held for its destructor")] Address<Self>);
    let (address, mailbox) = mailbox(1, FullPolicy::DropOldest);
    address.try_send(Looped(address.clone())).unwrap();
    address.try_send(Looped(address.clone())).unwrap();
    drop(mailbox);
    assert!(address.is_closed());
}

#[test]
fn a_durable_mailbox_that_was_never_lent_hands_over_what_is_left_once() {
    let left = Arc::new(Mutex::new(Vec::new()));
    let seen = left.clone();
    let durable = DurableMailbox::new(4, FullPolicy::Reject)
        .on_undelivered(move |messages| seen.lock().unwrap().push(messages));
    let address = durable.address();
    address.try_send(1).unwrap();
    address.try_send(2).unwrap();
    drop(durable);
    assert_eq!(address.try_send(3), Err(DeliveryError::Closed(3)));
    assert_eq!(*left.lock().unwrap(), [[1, 2]]);
}

#[test]
fn a_durable_mailbox_with_nothing_left_does_not_call_its_hook() {
    let calls = Arc::new(Mutex::new(0));
    let seen = calls.clone();
    let durable = DurableMailbox::<u32>::new(4, FullPolicy::Reject)
        .on_undelivered(move |_| *seen.lock().unwrap() += 1);
    drop(durable);
    assert_eq!(*calls.lock().unwrap(), 0);
}
