//! An election has one leader at a time, of a higher term than all before it.

use std::collections::BTreeMap;

use steadfast::Label;
use steadfast::coordination::FencingToken;
use steadfast::event::{CoordinationEvent, ElectionEvent};
use steadfast::runtime::NodeId;
use steadfast::store::LeaseId;

use super::super::checker::{Checker, Findings};
use super::step::Step;
use crate::trace::Record;

#[derive(Debug, Clone, Copy)]
struct Lead {
    node: NodeId,
    session: LeaseId,
    term: FencingToken,
}

#[derive(Debug, Default)]
struct Election {
    leader: Option<Lead>,
    /// The highest term that there was.
    term: Option<FencingToken>,
}

/// Checks that leaders follow each other, as long as no node stands still and all clocks
/// run at nearly the same pace.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `one_leads` | a session is elected, or goes on leading, while another one leads |
/// | `terms_grow` | an elected leader has no higher term than one before it |
/// | `only_the_last_leader_goes_on` | a leadership is resumed that is not the last one |
/// | `only_a_leader_ends` | a leadership is resigned or lost of a session that does not lead |
///
/// A crash ends what a node led. Bounded by one leader an election.
#[derive(Debug, Default)]
pub struct Leaderships {
    elections: BTreeMap<Label, Election>,
}

impl Leaderships {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            elections: BTreeMap::new(),
        }
    }

    fn leads(&mut self, name: &Label, lead: Lead, resumed: bool, findings: &mut Findings) {
        let election = self.elections.entry(name.clone()).or_default();
        let Lead {
            node,
            session,
            term,
        } = lead;
        let who = format!("{session} on {node} leads {name} by {term}");
        // Within one node a leadership passes from session to session in one step.
        let passed = |other: &Lead| resumed && other.term == term && other.node == node;
        if let Some(other) = election.leader.filter(|other| !passed(other)) {
            let Lead {
                node,
                session,
                term,
            } = other;
            let detail = format!("{who}, and so does {session} on {node} by {term}");
            findings.violated("one_leads", detail);
        }
        if resumed {
            if election.term.is_some_and(|last| last != term) {
                let last = election.term.map(|last| last.to_string());
                let detail = format!("{who} again, after {}", last.unwrap_or_default());
                findings.violated("only_the_last_leader_goes_on", detail);
            }
        } else if let Some(before) = election.term.filter(|before| *before >= term) {
            findings.violated("terms_grow", format!("{who}, after {before}"));
        }
        election.term = election.term.max(Some(term));
        election.leader = Some(lead);
    }

    fn ended(&mut self, name: &Label, session: LeaseId, how: &str, findings: &mut Findings) {
        let election = self.elections.entry(name.clone()).or_default();
        if election.leader.is_none_or(|lead| lead.session != session) {
            let detail = format!("{session} {how} {name}, which it does not lead");
            findings.violated("only_a_leader_ends", detail);
            return;
        }
        election.leader = None;
    }

    fn observe_election(&mut self, node: NodeId, event: &ElectionEvent, findings: &mut Findings) {
        use ElectionEvent as E;
        match event {
            E::Elected {
                election,
                session,
                term,
                ..
            }
            | E::Resumed {
                election,
                session,
                term,
            } => {
                let lead = Lead {
                    node,
                    session: *session,
                    term: *term,
                };
                let resumed = matches!(event, E::Resumed { .. });
                self.leads(election, lead, resumed, findings);
            }
            E::Resigned {
                election, session, ..
            } => self.ended(election, *session, "resigned", findings),
            E::Lost {
                election, session, ..
            } => self.ended(election, *session, "lost", findings),
            E::Withdrawn {
                election,
                session,
                term: Some(term),
            } => {
                let election = self.elections.entry(election.clone()).or_default();
                let given_up = |lead: &Lead| lead.session == *session && lead.term == *term;
                election.leader = election.leader.filter(|lead| !given_up(lead));
            }
            E::Campaigned { .. }
            | E::Proclaimed { .. }
            | E::Refused { .. }
            | E::Withdrawn { term: None, .. }
            | E::Removed { .. }
            | E::Observed { .. } => {}
        }
    }
}

impl Checker for Leaderships {
    fn name(&self) -> &'static str {
        "leaderships"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match Step::of(record) {
            Some(Step::Fact(node, CoordinationEvent::Election(event))) => {
                self.observe_election(node, event, findings);
            }
            Some(Step::Over(node)) => {
                for election in self.elections.values_mut() {
                    election.leader = election.leader.filter(|lead| lead.node != node);
                }
            }
            Some(Step::Fact(..)) | None => {}
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
