//! What is announced of a node's part of the log.

use std::sync::Arc;

use openraft::EntryPayload;
use xxhash_rust::xxh3::xxh3_64;

use super::consensus::{Entry, LogId, Vote};
use crate::event::{Event, LogEntry, LogPosition, StoreEvent};
use crate::label::Label;
use crate::process::Node;
use crate::runtime::{NodeId, Runtime};

/// Announces facts about one store.
#[derive(Clone)]
pub(super) struct Facts {
    store: Label,
    announce: Arc<dyn Fn(&Event) + Send + Sync>,
}

impl Facts {
    pub(super) fn of<R: Runtime>(node: &Node<R>, store: Label) -> Self {
        let node = node.clone();
        Self {
            store,
            announce: Arc::new(move |event| node.announce(event)),
        }
    }

    fn announce(&self, event: StoreEvent) {
        (self.announce)(&Event::Store(event));
    }

    pub(super) fn opened(
        &self,
        vote: Option<Vote>,
        snapshot: Option<LogId>,
        entries: Vec<LogEntry>,
    ) {
        self.announce(StoreEvent::Opened {
            store: self.store.clone(),
            term: vote.map_or(0, |vote| vote.leader_id().term),
            snapshot: snapshot.map(position),
            entries,
        });
    }

    pub(super) fn voted(&self, vote: &Vote) {
        // A vote that is committed is no vote: the node follows whom others elected.
        let candidate = vote.leader_id().voted_for();
        let Some(candidate) = candidate.filter(|_| !vote.is_committed()) else {
            return;
        };
        self.announce(StoreEvent::Voted {
            store: self.store.clone(),
            term: vote.leader_id().term,
            candidate: NodeId(candidate),
        });
    }

    pub(super) fn led(&self, term: u64) {
        let store = self.store.clone();
        self.announce(StoreEvent::Led { store, term });
    }

    pub(super) fn stored(&self, entries: Vec<LogEntry>) {
        let store = self.store.clone();
        self.announce(StoreEvent::Stored { store, entries });
    }

    pub(super) fn truncated(&self, since: u64) {
        let store = self.store.clone();
        self.announce(StoreEvent::Truncated { store, since });
    }

    pub(super) fn installed(&self, last: LogId) {
        self.announce(StoreEvent::Installed {
            store: self.store.clone(),
            last: position(last),
        });
    }

    pub(super) fn applied(&self, since: LogId, last: LogId) {
        self.announce(StoreEvent::Applied {
            store: self.store.clone(),
            since: since.index,
            last: position(last),
        });
    }
}

fn position(log_id: LogId) -> LogPosition {
    LogPosition {
        term: log_id.leader_id.term,
        leader: NodeId(log_id.leader_id.node_id),
        index: log_id.index,
    }
}

/// An entry as facts tell it.
pub(super) fn told(entry: &Entry) -> LogEntry {
    let bytes = postcard::to_allocvec(&entry.payload).expect("every entry has an encoding");
    let voters = match &entry.payload {
        EntryPayload::Membership(members) => {
            let sets = members.get_joint_config().iter();
            let sets = sets.map(|set| set.iter().copied().map(NodeId).collect());
            Some(sets.collect())
        }
        EntryPayload::Blank | EntryPayload::Normal(_) => None,
    };
    LogEntry {
        at: position(entry.log_id),
        content: xxh3_64(&bytes),
        voters,
    }
}
