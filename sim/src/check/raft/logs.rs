//! The logs of all nodes agree, and what was committed stays.

use std::collections::{BTreeMap, BTreeSet};

use steadfast::Label;
use steadfast::event::{LogEntry, LogPosition, StoreEvent};
use steadfast::runtime::NodeId;

use super::super::checker::{Checker, Findings};
use super::disk::Disk;
use super::step::Step;
use crate::trace::Record;

/// The sets of voters, of each of which a majority is needed.
type Voters = Vec<BTreeSet<NodeId>>;

/// The term and the leader of an entry.
type Author = (u64, NodeId);

/// One store, over all nodes.
#[derive(Debug, Default)]
struct Log {
    disks: BTreeMap<NodeId, Disk>,
    /// What is written at a position, and whose entry is before it.
    written: BTreeMap<LogPosition, (u64, Option<Author>)>,
    /// What some node has taken to be committed, without gaps.
    committed: BTreeMap<u64, LogEntry>,
    /// Who decides, by the last committed entry that says so.
    voters: Voters,
}

/// Checks what nodes store, and when they take it to be committed.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `logs_match` | two logs have at one position entries that differ, or that follow different ones |
/// | `committed_by_a_quorum` | a node takes an entry to be committed that no majority has on disk |
/// | `committed_stays` | an entry is applied where another one was committed, or a committed entry is cut off |
/// | `applied_in_order` | a node applies an entry twice, leaves one out, or applies one that it does not have |
/// | `synced_survives` | a node that starts again misses an entry that it had on disk |
///
/// Bounded by the entries of the run.
#[derive(Debug, Default)]
pub struct RaftLogs {
    logs: BTreeMap<Label, Log>,
}

impl RaftLogs {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            logs: BTreeMap::new(),
        }
    }
}

impl Log {
    fn wrote(&mut self, node: NodeId, entries: &[LogEntry], findings: &mut Findings) {
        let disk = self.disks.entry(node).or_default();
        for entry in entries {
            let before = entry.at.index.checked_sub(1);
            let before = before.and_then(|index| disk.entry(index));
            let before = before.map(|entry| (entry.at.term, entry.at.leader));
            let first = (entry.content, before);
            let (content, follows) = *self.written.entry(entry.at).or_insert(first);
            let differs = before.zip(follows).is_some_and(|(one, other)| one != other);
            if content != entry.content || differs {
                let detail = format!(
                    "{node} has at {} what differs from another log",
                    at(entry.at)
                );
                findings.violated("logs_match", detail);
            }
            disk.store(entry);
        }
    }

    fn truncated(&mut self, node: NodeId, since: u64, findings: &mut Findings) {
        let disk = self.disks.entry(node).or_default();
        let committed = disk
            .since(since)
            .find(|entry| self.committed.get(&entry.at.index) == Some(entry));
        if let Some(entry) = committed {
            let detail = format!("{node} cuts off {}, which was committed", at(entry.at));
            findings.violated("committed_stays", detail);
        }
        disk.truncate(since);
    }

    fn installed(&mut self, node: NodeId, last: LogPosition, findings: &mut Findings) {
        let committed = self.committed.get(&last.index);
        if committed.is_some_and(|entry| entry.at != last) {
            let detail = format!(
                "{node} has a snapshot of {}, where another entry was committed",
                at(last)
            );
            findings.violated("committed_stays", detail);
        }
        self.disks.entry(node).or_default().install(last);
    }

    fn applied(&mut self, node: NodeId, since: u64, last: LogPosition, findings: &mut Findings) {
        let disk = self.disks.entry(node).or_default();
        let next = disk.applied.map_or(0, |applied| applied + 1);
        if since != next {
            let detail = format!("{node} applies entry {since}, and {next} is next");
            findings.violated("applied_in_order", detail);
        }
        disk.applied = Some(last.index);
        for index in since..=last.index {
            let entry = self.disks[&node].entry(index).cloned();
            let Some(entry) = entry.filter(|entry| index < last.index || entry.at == last) else {
                let detail = format!("{node} applies entry {index}, which it does not have");
                findings.violated("applied_in_order", detail);
                return;
            };
            match self.committed.get(&index) {
                None => self.commit(node, entry, findings),
                Some(other) if *other == entry => {}
                Some(other) => {
                    let detail = format!(
                        "{node} applies {}, where {} was committed",
                        at(entry.at),
                        at(other.at)
                    );
                    findings.violated("committed_stays", detail);
                }
            }
        }
    }

    /// A node is the first to take an entry to be committed.
    fn commit(&mut self, node: NodeId, entry: LogEntry, findings: &mut Findings) {
        if let Some(voters) = &entry.voters {
            self.voters.clone_from(voters);
        }
        let held = |voter: &NodeId| self.disks.get(voter).is_some_and(|disk| disk.holds(&entry));
        let decided = |voters: &Voters| {
            let majority = |set: &BTreeSet<NodeId>| {
                set.iter().filter(|voter| held(voter)).count() * 2 > set.len()
            };
            voters.iter().all(majority)
        };
        // A leader counts by the last change of voters in its log, committed or not.
        let later = self.disks[&node].since(entry.at.index + 1);
        let mut later = later.filter_map(|entry| entry.voters.as_ref());
        if !decided(&self.voters) && !later.any(decided) {
            let holders = self.disks.iter().filter(|(_, disk)| disk.holds(&entry));
            let holders: Vec<String> = holders.map(|(node, _)| node.to_string()).collect();
            let detail = format!(
                "{node} takes {} to be committed, which is on disk at {} only",
                at(entry.at),
                if holders.is_empty() {
                    "no node".to_owned()
                } else {
                    holders.join(", ")
                }
            );
            findings.violated("committed_by_a_quorum", detail);
        }
        self.committed.insert(entry.at.index, entry);
    }

    fn opened(
        &mut self,
        node: NodeId,
        snapshot: Option<LogPosition>,
        entries: &[LogEntry],
        findings: &mut Findings,
    ) {
        let disk = self.disks.entry(node).or_default();
        if let Some(lost) = disk.open(snapshot, entries) {
            let detail = format!(
                "{node} starts again without {}, which it had on disk",
                at(lost.at)
            );
            findings.violated("synced_survives", detail);
        }
        self.wrote(node, entries, findings);
    }
}

fn at(position: LogPosition) -> String {
    let LogPosition {
        term,
        leader,
        index,
    } = position;
    format!("entry {index} of term {term} of {leader}")
}

impl Checker for RaftLogs {
    fn name(&self) -> &'static str {
        "raft_logs"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let (node, event) = match Step::of(record) {
            Some(Step::Fact(node, event)) => (node, event),
            Some(Step::Wiped(node)) => {
                for log in self.logs.values_mut() {
                    log.disks.remove(&node);
                }
                return;
            }
            None => return,
        };
        match event {
            StoreEvent::Opened {
                store,
                snapshot,
                entries,
                ..
            } => {
                let log = self.logs.entry(store.clone()).or_default();
                log.opened(node, *snapshot, entries, findings);
            }
            StoreEvent::Stored { store, entries } => {
                let log = self.logs.entry(store.clone()).or_default();
                log.wrote(node, entries, findings);
            }
            StoreEvent::Truncated { store, since } => {
                let log = self.logs.entry(store.clone()).or_default();
                log.truncated(node, *since, findings);
            }
            StoreEvent::Installed { store, last } => {
                let log = self.logs.entry(store.clone()).or_default();
                log.installed(node, *last, findings);
            }
            StoreEvent::Applied { store, since, last } => {
                let log = self.logs.entry(store.clone()).or_default();
                log.applied(node, *since, *last, findings);
            }
            StoreEvent::Voted { .. } | StoreEvent::Led { .. } => {}
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
