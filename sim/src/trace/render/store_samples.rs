//! One event of every kind about the log of a replicated store, for tests.

use std::collections::BTreeSet;

use steadfast::event::{Event, LogEntry, LogPosition, StoreEvent};
use steadfast::runtime::NodeId;

use crate::trace::TraceEvent;

const fn at(index: u64) -> LogPosition {
    LogPosition {
        term: 2,
        leader: NodeId(1),
        index,
    }
}

fn entry(index: u64, voters: Option<&[&[u32]]>) -> LogEntry {
    let set = |set: &[u32]| set.iter().copied().map(NodeId).collect::<BTreeSet<_>>();
    LogEntry {
        at: at(index),
        content: 7,
        voters: voters.map(|sets| sets.iter().map(|nodes| set(nodes)).collect()),
    }
}

pub(super) fn store_events() -> Vec<TraceEvent> {
    let store = || "store".into();
    let stored = |entries| StoreEvent::Stored {
        store: store(),
        entries,
    };
    let opened = |snapshot, entries| StoreEvent::Opened {
        store: store(),
        term: 2,
        snapshot,
        entries,
    };
    let applied = |since| StoreEvent::Applied {
        store: store(),
        since,
        last: at(7),
    };
    let all = [
        opened(None, Vec::new()),
        opened(Some(at(4)), vec![entry(5, None), entry(6, None)]),
        StoreEvent::Voted {
            store: store(),
            term: 3,
            candidate: NodeId(2),
        },
        StoreEvent::Led {
            store: store(),
            term: 3,
        },
        stored(vec![entry(7, Some(&[&[1, 2, 3], &[2, 3, 4]]))]),
        stored(vec![
            entry(7, None),
            entry(8, Some(&[&[1]])),
            entry(9, None),
        ]),
        StoreEvent::Truncated {
            store: store(),
            since: 7,
        },
        StoreEvent::Installed {
            store: store(),
            last: at(9),
        },
        applied(7),
        applied(5),
    ];
    let all = all
        .into_iter()
        .map(|event| TraceEvent::Core(Event::Store(event)));
    all.collect()
}
