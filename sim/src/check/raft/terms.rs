//! Nobody leads without the votes of a majority, and nobody takes a vote back.

use std::collections::{BTreeMap, BTreeSet};

use steadfast::Label;
use steadfast::event::{LogEntry, StoreEvent};
use steadfast::runtime::NodeId;

use super::super::checker::{Checker, Findings};
use super::step::Step;
use crate::trace::Record;

/// A term and who wants to lead in it. Of two the greater is the later.
type Candidacy = (u64, NodeId);

/// One store, over all nodes.
#[derive(Debug, Default)]
struct Votes {
    /// Who voted for whom.
    voted: BTreeMap<Candidacy, BTreeSet<NodeId>>,
    /// The latest vote of each node.
    last: BTreeMap<NodeId, Candidacy>,
    /// Who decides, by the log of each node.
    voters: BTreeMap<NodeId, Vec<BTreeSet<NodeId>>>,
}

/// Checks votes and leads: election safety in the words of Raft, where a term may have
/// several leaders, each later one of a higher number.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `elected_by_a_quorum` | a node leads whom no majority voted for |
/// | `votes_grow` | a node votes for an earlier candidacy than before |
/// | `votes_survive` | a node that starts again has forgotten a vote |
///
/// Bounded by the votes of the run.
#[derive(Debug, Default)]
pub struct RaftTerms {
    stores: BTreeMap<Label, Votes>,
}

impl RaftTerms {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            stores: BTreeMap::new(),
        }
    }
}

impl Votes {
    fn led(&self, node: NodeId, term: u64, findings: &mut Findings) {
        let nobody = BTreeSet::new();
        let voted = self.voted.get(&(term, node)).unwrap_or(&nobody);
        let decides = self.voters.get(&node);
        let mut sets = decides.into_iter().flatten();
        if sets.any(|set| set.intersection(voted).count() * 2 <= set.len()) {
            let voted: Vec<String> = voted.iter().map(ToString::to_string).collect();
            let detail = format!(
                "{node} leads in term {term} by the votes of [{}]",
                voted.join(" ")
            );
            findings.violated("elected_by_a_quorum", detail);
        }
    }

    fn voted(&mut self, node: NodeId, vote: Candidacy, findings: &mut Findings) {
        let (term, candidate) = vote;
        if let Some((before, other)) = self.last.get(&node).filter(|last| **last > vote) {
            let detail = format!(
                "{node} votes for {candidate} in term {term}, after {other} in term {before}"
            );
            findings.violated("votes_grow", detail);
        }
        self.last.insert(node, vote);
        self.voted.entry(vote).or_default().insert(node);
    }

    fn opened(&mut self, node: NodeId, term: u64, findings: &mut Findings) {
        if let Some((before, _)) = self.last.get(&node).filter(|(before, _)| *before > term) {
            let detail =
                format!("{node} starts again in term {term}, after a vote in term {before}");
            findings.violated("votes_survive", detail);
        }
    }

    fn stored(&mut self, node: NodeId, entries: &[LogEntry]) {
        let changes = entries.iter().rev().find_map(|entry| entry.voters.clone());
        if let Some(voters) = changes {
            self.voters.insert(node, voters);
        }
    }
}

impl Checker for RaftTerms {
    fn name(&self) -> &'static str {
        "raft_terms"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let (node, event) = match Step::of(record) {
            Some(Step::Fact(node, event)) => (node, event),
            Some(Step::Wiped(node)) => {
                for votes in self.stores.values_mut() {
                    votes.last.remove(&node);
                }
                return;
            }
            None => return,
        };
        match event {
            StoreEvent::Opened {
                store,
                term,
                entries,
                ..
            } => {
                let votes = self.stores.entry(store.clone()).or_default();
                votes.opened(node, *term, findings);
                votes.stored(node, entries);
            }
            StoreEvent::Voted {
                store,
                term,
                candidate,
            } => {
                let votes = self.stores.entry(store.clone()).or_default();
                votes.voted(node, (*term, *candidate), findings);
            }
            StoreEvent::Led { store, term } => {
                let votes = self.stores.entry(store.clone()).or_default();
                votes.led(node, *term, findings);
            }
            StoreEvent::Stored { store, entries } => {
                let votes = self.stores.entry(store.clone()).or_default();
                votes.stored(node, entries);
            }
            StoreEvent::Truncated { .. }
            | StoreEvent::Installed { .. }
            | StoreEvent::Applied { .. } => {}
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
