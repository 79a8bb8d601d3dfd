//! The machine does what the naive model does, whatever it is asked.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::model::Model;
use super::{Command, Machine};
use crate::store::check;
use crate::store::entry::Revision;
use crate::store::lease::LeaseId;
use crate::store::limits::Limits;
use crate::store::range::KeyRange;
use crate::store::read::Read;
use crate::store::transaction::{Compare, Operand, Operation, Relation, Transaction};
use crate::store::watch::{Change, Changes};

fn key() -> impl Strategy<Value = String> {
    "[ab]{1,2}"
}

fn range() -> impl Strategy<Value = KeyRange> {
    prop_oneof![
        4 => key().prop_map(KeyRange::key),
        2 => "[ab]{0,2}".prop_map(KeyRange::prefix),
        1 => (key(), key()).prop_map(|(start, end)| KeyRange::between(start, end)),
        1 => key().prop_map(KeyRange::since),
    ]
}

fn lease() -> impl Strategy<Value = LeaseId> {
    (1..4_u64).prop_map(LeaseId)
}

fn revision() -> impl Strategy<Value = Revision> {
    (0..24_u64).prop_map(Revision)
}

fn compare() -> impl Strategy<Value = Compare> {
    let relation = prop_oneof![
        Just(Relation::Equal),
        Just(Relation::NotEqual),
        Just(Relation::Less),
        Just(Relation::Greater)
    ];
    let operand = prop_oneof![
        "[xy]".prop_map(|value| Operand::Value(value.into())),
        (0..4_u64).prop_map(Operand::Version),
        revision().prop_map(Operand::CreateRevision),
        revision().prop_map(Operand::ModRevision),
        option::of(lease()).prop_map(Operand::Lease),
    ];
    (range(), relation, operand)
        .prop_map(|(range, relation, operand)| Compare::new(range, relation, operand))
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => (key(), "[xy]", option::weighted(0.4, lease())).prop_map(|(key, value, lease)| {
            Operation::Put { key: key.into(), value: value.into(), lease }
        }),
        2 => range().prop_map(Operation::Delete),
        1 => range().prop_map(|range| Operation::Read(Read::new(range))),
    ]
}

fn transaction() -> impl Strategy<Value = Transaction> {
    let parts = (
        vec(compare(), 0..3),
        vec(operation(), 0..4),
        vec(operation(), 0..3),
    );
    parts
        .prop_map(|(compares, success, failure)| {
            Transaction::when(compares).then(success).otherwise(failure)
        })
        .prop_filter("rules of requests", |transaction| {
            check::transaction(&Limits::default(), transaction).is_ok()
        })
}

fn command() -> impl Strategy<Value = Command> {
    let ttl = Duration::from_secs(1);
    prop_oneof![
        8 => transaction().prop_map(Command::Transact),
        3 => option::of(lease()).prop_map(move |lease| Command::Grant { lease, ttl }),
        1 => lease().prop_map(Command::Revoke),
        1 => vec(lease(), 0..4).prop_map(Command::Expire),
        1 => revision().prop_map(Command::Compact),
    ]
}

/// Without what was there before, which compaction may take away.
fn bare(mut changes: Changes) -> Changes {
    for change in &mut changes.changes {
        match change {
            Change::Put { previous, .. } | Change::Deleted { previous, .. } => *previous = None,
        }
    }
    changes
}

fn replay(machine: &Machine, range: &KeyRange, mut from: Revision) -> Vec<Changes> {
    let mut all = Vec::new();
    while let Some(changes) = machine.next_changes(range, from) {
        from = changes.revision.next();
        all.push(bare(changes));
    }
    all
}

fn agree(machine: &Machine, model: &Model, range: &KeyRange) -> Result<(), TestCaseError> {
    prop_assert_eq!(machine.revision(), model.revision());
    prop_assert_eq!(machine.compacted(), model.compacted());
    let leases: Vec<_> = machine.leases().map(|(lease, _)| lease).collect();
    prop_assert_eq!(&leases, &model.leases());
    for lease in leases {
        let keys: Vec<_> = machine.lease_keys(lease).cloned().collect();
        prop_assert_eq!(keys, model.lease_keys(lease));
    }
    let oldest = model.compacted().max(Revision::FIRST);
    for revision in oldest.0..=model.revision().0 {
        let revision = Revision(revision);
        let reading = machine.read(&Read::new(range.clone()).at(revision));
        let entries = reading.map(|reading| reading.entries);
        prop_assert_eq!(
            entries,
            Ok(model.entries_at(range, revision)),
            "at {}",
            revision
        );
        prop_assert_eq!(
            replay(machine, range, revision),
            model.changes(range, revision),
            "from {}",
            revision
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_is_asked_the_machine_answers_as_the_model(
        commands in vec(command(), 1..24),
        seen in range(),
    ) {
        let mut machine = Machine::new(Limits::default());
        let mut model = Model::new();
        for command in commands {
            let answer = machine.apply(command.clone().into()).answer;
            prop_assert_eq!(answer, model.apply(command.clone()), "{:?}", command);
            agree(&machine, &model, &seen)?;
            agree(&machine, &model, &KeyRange::all())?;
        }
    }

    #[test]
    fn a_snapshot_brings_back_the_same_machine(
        before in vec(command(), 0..16),
        after in vec(command(), 1..8),
    ) {
        let mut machine = Machine::new(Limits::default());
        for command in before {
            machine.apply(command.into());
        }
        let bytes = machine.snapshot();
        let mut restored = Machine::from_snapshot(&bytes).unwrap();
        prop_assert_eq!(&restored, &machine);
        for command in after {
            let proposal: super::Proposal = command.into();
            prop_assert_eq!(restored.apply(proposal.clone()), machine.apply(proposal));
        }
        prop_assert_eq!(restored.snapshot(), machine.snapshot());
    }

    #[test]
    fn a_bounded_history_forgets_from_its_old_end_and_shows_the_rest_unchanged(
        commands in vec(command(), 1..32),
        history_len_max in 1..6_usize,
    ) {
        let limits = Limits::default().history_len_max(history_len_max);
        let (mut bounded, mut full) = (Machine::new(limits), Machine::new(Limits::default()));
        let all = KeyRange::all();
        for command in commands {
            if matches!(command, Command::Compact(_)) {
                continue;
            }
            let answer = bounded.apply(command.clone().into()).answer;
            prop_assert_eq!(answer, full.apply(command.into()).answer);
            let from = bounded.compacted().max(Revision::FIRST);
            prop_assert_eq!(replay(&bounded, &all, from), replay(&full, &all, from));
            for revision in from.0..=full.revision().0 {
                let read = Read::new(KeyRange::all()).at(Revision(revision));
                prop_assert_eq!(bounded.read(&read), full.read(&read));
            }
            let changes: usize = replay(&bounded, &all, from).iter().map(|c| c.changes.len()).sum();
            let newest = replay(&bounded, &all, bounded.revision());
            let newest: usize = newest.iter().map(|c| c.changes.len()).sum();
            prop_assert!(changes <= history_len_max.max(newest), "{} changes are kept", changes);
        }
    }

    #[test]
    fn altered_bytes_are_no_snapshot(
        commands in vec(command(), 0..8),
        place: prop::sample::Index,
        flip in 1..=255_u8,
        cut: prop::sample::Index,
    ) {
        let mut machine = Machine::new(Limits::default());
        for command in commands {
            machine.apply(command.into());
        }
        let bytes = machine.snapshot();
        let mut altered = bytes.clone();
        altered[place.index(bytes.len())] ^= flip;
        prop_assert!(Machine::from_snapshot(&altered).is_err());
        prop_assert!(Machine::from_snapshot(&bytes[..cut.index(bytes.len())]).is_err());
    }
}
