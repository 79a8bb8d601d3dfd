//! Nobody passes a barrier that is held.

use std::collections::BTreeMap;

use steadfast::Label;
use steadfast::event::{BarrierEvent, CoordinationEvent};
use steadfast::runtime::NodeId;
use steadfast::store::{LeaseId, Revision};

use super::super::checker::{Checker, Findings};
use super::step::Step;
use crate::trace::Record;

#[derive(Debug, Clone, Copy)]
struct Hold {
    node: NodeId,
    session: LeaseId,
    generation: Revision,
}

#[derive(Debug, Default)]
struct Gate {
    held: Option<Hold>,
    /// The highest generation that there was.
    highest: Option<Revision>,
}

/// Checks barriers that a session holds while others wait, as long as no node stands
/// still and all clocks run at nearly the same pace.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `one_holds_a_barrier` | a barrier is held while another session holds it |
/// | `generations_grow` | a barrier is held by no higher generation than before |
/// | `nobody_passes_a_held_barrier` | somebody passes who waited for the generation that goes on |
///
/// A crash lifts what a node held. Bounded by one holder a barrier.
#[derive(Debug, Default)]
pub struct Gates {
    gates: BTreeMap<Label, Gate>,
}

impl Gates {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            gates: BTreeMap::new(),
        }
    }

    fn held(&mut self, name: &Label, hold: Hold, findings: &mut Findings) {
        let gate = self.gates.entry(name.clone()).or_default();
        let Hold {
            node,
            session,
            generation,
        } = hold;
        let who = format!("{session} on {node} holds {name} by {generation}");
        if let Some(other) = gate.held {
            let (session, generation) = (other.session, other.generation);
            let detail = format!("{who}, and so does {session} by {generation}");
            findings.violated("one_holds_a_barrier", detail);
        }
        if let Some(before) = gate.highest.filter(|before| *before >= generation) {
            findings.violated("generations_grow", format!("{who}, after {before}"));
        }
        gate.highest = gate.highest.max(Some(generation));
        gate.held = Some(hold);
    }

    fn lifted(&mut self, name: &Label, generation: Revision) {
        if let Some(gate) = self.gates.get_mut(name) {
            gate.held = gate.held.filter(|hold| hold.generation != generation);
        }
    }

    fn observe_barrier(&mut self, node: NodeId, event: &BarrierEvent, findings: &mut Findings) {
        use BarrierEvent as E;
        match event {
            E::Held {
                barrier,
                session,
                generation,
            } => {
                let (session, generation) = (*session, *generation);
                let hold = Hold {
                    node,
                    session,
                    generation,
                };
                self.held(barrier, hold, findings);
            }
            E::Lifted {
                barrier,
                generation,
            }
            | E::Withdrawn {
                barrier,
                generation: Some(generation),
                ..
            } => self.lifted(barrier, *generation),
            E::Passed {
                barrier,
                session,
                generation,
            } => {
                let held = self.gates.get(barrier).and_then(|gate| gate.held);
                if held.is_some_and(|hold| hold.generation == *generation) {
                    let detail =
                        format!("{session} on {node} passes {barrier}, held by {generation}");
                    findings.violated("nobody_passes_a_held_barrier", detail);
                }
            }
            E::Arrived { .. }
            | E::Left { .. }
            | E::Withdrawn {
                generation: None, ..
            }
            | E::Reset { .. }
            | E::Refused { .. } => {}
        }
    }
}

impl Checker for Gates {
    fn name(&self) -> &'static str {
        "gates"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match Step::of(record) {
            Some(Step::Fact(node, CoordinationEvent::Barrier(event))) => {
                self.observe_barrier(node, event, findings);
            }
            Some(Step::Over(node)) => {
                for gate in self.gates.values_mut() {
                    gate.held = gate.held.filter(|hold| hold.node != node);
                }
            }
            Some(Step::Fact(..)) | None => {}
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
