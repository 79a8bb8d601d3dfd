//! Claims about the machine that need a story.

use std::time::Duration;

use super::{
    Applied, Command, LeaseChange, Machine, Proposal, Refusal, Response, SessionId, Stamp,
};
use crate::store::entry::Revision;
use crate::store::error::ReadError;
use crate::store::lease::LeaseId;
use crate::store::limits::Limits;
use crate::store::range::KeyRange;
use crate::store::read::Read;
use crate::store::transaction::{Operation, Transaction};

fn machine() -> Machine {
    Machine::new(Limits::default())
}

fn put(key: &str, value: &str) -> Command {
    Command::Transact(Transaction::of([Operation::put(key, value)]))
}

fn delete(key: &str) -> Command {
    Command::Transact(Transaction::of([Operation::delete(key)]))
}

fn value(machine: &Machine, key: &str) -> Option<String> {
    let reading = machine.read(&Read::new(KeyRange::key(key))).unwrap();
    let entry = reading.into_first()?;
    Some(String::from_utf8(entry.value.to_vec()).unwrap())
}

fn session(machine: &mut Machine) -> SessionId {
    match machine.apply(Command::OpenSession.into()).answer {
        Ok(Response::Opened(session)) => session,
        other => panic!("{other:?}"),
    }
}

fn stamped(session: SessionId, serial: u64, answered: u64, command: Command) -> Proposal {
    let stamp = Some(Stamp {
        session,
        serial,
        answered,
    });
    Proposal { stamp, command }
}

#[test]
fn a_command_that_is_proposed_again_happens_once_and_is_answered_alike() {
    let mut machine = machine();
    let session = session(&mut machine);
    let first = stamped(session, 1, 0, put("a", "1"));
    let answer = machine.apply(first.clone()).answer;
    machine.apply(put("a", "2").into());
    let again = machine.apply(first);
    assert_eq!(again.answer, answer);
    assert_eq!(again.before, machine.revision(), "it happened again");
    assert_eq!(value(&machine, "a").as_deref(), Some("2"));
}

#[test]
fn a_refusal_is_remembered_like_any_answer() {
    let mut machine = machine();
    let session = session(&mut machine);
    let revoke = stamped(session, 1, 0, Command::Revoke(LeaseId(5)));
    let refused = Err(Refusal::LeaseNotFound(LeaseId(5)));
    assert_eq!(machine.apply(revoke.clone()).answer, refused);
    let (lease, ttl) = (Some(LeaseId(5)), Duration::from_secs(9));
    machine.apply(Command::Grant { lease, ttl }.into());
    assert_eq!(machine.apply(revoke).answer, refused);
    assert!(machine.lease_ttl(LeaseId(5)).is_some());
}

#[test]
fn commands_of_one_session_may_arrive_out_of_order() {
    let mut machine = machine();
    let session = session(&mut machine);
    for serial in [3, 1, 2] {
        let proposal = stamped(session, serial, 0, put("a", &serial.to_string()));
        assert!(machine.apply(proposal).answer.is_ok());
    }
    assert_eq!(value(&machine, "a").as_deref(), Some("2"));
}

#[test]
fn what_was_forgotten_is_never_done_again() {
    let mut machine = machine();
    let session = session(&mut machine);
    machine.apply(stamped(session, 1, 0, put("a", "1")));
    machine.apply(stamped(session, 2, 1, put("a", "2")));
    let late = machine.apply(stamped(session, 1, 0, put("a", "1")));
    assert_eq!(late.answer, Err(Refusal::SessionForgotten));
    let unknown = machine.apply(stamped(SessionId(99), 1, 0, put("a", "3")));
    assert_eq!(unknown.answer, Err(Refusal::SessionForgotten));
    assert_eq!(value(&machine, "a").as_deref(), Some("2"));
}

#[test]
fn remembered_answers_and_sessions_are_bounded() {
    let limits = Limits {
        sessions_max: 2,
        session_answers_max: 3,
        ..Limits::default()
    };
    let mut machine = Machine::new(limits);
    let first = session(&mut machine);
    for serial in 1..=5 {
        machine.apply(stamped(first, serial, 0, put("a", "x")));
    }
    let forgotten = machine.apply(stamped(first, 2, 0, put("a", "x")));
    assert_eq!(forgotten.answer, Err(Refusal::SessionForgotten));
    let kept = machine.apply(stamped(first, 3, 0, put("a", "x")));
    assert!(kept.answer.is_ok());
    let second = session(&mut machine);
    // Used again, so that the second is the older one.
    machine.apply(stamped(first, 6, 0, put("a", "x")));
    session(&mut machine);
    let evicted = machine.apply(stamped(second, 1, 0, put("a", "x")));
    assert_eq!(evicted.answer, Err(Refusal::SessionForgotten));
    assert!(
        machine
            .apply(stamped(first, 7, 0, put("a", "x")))
            .answer
            .is_ok()
    );
}

#[test]
fn a_refused_transaction_changes_nothing() {
    let mut machine = machine();
    machine.apply(put("a", "1").into());
    let before = machine.clone();
    let lease = LeaseId(7);
    let operations = [
        Operation::put("a", "2"),
        Operation::Delete(KeyRange::prefix("b")),
        Operation::put_leased("c", "3", lease),
    ];
    let refused = machine.apply(Command::Transact(Transaction::of(operations)).into());
    assert_eq!(refused.answer, Err(Refusal::LeaseNotFound(lease)));
    assert_eq!(machine, before);
}

#[test]
fn a_full_store_refuses_puts_and_takes_deletes() {
    let mut machine = Machine::new(Limits::default().bytes_max(10));
    assert!(machine.apply(put("a", "123456").into()).answer.is_ok());
    let refused = machine.apply(put("b", "1234").into()).answer;
    let full = Refusal::Full {
        bytes: 12,
        bytes_max: 10,
    };
    assert_eq!(refused, Err(full));
    assert!(
        machine.apply(put("a", "12").into()).answer.is_ok(),
        "it shrinks"
    );
    assert!(machine.apply(put("b", "1234").into()).answer.is_ok());
    assert!(machine.apply(delete("a").into()).answer.is_ok());
    assert!(machine.apply(put("c", "12").into()).answer.is_ok());
}

#[test]
fn the_size_of_what_is_replaced_is_bounded_too() {
    let limits = Limits {
        history_bytes_max: 100,
        ..Limits::default()
    };
    let mut machine = Machine::new(limits);
    for _ in 0..50 {
        machine.apply(put("key", "a value of 20 bytes.").into());
    }
    assert!(
        machine.compacted() >= Revision(45),
        "{}",
        machine.compacted()
    );
    assert!(machine.compacted() < machine.revision());
}

#[test]
fn a_deletion_leaves_nothing_behind_once_it_is_compacted() {
    let mut machine = machine();
    for key in ["a", "b", "c"] {
        machine.apply(put(key, "x").into());
        machine.apply(delete(key).into());
    }
    machine.apply(put("d", "x").into());
    let revision = machine.revision();
    machine.apply(Command::Compact(revision).into());
    let mut fresh = Machine::new(Limits::default());
    fresh.apply(put("d", "x").into());
    // Revisions differ by at most a few bytes; histories of three keys would not.
    let (compacted, fresh) = (machine.snapshot().len(), fresh.snapshot().len());
    assert!(compacted <= fresh + 8, "{compacted} and {fresh} bytes");
}

#[test]
fn e27_all_keys_of_a_lease_go_in_one_revision() {
    let mut machine = machine();
    let lease = LeaseId(3);
    let ttl = Duration::from_secs(1);
    machine.apply(
        Command::Grant {
            lease: Some(lease),
            ttl,
        }
        .into(),
    );
    for key in ["a", "b", "c"] {
        let operation = Operation::put_leased(key, "x", lease);
        machine.apply(Command::Transact(Transaction::of([operation])).into());
    }
    let Applied { before, leases, .. } = machine.apply(Command::Expire(vec![lease]).into());
    assert_eq!(machine.revision(), before.next());
    assert_eq!(leases, [LeaseChange::Ended(lease)]);
    let changes = machine
        .next_changes(&KeyRange::all(), before.next())
        .unwrap();
    let keys: Vec<_> = changes
        .changes
        .iter()
        .map(|change| change.key().to_vec())
        .collect();
    assert_eq!(keys, [b"a", b"b", b"c"]);
}

#[test]
fn several_leases_that_expire_at_once_have_a_revision_each() {
    let mut machine = machine();
    let ttl = Duration::from_secs(1);
    for lease in [1, 2].map(LeaseId) {
        machine.apply(
            Command::Grant {
                lease: Some(lease),
                ttl,
            }
            .into(),
        );
        let operation = Operation::put_leased(format!("k{}", lease.0), "x", lease);
        machine.apply(Command::Transact(Transaction::of([operation])).into());
    }
    let gone = vec![LeaseId(1), LeaseId(9), LeaseId(2)];
    let applied = machine.apply(Command::Expire(gone).into());
    assert_eq!(applied.answer, Ok(Response::Expired(2)));
    assert_eq!(machine.revision(), applied.before.next().next());
}

#[test]
fn a_lease_that_ended_never_takes_a_key_along_that_left_it() {
    let mut machine = machine();
    let ttl = Duration::from_secs(1);
    for lease in [1, 2].map(LeaseId) {
        machine.apply(
            Command::Grant {
                lease: Some(lease),
                ttl,
            }
            .into(),
        );
    }
    for operation in [
        Operation::put_leased("moved", "x", LeaseId(1)),
        Operation::put_leased("moved", "x", LeaseId(2)),
        Operation::put_leased("freed", "x", LeaseId(1)),
        Operation::put("freed", "x"),
    ] {
        machine.apply(Command::Transact(Transaction::of([operation])).into());
    }
    machine.apply(Command::Revoke(LeaseId(1)).into());
    assert!(value(&machine, "moved").is_some());
    assert!(value(&machine, "freed").is_some());
    machine.apply(Command::Revoke(LeaseId(2)).into());
    assert_eq!(value(&machine, "moved"), None);
}

#[test]
fn reads_before_a_compaction_are_refused_and_at_it_answered() {
    let mut machine = machine();
    for number in 0..5 {
        machine.apply(put("a", &number.to_string()).into());
    }
    machine.apply(Command::Compact(Revision(4)).into());
    let read = |revision| machine.read(&Read::new(KeyRange::key("a")).at(Revision(revision)));
    let refused = ReadError::Compacted {
        requested: Revision(3),
        compacted: Revision(4),
    };
    assert_eq!(read(3), Err(refused));
    let found = read(4).unwrap().into_first().unwrap();
    assert_eq!((&*found.value, found.version), (&b"2"[..], 3));
}
