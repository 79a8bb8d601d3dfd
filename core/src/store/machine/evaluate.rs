//! Comparisons and reads over the keys.

use std::cmp::{Ordering, Reverse};

use super::key_space::KeySpace;
use crate::store::entry::{Entry, Revision};
use crate::store::error::ReadError;
use crate::store::limits::Limits;
use crate::store::read::{Order, Read, Reading};
use crate::store::transaction::{Compare, Operand, Relation};

/// Whether the comparison holds at a revision.
pub(super) fn holds(keys: &KeySpace, compare: &Compare, revision: Revision) -> bool {
    let mut entries = keys.entries_at(&compare.range, revision).peekable();
    if entries.peek().is_none() {
        return holds_for(compare, None);
    }
    entries.all(|entry| holds_for(compare, Some(&entry)))
}

fn holds_for(compare: &Compare, entry: Option<&Entry>) -> bool {
    let found = match &compare.operand {
        // A missing value is neither equal to any nor unequal.
        Operand::Value(value) => match entry {
            Some(entry) => entry.value.cmp(value),
            None => return false,
        },
        Operand::Version(version) => entry.map_or(0, |entry| entry.version).cmp(version),
        Operand::CreateRevision(revision) => entry
            .map_or(Revision::NONE, |entry| entry.create_revision)
            .cmp(revision),
        Operand::ModRevision(revision) => entry
            .map_or(Revision::NONE, |entry| entry.mod_revision)
            .cmp(revision),
        Operand::Lease(lease) => entry.and_then(|entry| entry.lease).cmp(lease),
    };
    match compare.relation {
        Relation::Equal => found == Ordering::Equal,
        Relation::NotEqual => found != Ordering::Equal,
        Relation::Less => found == Ordering::Less,
        Relation::Greater => found == Ordering::Greater,
    }
}

/// Reads at the revision asked for, or now.
pub(super) fn read(keys: &KeySpace, read: &Read, limits: &Limits) -> Result<Reading, ReadError> {
    let current = keys.revision();
    let requested = read.revision.unwrap_or(current);
    if requested > current {
        return Err(ReadError::Future { requested, current });
    }
    let compacted = keys.compacted();
    if requested < compacted {
        return Err(ReadError::Compacted {
            requested,
            compacted,
        });
    }
    Ok(read_at(keys, read, requested, limits))
}

/// Reads at a revision, which may be in the making.
pub(super) fn read_at(keys: &KeySpace, read: &Read, at: Revision, limits: &Limits) -> Reading {
    let mut count = 0;
    let counted = keys.entries_at(&read.range, at).inspect(|_| count += 1);
    let wanted = read.create_revision_max;
    let mut entries: Vec<Entry> = counted
        .filter(|entry| wanted.is_none_or(|max| entry.create_revision <= max))
        .collect();
    match read.order {
        Order::Key => {}
        Order::CreateRevision => entries.sort_by_key(|entry| entry.create_revision),
        Order::ModRevision => entries.sort_by_key(|entry| entry.mod_revision),
    }
    if read.descending {
        // Stable either way: entries of one revision stay in the order of their keys.
        match read.order {
            Order::Key => entries.reverse(),
            Order::CreateRevision => entries.sort_by_key(|entry| Reverse(entry.create_revision)),
            Order::ModRevision => entries.sort_by_key(|entry| Reverse(entry.mod_revision)),
        }
    }
    let limit = read.limit.unwrap_or(usize::MAX).min(limits.read_len_max);
    let more = entries.len() > limit;
    entries.truncate(limit);
    Reading {
        revision: keys.revision(),
        entries,
        count,
        more,
    }
}
