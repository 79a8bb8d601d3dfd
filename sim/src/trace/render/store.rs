//! The words for the log of a replicated store.

use steadfast::event::{LogEntry, LogPosition, StoreEvent};

/// One event as `log NAME ...`.
pub(super) fn event(event: &StoreEvent) -> String {
    match event {
        StoreEvent::Opened {
            store,
            term,
            snapshot,
            entries,
        } => {
            let snapshot = snapshot.map_or_else(String::new, |last| {
                format!(", a snapshot up to {}", place(last))
            });
            format!(
                "log {store} opened: term {term}{snapshot}, {}",
                list(entries)
            )
        }
        StoreEvent::Voted {
            store,
            term,
            candidate,
        } => format!("log {store} votes for {candidate} in term {term}"),
        StoreEvent::Led { store, term } => format!("log {store} led in term {term}"),
        StoreEvent::Stored { store, entries } => format!("log {store} stored {}", list(entries)),
        StoreEvent::Truncated { store, since } => format!("log {store} cut off from {since} on"),
        StoreEvent::Installed { store, last } => {
            format!("log {store} installed a snapshot up to {}", place(*last))
        }
        StoreEvent::Applied { store, since, last } if *since == last.index => {
            format!("log {store} applied {}", place(*last))
        }
        StoreEvent::Applied { store, since, last } => {
            format!("log {store} applied {since} to {}", place(*last))
        }
    }
}

/// `7 of term 2 of n1`
fn place(position: LogPosition) -> String {
    let LogPosition {
        term,
        leader,
        index,
    } = position;
    format!("{index} of term {term} of {leader}")
}

/// `5 to 7 of term 2 of n1`, with the voters that they set.
fn list(entries: &[LogEntry]) -> String {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return "no entries".to_owned();
    };
    let mut text = match first.at.index {
        index if index == last.at.index => place(last.at),
        index => format!("{index} to {}", place(last.at)),
    };
    for voters in entries.iter().filter_map(|entry| entry.voters.as_ref()) {
        let sets = voters.iter().map(|set| {
            let names: Vec<String> = set.iter().map(ToString::to_string).collect();
            names.join(" ")
        });
        let sets: Vec<String> = sets.collect();
        text.push_str(", voters ");
        text.push_str(&sets.join(" and "));
    }
    text
}
