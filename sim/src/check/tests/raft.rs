//! Claims about the checkers of Raft's invariants.

use std::collections::BTreeSet;

use steadfast::event::{Event, LogEntry, LogPosition, StoreEvent};
use steadfast::runtime::{Incarnation, NodeId};

use super::history::History;
use crate::check::{Checker, RaftLogs, RaftTerms};
use crate::trace::{NodeEvent, TraceEvent};

const fn at(term: u64, index: u64) -> LogPosition {
    LogPosition {
        term,
        leader: NodeId(1),
        index,
    }
}

fn entry(term: u64, index: u64) -> LogEntry {
    LogEntry {
        at: at(term, index),
        content: term * 1_000 + index,
        voters: None,
    }
}

/// An entry that lets these nodes decide.
fn change(term: u64, index: u64, sets: &[&[u32]]) -> LogEntry {
    let set = |nodes: &[u32]| nodes.iter().copied().map(NodeId).collect::<BTreeSet<_>>();
    LogEntry {
        voters: Some(sets.iter().map(|nodes| set(nodes)).collect()),
        ..entry(term, index)
    }
}

impl History {
    fn store(self, event: StoreEvent) -> Self {
        self.core(Event::Store(event))
    }

    fn log_opened(self, term: u64, snapshot: Option<LogPosition>, entries: &[LogEntry]) -> Self {
        self.store(StoreEvent::Opened {
            store: "s".into(),
            term,
            snapshot,
            entries: entries.to_vec(),
        })
    }

    fn stored(self, entries: &[LogEntry]) -> Self {
        self.store(StoreEvent::Stored {
            store: "s".into(),
            entries: entries.to_vec(),
        })
    }

    fn truncated(self, since: u64) -> Self {
        let store = "s".into();
        self.store(StoreEvent::Truncated { store, since })
    }

    fn installed(self, last: LogPosition) -> Self {
        let store = "s".into();
        self.store(StoreEvent::Installed { store, last })
    }

    fn applied(self, since: u64, last: LogPosition) -> Self {
        let store = "s".into();
        self.store(StoreEvent::Applied { store, since, last })
    }

    fn voted(self, term: u64, candidate: u32) -> Self {
        self.store(StoreEvent::Voted {
            store: "s".into(),
            term,
            candidate: NodeId(candidate),
        })
    }

    fn led(self, term: u64) -> Self {
        let store = "s".into();
        self.store(StoreEvent::Led { store, term })
    }

    fn passes(self, mut checker: impl Checker) {
        assert_eq!(self.broken(&mut checker), [""; 0]);
    }

    fn violates(self, mut checker: impl Checker, invariant: &str) {
        let broken = self.broken(&mut checker);
        assert_eq!(broken.first().map(String::as_str), Some(invariant));
    }

    fn wiped(self, node: u32) -> Self {
        let incarnation = Incarnation(1);
        let crashed = NodeEvent::Crashed {
            incarnation,
            wiped: true,
        };
        self.push(Some(NodeId(node)), TraceEvent::Node(crashed))
    }
}

/// Three nodes, of which the first two have entries 0 to 2.
fn group() -> History {
    let entries = [change(1, 0, &[&[1, 2, 3]]), entry(1, 1), entry(1, 2)];
    let history = History::new()
        .on(1, 1)
        .log_opened(0, None, &[])
        .stored(&entries);
    let history = history.on(2, 1).log_opened(0, None, &[]).stored(&entries);
    history.on(3, 1).log_opened(0, None, &[])
}

#[test]
fn a_log_that_a_majority_has_is_committed_by_all() {
    let history = group().on(1, 1).applied(0, at(1, 2));
    let history = history
        .on(3, 1)
        .stored(&[change(1, 0, &[&[1, 2, 3]]), entry(1, 1)]);
    let history = history
        .applied(0, at(1, 1))
        .stored(&[entry(1, 2)])
        .applied(2, at(1, 2));
    history.passes(RaftLogs::new());
}

#[test]
fn an_entry_that_one_of_three_has_is_not_committed() {
    let history = group().on(1, 1).stored(&[entry(1, 3)]);
    history.clone().applied(0, at(1, 2)).passes(RaftLogs::new());
    history
        .applied(0, at(1, 3))
        .violates(RaftLogs::new(), "committed_by_a_quorum");
}

#[test]
fn while_voters_change_both_majorities_are_needed() {
    let joint = change(1, 3, &[&[1, 2, 3], &[3, 4, 5]]);
    let history = group().on(1, 1).stored(std::slice::from_ref(&joint));
    let history = history
        .on(2, 1)
        .stored(std::slice::from_ref(&joint))
        .on(1, 1);
    history
        .clone()
        .applied(0, at(1, 3))
        .violates(RaftLogs::new(), "committed_by_a_quorum");
    let mut all = history;
    for node in [3, 4] {
        let entries = [
            change(1, 0, &[&[1, 2, 3]]),
            entry(1, 1),
            entry(1, 2),
            joint.clone(),
        ];
        all = all.on(node, 1).stored(&entries);
    }
    all.on(1, 1).applied(0, at(1, 3)).passes(RaftLogs::new());
}

#[test]
fn what_a_leader_counts_by_may_be_a_later_change() {
    // The first of the new majority applies what the old one does not have.
    let new = change(1, 4, &[&[4]]);
    let history = group().on(4, 1).stored(&[
        change(1, 0, &[&[1, 2, 3]]),
        entry(1, 1),
        entry(1, 2),
        entry(1, 3),
        new,
    ]);
    history.applied(0, at(1, 4)).passes(RaftLogs::new());
}

#[test]
fn at_one_position_all_logs_say_the_same() {
    let mut other = entry(1, 3);
    other.content = 0;
    let history = group()
        .on(1, 1)
        .stored(&[entry(1, 3)])
        .on(2, 1)
        .stored(&[other]);
    history.violates(RaftLogs::new(), "logs_match");
    // The same entry, after another one.
    let history = group().on(1, 1).stored(&[entry(2, 3), entry(3, 4)]);
    let history = history.on(2, 1).stored(&[entry(1, 3), entry(3, 4)]);
    history.violates(RaftLogs::new(), "logs_match");
}

#[test]
fn what_was_committed_is_not_replaced() {
    let history = group().on(1, 1).applied(0, at(1, 2));
    let cut = history.clone().on(2, 1).truncated(2);
    cut.violates(RaftLogs::new(), "committed_stays");
    let snapshot = history.clone().on(3, 1).installed(at(2, 1));
    snapshot.violates(RaftLogs::new(), "committed_stays");
    let other = [change(1, 0, &[&[1, 2, 3]]), entry(1, 1), entry(2, 2)];
    let replaced = history.on(3, 1).stored(&other).applied(0, at(2, 2));
    replaced.violates(RaftLogs::new(), "committed_stays");
    // What was not committed may be.
    let history = group().on(1, 1).applied(0, at(1, 1)).on(2, 1).truncated(2);
    history.stored(&[entry(2, 2)]).passes(RaftLogs::new());
}

#[test]
fn entries_are_applied_one_after_the_other() {
    for (since, last) in [(1, 2), (0, 3)] {
        let history = group().on(1, 1).applied(since, at(1, last));
        history.violates(RaftLogs::new(), "applied_in_order");
    }
    let history = group().on(1, 1).applied(0, at(1, 1));
    history
        .clone()
        .applied(1, at(1, 2))
        .violates(RaftLogs::new(), "applied_in_order");
    history.applied(2, at(1, 2)).passes(RaftLogs::new());
}

#[test]
fn a_snapshot_stands_for_the_entries_that_it_includes() {
    let history = group()
        .on(1, 1)
        .applied(0, at(1, 2))
        .on(3, 1)
        .installed(at(1, 2));
    let history = history
        .stored(&[entry(1, 3)])
        .on(1, 1)
        .stored(&[entry(1, 3)]);
    let history = history.on(3, 1).applied(3, at(1, 3));
    history.clone().passes(RaftLogs::new());
    let restarted = history
        .on(3, 2)
        .log_opened(1, Some(at(1, 2)), &[entry(1, 3)]);
    restarted.applied(3, at(1, 3)).passes(RaftLogs::new());
}

#[test]
fn a_node_that_starts_again_has_what_it_had() {
    let entries = [change(1, 0, &[&[1, 2, 3]]), entry(1, 1), entry(1, 2)];
    let more = [&entries[..], &[entry(1, 3)]].concat();
    // A write that was under way may have come through.
    group()
        .on(2, 2)
        .log_opened(1, None, &more)
        .passes(RaftLogs::new());
    let lost = group().on(2, 2).log_opened(1, None, &entries[..2]);
    lost.violates(RaftLogs::new(), "synced_survives");
    let wiped = group().wiped(2).on(2, 2).log_opened(0, None, &[]);
    wiped.passes(RaftLogs::new());
}

/// A group whose first node is a candidate in term 3.
fn candidacy() -> History {
    group().on(1, 1).voted(3, 1)
}

#[test]
fn whoever_leads_has_the_votes_of_a_majority() {
    let history = candidacy().on(3, 1).voted(3, 1).on(1, 1).led(3);
    history.passes(RaftTerms::new());
    let alone = candidacy().led(3);
    alone.violates(RaftTerms::new(), "elected_by_a_quorum");
    let other = candidacy().on(3, 1).voted(3, 2).on(1, 1).led(3);
    other.violates(RaftTerms::new(), "elected_by_a_quorum");
    // While voters change, of both majorities.
    let joint = change(1, 3, &[&[1, 2, 3], &[3, 4, 5]]);
    let history = candidacy().stored(&[joint]).on(2, 1).voted(3, 1);
    let history = history.on(4, 1).voted(3, 1);
    let early = history.clone().on(1, 1).led(3);
    early.violates(RaftTerms::new(), "elected_by_a_quorum");
    let both = history.on(5, 1).voted(3, 1).on(1, 1).led(3);
    both.passes(RaftTerms::new());
}

#[test]
fn a_vote_is_not_taken_back() {
    let history = History::new().on(1, 1).log_opened(0, None, &[]).voted(3, 2);
    let later = history.clone().voted(3, 2).voted(3, 3).voted(4, 1);
    later.passes(RaftTerms::new());
    let earlier = history.clone().voted(3, 1);
    earlier.violates(RaftTerms::new(), "votes_grow");
    history.voted(2, 3).violates(RaftTerms::new(), "votes_grow");
}

#[test]
fn a_vote_is_not_forgotten() {
    let history = History::new().on(1, 1).log_opened(0, None, &[]).voted(3, 2);
    let again = history.clone().on(1, 2).log_opened(3, None, &[]);
    again.voted(3, 2).passes(RaftTerms::new());
    let forgotten = history.clone().on(1, 2).log_opened(2, None, &[]);
    forgotten.violates(RaftTerms::new(), "votes_survive");
    let wiped = history.wiped(1).on(1, 2).log_opened(0, None, &[]);
    wiped.passes(RaftTerms::new());
}
