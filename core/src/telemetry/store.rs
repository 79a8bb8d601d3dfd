//! Facts about the log of a replicated store.

use super::emit::{Source, emit, facts};
use crate::event::{LogPosition, StoreEvent};

pub(super) fn store(source: Source, event: &StoreEvent) {
    use StoreEvent as S;
    facts! { source, event;
        S::Opened { store, term, snapshot, entries } => info "store.opened"
            (%store, term, snapshot = snapshot.map(|last| last.index), entries = entries.len());
        S::Voted { store, term, candidate } => debug "store.voted" (%store, term, %candidate);
        S::Led { store, term } => info "store.led" (%store, term);
        S::Stored { store, entries } => trace "store.stored"
            (%store, entries = entries.len(), index = entries.last().map(|entry| entry.at.index));
        S::Truncated { store, since } => warn "store.truncated" (%store, since);
        S::Installed { store, last: LogPosition { term, leader, index } } => info "store.installed"
            (%store, term, %leader, index);
        S::Applied { store, since, last: LogPosition { term, leader, index } } => trace "store.applied"
            (%store, since, term, %leader, index);
    }
}
