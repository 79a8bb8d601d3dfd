//! Our requests in the words of `etcd-client`.

use etcd_client::{
    Compare as EtcdCompare, CompareOp, DeleteOptions, GetOptions, PutOptions, SortOrder,
    SortTarget, Txn, TxnOp, WatchOptions,
};

use crate::store::entry::Revision;
use crate::store::lease::LeaseId;
use crate::store::range::KeyRange;
use crate::store::read::{Consistency, Order, Read};
use crate::store::transaction::{Compare, Operand, Operation, Relation, Transaction};

/// What stands for the lowest key, and as an end for no end.
const LOWEST: &[u8] = b"\0";

pub(super) const fn number(revision: Revision) -> i64 {
    revision.0 as i64
}

pub(super) const fn lease_number(lease: LeaseId) -> i64 {
    lease.0 as i64
}

/// The first key of a range, and its end if it is not one key.
pub(super) fn bounds(range: &KeyRange) -> (Vec<u8>, Option<Vec<u8>>) {
    let start = range.start().as_bytes();
    let start = if start.is_empty() { LOWEST } else { start }.to_vec();
    if range.single().is_some() {
        return (start, None);
    }
    let end = match range.end() {
        // Behind no key: an end has meanings of its own if it is not behind the start.
        _ if range.bounds().is_none() => start.clone(),
        Some(end) => end.to_vec(),
        None => LOWEST.to_vec(),
    };
    (start, Some(end))
}

pub(super) fn get(read: &Read) -> (Vec<u8>, GetOptions) {
    let (key, end) = bounds(&read.range);
    let limit = read.limit.map_or(0, |limit| limit as i64);
    let mut options = GetOptions::new().with_limit(limit);
    if let Some(end) = end {
        options = options.with_range(end);
    }
    if let Some(revision) = read.revision {
        options = options.with_revision(number(revision));
    }
    if let Some(revision) = read.create_revision_max {
        options = options.with_max_create_revision(number(revision));
    }
    let target = match read.order {
        Order::Key => SortTarget::Key,
        Order::CreateRevision => SortTarget::Create,
        Order::ModRevision => SortTarget::Mod,
    };
    let order = if read.descending {
        SortOrder::Descend
    } else {
        SortOrder::Ascend
    };
    options = options.with_sort(target, order);
    if read.consistency == Consistency::Local {
        options = options.with_serializable();
    }
    (key, options)
}

pub(super) fn txn(transaction: &Transaction) -> Txn {
    let compares: Vec<_> = transaction.compares.iter().map(compare).collect();
    let success: Vec<_> = transaction.success.iter().map(operation).collect();
    let failure: Vec<_> = transaction.failure.iter().map(operation).collect();
    Txn::new().when(compares).and_then(success).or_else(failure)
}

fn compare(compare: &Compare) -> EtcdCompare {
    let (key, end) = bounds(&compare.range);
    let relation = match compare.relation {
        Relation::Equal => CompareOp::Equal,
        Relation::NotEqual => CompareOp::NotEqual,
        Relation::Less => CompareOp::Less,
        Relation::Greater => CompareOp::Greater,
    };
    let compared = match &compare.operand {
        Operand::Value(value) => EtcdCompare::value(key, relation, value.to_vec()),
        Operand::Version(version) => EtcdCompare::version(key, relation, *version as i64),
        Operand::CreateRevision(revision) => {
            EtcdCompare::create_revision(key, relation, number(*revision))
        }
        Operand::ModRevision(revision) => {
            EtcdCompare::mod_revision(key, relation, number(*revision))
        }
        Operand::Lease(lease) => EtcdCompare::lease(key, relation, lease.map_or(0, lease_number)),
    };
    match end {
        Some(end) => compared.with_range(end),
        None => compared,
    }
}

fn operation(operation: &Operation) -> TxnOp {
    match operation {
        Operation::Put { key, value, lease } => {
            let lease = lease.map_or(0, lease_number);
            let options = PutOptions::new().with_lease(lease).with_prev_key();
            TxnOp::put(key.to_vec(), value.to_vec(), Some(options))
        }
        Operation::Delete(range) => {
            let (key, end) = bounds(range);
            let options = end.map(|end| DeleteOptions::new().with_range(end));
            TxnOp::delete(key, options)
        }
        Operation::Read(read) => {
            let (key, options) = get(read);
            TxnOp::get(key, Some(options))
        }
    }
}

pub(super) fn watch(range: &KeyRange, from: Revision) -> (Vec<u8>, WatchOptions) {
    let (key, end) = bounds(range);
    let mut options = WatchOptions::new()
        .with_start_revision(number(from))
        .with_prev_key()
        .with_progress_notify();
    if let Some(end) = end {
        options = options.with_range(end);
    }
    (key, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(start: &[u8], end: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
        (start.to_vec(), Some(end.to_vec()))
    }

    #[test]
    fn ranges_are_said_in_the_words_of_etcd() {
        assert_eq!(bounds(&KeyRange::key("a")), (b"a".to_vec(), None));
        assert_eq!(bounds(&KeyRange::between("a", "b")), pair(b"a", b"b"));
        assert_eq!(bounds(&KeyRange::prefix("a/")), pair(b"a/", b"a0"));
        assert_eq!(bounds(&KeyRange::since("a")), pair(b"a", b"\0"));
        assert_eq!(bounds(&KeyRange::all()), pair(b"\0", b"\0"));
        assert_eq!(bounds(&KeyRange::between("", "b")), pair(b"\0", b"b"));
    }

    #[test]
    fn a_range_without_keys_stays_one() {
        // Both ends mean something else to etcd: no end, and one key.
        for end in ["\0", "", "a", "b"] {
            assert_eq!(
                bounds(&KeyRange::between("b", end)),
                pair(b"b", b"b"),
                "{end:?}"
            );
        }
    }
}
