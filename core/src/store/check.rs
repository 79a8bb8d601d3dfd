//! Rules that a request must keep whatever the state of the store.

use std::time::Duration;

use super::bytes::Key;
use super::error::Invalid;
use super::lease::LeaseId;
use super::limits::Limits;
use super::range::KeyRange;
use super::transaction::{Operand, Operation, Transaction};

/// Checks a key of a request.
fn key(limits: &Limits, key: &Key) -> Result<(), Invalid> {
    let len_max = limits.key_len_max;
    match key.len() {
        0 => Err(Invalid::EmptyKey),
        len if len > len_max => Err(Invalid::KeyTooLong { len, len_max }),
        _ => Ok(()),
    }
}

/// Checks a range of a request. One key must be a good key, the bounds of others only
/// short enough: an empty start means the first key there could be.
pub(super) fn range(limits: &Limits, range: &KeyRange) -> Result<(), Invalid> {
    if let Some(single) = range.single() {
        return key(limits, single);
    }
    let len_max = limits.key_len_max;
    let bounds = [Some(range.start()), range.end()];
    let longest = bounds.into_iter().flatten().map(|bound| bound.len()).max();
    match longest {
        Some(len) if len > len_max => Err(Invalid::KeyTooLong { len, len_max }),
        Some(_) | None => Ok(()),
    }
}

/// Checks a transaction.
pub(super) fn transaction(limits: &Limits, transaction: &Transaction) -> Result<(), Invalid> {
    let Transaction {
        compares,
        success,
        failure,
    } = transaction;
    let len = compares.len().max(success.len()).max(failure.len());
    let len_max = limits.transaction_len_max;
    if len > len_max {
        return Err(Invalid::TransactionTooLong { len, len_max });
    }
    let mut bytes = 0;
    for compare in compares {
        range(limits, &compare.range)?;
        bytes += range_len(&compare.range);
        if let Operand::Value(value) = &compare.operand {
            bytes += value.len();
        }
    }
    for operations in [success, failure] {
        for step in operations {
            bytes += operation(limits, step)?;
        }
        changes_apart(operations)?;
    }
    let bytes_max = limits.transaction_bytes_max;
    if bytes > bytes_max {
        return Err(Invalid::TransactionTooLarge { bytes, bytes_max });
    }
    Ok(())
}

/// Checks a grant.
pub(super) fn grant(limits: &Limits, lease: Option<LeaseId>, ttl: Duration) -> Result<(), Invalid> {
    if let Some(lease) = lease.filter(|lease| !lease.is_valid()) {
        return Err(Invalid::LeaseId { lease });
    }
    let ttl_max = limits.lease_ttl_max;
    if ttl.is_zero() || ttl > ttl_max {
        return Err(Invalid::Ttl { ttl, ttl_max });
    }
    Ok(())
}

/// Checks one step; answers its size in bytes.
fn operation(limits: &Limits, operation: &Operation) -> Result<usize, Invalid> {
    match operation {
        Operation::Put {
            key: put, value, ..
        } => {
            key(limits, put)?;
            let (len, len_max) = (value.len(), limits.value_len_max);
            if len > len_max {
                let key = put.clone();
                return Err(Invalid::ValueTooLong { key, len, len_max });
            }
            Ok(put.len() + len)
        }
        Operation::Delete(deleted) => {
            range(limits, deleted)?;
            Ok(range_len(deleted))
        }
        Operation::Read(read) => {
            range(limits, &read.range)?;
            match read.revision {
                Some(revision) => Err(Invalid::PastInTransaction { revision }),
                None => Ok(range_len(&read.range)),
            }
        }
    }
}

fn range_len(range: &KeyRange) -> usize {
    range.start().len() + range.end().map_or(0, |end| end.len())
}

/// No key is put twice, or put and deleted. Deletes may overlap: the second finds
/// nothing.
fn changes_apart(operations: &[Operation]) -> Result<(), Invalid> {
    let mut puts = std::collections::BTreeSet::new();
    for operation in operations {
        if let Operation::Put { key, .. } = operation
            && !puts.insert(key)
        {
            return Err(Invalid::ChangedTwice { key: key.clone() });
        }
    }
    for operation in operations {
        if let Operation::Delete(range) = operation
            && let Some(bounds) = range.bounds()
            && let Some(key) = puts.range::<Key, _>(bounds).next()
        {
            let key = Key::clone(key);
            return Err(Invalid::ChangedTwice { key });
        }
    }
    Ok(())
}
