//! Who is granted what, and whom the others wait for.

use proptest::prelude::*;

use super::*;
use crate::coordination::LockKind;
use crate::store::Revision;

fn key(number: usize) -> Key {
    format!("line/{number:04}").into()
}

fn entry(number: usize, kind: LockKind) -> Entry {
    let revision = Revision(10 + number as u64);
    Entry {
        key: key(number),
        value: encode(kind.share(), b"payload"),
        create_revision: revision,
        mod_revision: revision,
        version: 1,
        lease: Some(LeaseId(number as u64 + 1)),
    }
}

fn line(kinds: &[LockKind]) -> Line {
    let entries = kinds.iter().enumerate();
    let mut entries: Vec<_> = entries.map(|(number, kind)| entry(number, *kind)).collect();
    // The order of a reading is not the order of the line.
    entries.reverse();
    Line::of(&Reading {
        revision: Revision(99),
        count: entries.len(),
        entries,
        more: false,
    })
}

fn standings(kinds: &[LockKind]) -> Vec<Standing> {
    let line = line(kinds);
    let keys = (0..kinds.len()).map(key);
    keys.map(|key| line.standing(&key)).collect()
}

fn behind(number: usize) -> Standing {
    Standing::Behind(Awaited::Place(key(number)))
}

const fn permits(permits: u64) -> LockKind {
    let capacity = 3;
    LockKind::Semaphore { permits, capacity }
}

#[test]
fn the_first_has_a_mutex_and_each_other_waits_for_the_one_before_it() {
    let found = standings(&[LockKind::Mutex; 3]);
    assert_eq!(found, [Standing::Granted, behind(0), behind(1)]);
}

#[test]
fn e16_readers_share_and_wait_for_the_writer_before_them() {
    use LockKind::{Read, Write};
    let found = standings(&[Read, Read, Write, Read, Read]);
    let expected = [
        Standing::Granted,
        Standing::Granted,
        behind(1),
        behind(2),
        behind(2),
    ];
    assert_eq!(found, expected);
}

#[test]
fn g14_permits_are_given_in_order_even_if_a_later_request_would_fit() {
    let found = standings(&[permits(2), permits(2), permits(1)]);
    let any = Standing::Behind(Awaited::Any);
    assert_eq!(found, [Standing::Granted, any.clone(), any]);
    let found = standings(&[permits(2), permits(1), permits(3)]);
    assert_eq!(found, [Standing::Granted, Standing::Granted, behind(1)]);
}

#[test]
fn a_place_that_is_not_there_is_missing() {
    assert_eq!(line(&[]).standing(&key(0)), Standing::Missing);
    assert_eq!(
        line(&[LockKind::Mutex]).standing(&key(1)),
        Standing::Missing
    );
}

#[test]
fn what_cannot_be_read_takes_everything() {
    let mut foreign = entry(0, LockKind::Read);
    for value in ["", "\u{1}", "\u{2}abc"] {
        foreign.value = value.into();
        let place = Place::of(&foreign);
        assert!(place.share.is_all(), "{value:?}");
        assert_eq!(place.share.units, u64::MAX);
    }
}

#[test]
fn a_place_is_read_as_it_was_written() {
    let place = Place::of(&entry(4, permits(2)));
    assert_eq!(place.share, permits(2).share());
    assert_eq!(place.payload, b"payload");
    assert_eq!(place.token, FencingToken(Revision(14)));
    assert_eq!(place.session, Some(LeaseId(5)));
}

proptest! {
    #[test]
    fn holders_never_have_more_than_there_is_and_never_lose_a_grant(
        kinds in proptest::collection::vec(1..=3_u64, 1..12),
        reader in proptest::collection::vec(any::<bool>(), 12),
        semaphore in any::<bool>(),
        gone in any::<prop::sample::Index>(),
    ) {
        let kinds: Vec<_> = kinds.iter().zip(&reader).map(|(units, reader)| {
            match (semaphore, reader) {
                (true, _) => permits(*units),
                (false, true) => LockKind::Read,
                (false, false) => LockKind::Write,
            }
        }).collect();
        let found = standings(&kinds);
        let held = kinds.iter().zip(&found);
        let held = held.filter(|(_, standing)| **standing == Standing::Granted);
        let units = held.map(|(kind, _)| u128::from(kind.share().units)).sum::<u128>();
        prop_assert!(units <= u128::from(kinds[0].share().capacity));
        prop_assert_eq!(&found[0], &Standing::Granted);

        // One goes: whoever was granted stays granted, and whoever waits for another
        // one still waits for it.
        let gone = gone.index(kinds.len());
        let mut left = line(&kinds);
        left.places.remove(gone);
        for (number, before) in found.iter().enumerate().filter(|(number, _)| *number != gone) {
            let after = left.standing(&key(number));
            match before {
                Standing::Granted => prop_assert_eq!(after, Standing::Granted),
                Standing::Behind(Awaited::Place(awaited)) if *awaited != key(gone) => {
                    let waits = matches!(after, Standing::Behind(_));
                    prop_assert!(waits, "{} no longer waits for {}", number, awaited);
                }
                Standing::Behind(_) | Standing::Missing => {}
            }
        }
    }

    #[test]
    fn readings_of_any_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let mut foreign = entry(0, LockKind::Mutex);
        foreign.value = bytes.into();
        drop(Place::of(&foreign));
    }
}
