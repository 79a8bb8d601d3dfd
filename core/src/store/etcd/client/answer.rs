//! Answers of `etcd-client` in our words.

use std::time::Duration;

use etcd_client::{
    Event, EventType, GetResponse, KeyValue, LeaseTimeToLiveResponse, ResponseHeader,
    TxnOpResponse, TxnResponse,
};

use super::refusal::stray;
use crate::store::entry::{Entry, Revision};
use crate::store::etcd::wire::WireError;
use crate::store::lease::{LeaseId, LeaseInfo};
use crate::store::read::Reading;
use crate::store::transaction::{Done, Transacted};
use crate::store::watch::{Change, Changes};

/// A number that is never negative.
fn unsigned(number: i64) -> u64 {
    number.unsigned_abs()
}

pub(super) fn revision(header: Option<&ResponseHeader>) -> Result<Revision, WireError> {
    let header = header.ok_or_else(|| stray("an answer without a header"))?;
    Ok(Revision(unsigned(header.revision())))
}

pub(super) fn lease(number: i64) -> LeaseId {
    LeaseId(unsigned(number))
}

pub(super) fn seconds(number: i64) -> Duration {
    Duration::from_secs(number.max(0).unsigned_abs())
}

fn entry(found: &KeyValue) -> Entry {
    let attached = lease(found.lease());
    Entry {
        key: found.key().into(),
        value: found.value().into(),
        create_revision: Revision(unsigned(found.create_revision())),
        mod_revision: Revision(unsigned(found.mod_revision())),
        version: unsigned(found.version()),
        lease: attached.is_valid().then_some(attached),
    }
}

pub(super) fn reading(found: &GetResponse, revision: Revision) -> Reading {
    Reading {
        revision,
        entries: found.kvs().iter().map(entry).collect(),
        count: unsigned(found.count()) as usize,
        more: found.more(),
    }
}

pub(super) fn transacted(answer: &TxnResponse) -> Result<Transacted, WireError> {
    let revision = revision(answer.header())?;
    let done = answer.op_responses().into_iter().map(|done| match done {
        TxnOpResponse::Put(put) => Ok(Done::Put {
            previous: put.prev_key().map(entry),
        }),
        TxnOpResponse::Get(found) => Ok(Done::Read(reading(&found, revision))),
        TxnOpResponse::Delete(deleted) => Ok(Done::Deleted {
            count: unsigned(deleted.deleted()) as usize,
        }),
        TxnOpResponse::Txn(_) => Err(stray("a transaction within a transaction")),
    });
    Ok(Transacted {
        succeeded: answer.succeeded(),
        revision,
        done: done.collect::<Result<_, _>>()?,
    })
}

/// What is known of a lease; `None` if it is over.
pub(super) fn info(answer: &LeaseTimeToLiveResponse) -> Option<LeaseInfo> {
    (answer.ttl() >= 0).then(|| LeaseInfo {
        lease: lease(answer.id()),
        ttl: seconds(answer.granted_ttl()),
        remaining: seconds(answer.ttl()),
        keys: answer.keys().iter().map(|key| key[..].into()).collect(),
    })
}

/// What a watch told, revision by revision.
pub(super) fn changes(events: &[Event]) -> Result<Vec<Changes>, WireError> {
    let mut told: Vec<Changes> = Vec::new();
    for event in events {
        let found = event.kv().ok_or_else(|| stray("an event without a key"))?;
        let revision = Revision(unsigned(found.mod_revision()));
        let previous = event.prev_kv().map(entry);
        let change = match event.event_type() {
            EventType::Put => Change::Put {
                entry: entry(found),
                previous,
            },
            EventType::Delete => Change::Deleted {
                key: found.key().into(),
                previous,
            },
        };
        match told.last_mut() {
            Some(last) if last.revision == revision => last.changes.push(change),
            _ => told.push(Changes {
                revision,
                changes: vec![change],
            }),
        }
    }
    Ok(told)
}
