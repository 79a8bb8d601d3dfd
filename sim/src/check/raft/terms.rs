//! A term has one leader, and a node one vote in it.

use std::collections::BTreeMap;

use steadfast::Label;
use steadfast::event::{Event, StoreEvent};
use steadfast::runtime::NodeId;

use super::super::checker::{Checker, Findings};
use crate::trace::{NodeEvent, Record, TraceEvent};

/// Checks votes and leads (election safety in the words of Raft).
///
/// | invariant | does not hold when |
/// |---|---|
/// | `one_leader_a_term` | two nodes lead in one term |
/// | `one_vote_a_term` | a node votes for two in one term, or in a term before one that it voted in |
/// | `votes_survive` | a node that starts again has forgotten a vote |
///
/// Bounded by one entry a term and one a node.
#[derive(Debug, Default)]
pub struct RaftTerms {
    leaders: BTreeMap<(Label, u64), NodeId>,
    votes: BTreeMap<(Label, NodeId), (u64, Option<NodeId>)>,
}

impl RaftTerms {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            leaders: BTreeMap::new(),
            votes: BTreeMap::new(),
        }
    }

    fn leads(&mut self, store: &Label, node: NodeId, term: u64, findings: &mut Findings) {
        let leader = self.leaders.entry((store.clone(), term)).or_insert(node);
        if *leader != node {
            let detail = format!("{node} leads {store} in term {term}, and so did {leader}");
            findings.violated("one_leader_a_term", detail);
        }
    }

    fn votes(&mut self, store: &Label, node: NodeId, vote: (u64, NodeId), findings: &mut Findings) {
        let (term, candidate) = vote;
        let cast = self.votes.entry((store.clone(), node)).or_default();
        let (last, before) = *cast;
        let other = before.is_some_and(|before| before != candidate);
        if term < last || (term == last && other) {
            let before = before.map_or_else(|| "somebody".to_owned(), |node| node.to_string());
            let detail = format!(
                "{node} votes for {candidate} in term {term} of {store}, after {before} in term {last}"
            );
            findings.violated("one_vote_a_term", detail);
        }
        *cast = (term, Some(candidate));
    }

    fn opened(&mut self, store: &Label, node: NodeId, term: u64, findings: &mut Findings) {
        let cast = self.votes.entry((store.clone(), node)).or_default();
        if term < cast.0 {
            let detail = format!(
                "{node} starts {store} again in term {term}, after a vote in term {}",
                cast.0
            );
            findings.violated("votes_survive", detail);
        }
        if term != cast.0 {
            *cast = (term, None);
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
        let Some(node) = record.node else {
            return;
        };
        let event = match &record.event {
            TraceEvent::Core(Event::Store(event)) => event,
            TraceEvent::Node(NodeEvent::Crashed { wiped: true, .. }) => {
                self.votes.retain(|(_, voter), _| *voter != node);
                return;
            }
            TraceEvent::Core(_)
            | TraceEvent::Run(_)
            | TraceEvent::Node(_)
            | TraceEvent::Task(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_)
            | TraceEvent::Fault(_) => return,
        };
        match event {
            StoreEvent::Opened { store, term, .. } => self.opened(store, node, *term, findings),
            StoreEvent::Voted {
                store,
                term,
                candidate,
            } => self.votes(store, node, (*term, *candidate), findings),
            StoreEvent::Led { store, term } => self.leads(store, node, *term, findings),
            StoreEvent::Stored { .. }
            | StoreEvent::Truncated { .. }
            | StoreEvent::Installed { .. }
            | StoreEvent::Applied { .. } => {}
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
