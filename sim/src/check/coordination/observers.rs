//! Observers of an election agree, and none of them goes back.

use std::collections::BTreeMap;

use steadfast::Label;
use steadfast::coordination::FencingToken;
use steadfast::event::{CoordinationEvent, ElectionEvent};
use steadfast::runtime::NodeId;
use steadfast::store::Revision;

use super::super::checker::{Checker, Findings};
use super::step::Step;
use crate::trace::Record;

/// What an observer saw.
#[derive(Debug, Clone, Copy)]
struct Sight {
    revision: Revision,
    /// The highest term so far.
    term: Option<FencingToken>,
}

/// How many sightings of one election are compared with each other: the newest.
const COMPARED_MAX: usize = 1_024;

/// Checks what observers of elections see, whatever clocks and nodes do.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `an_observer_never_goes_back` | an observer sees an earlier state, or a lower term, after a later one |
/// | `observers_agree` | two observers see different leaders in one state of the store |
/// | `a_term_comes_from_its_state` | a leader is seen in a state from before its term began |
///
/// Bounded by the observers, and 1,024 sightings an election.
#[derive(Debug, Default)]
pub struct Observers {
    observers: BTreeMap<(NodeId, Label, u64), Sight>,
    sightings: BTreeMap<Label, BTreeMap<Revision, Option<FencingToken>>>,
}

fn leader(term: Option<FencingToken>) -> String {
    term.map_or_else(|| "nobody".to_owned(), |term| term.to_string())
}

impl Observers {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            observers: BTreeMap::new(),
            sightings: BTreeMap::new(),
        }
    }

    fn observed(
        &mut self,
        (node, name, observer): (NodeId, &Label, u64),
        term: Option<FencingToken>,
        revision: Revision,
        findings: &mut Findings,
    ) {
        let who = format!(
            "observer {observer} of {name} on {node} sees {} at {revision}",
            leader(term)
        );
        if term.is_some_and(|term| term.0 > revision) {
            findings.violated("a_term_comes_from_its_state", who.clone());
        }
        let place = (node, name.clone(), observer);
        let before = self.observers.get(&place).copied();
        if let Some(before) = before {
            let later = revision > before.revision && (term.is_none() || term >= before.term);
            if !later {
                let (seen, at) = (leader(before.term), before.revision);
                let detail = format!("{who}, after it saw {seen} and was at {at}");
                findings.violated("an_observer_never_goes_back", detail);
            }
        }
        let highest = term.max(before.and_then(|before| before.term));
        let sight = Sight {
            revision,
            term: highest,
        };
        self.observers.insert(place, sight);
        let sightings = self.sightings.entry(name.clone()).or_default();
        let known = *sightings.entry(revision).or_insert(term);
        if known != term {
            let detail = format!("{who}, and another one sees {}", leader(known));
            findings.violated("observers_agree", detail);
        }
        if sightings.len() > COMPARED_MAX {
            sightings.pop_first();
        }
    }
}

impl Checker for Observers {
    fn name(&self) -> &'static str {
        "observers"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match Step::of(record) {
            Some(Step::Fact(
                node,
                CoordinationEvent::Election(ElectionEvent::Observed {
                    election,
                    observer,
                    term,
                    revision,
                }),
            )) => self.observed((node, election, *observer), *term, *revision, findings),
            Some(Step::Over(node)) => {
                self.observers.retain(|(other, _, _), _| *other != node);
            }
            Some(Step::Fact(..)) | None => {}
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
