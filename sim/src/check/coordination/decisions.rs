//! All who learn what was decided learn the same, and somebody proposed it.

use std::collections::BTreeMap;

use steadfast::Label;
use steadfast::event::{ConsensusEvent, CoordinationEvent};
use steadfast::runtime::NodeId;
use steadfast::store::Revision;

use super::super::checker::{Checker, Findings};
use super::step::Step;
use crate::trace::Record;

#[derive(Debug)]
struct Decision {
    value: Label,
    index: Revision,
    /// Who learned it first.
    node: NodeId,
}

#[derive(Debug, Default)]
struct Instance {
    /// How many proposals of a value may have it chosen, or may yet.
    proposals: BTreeMap<Label, u64>,
    decision: Option<Decision>,
}

/// Checks agreements on a value, whatever clocks and nodes do.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `one_value_is_decided` | somebody learns another value, or another index, than somebody before |
/// | `what_is_decided_was_proposed` | somebody learns a value that nobody has proposed |
/// | `what_came_to_nothing_is_not_decided` | all proposals of the value that is decided were aborted, or said that it certainly was not chosen |
/// | `instances_differ` | two instances were decided at one index |
///
/// A proposal of a node that crashed may have its value chosen. Bounded by the instances
/// and the values that were proposed.
#[derive(Debug, Default)]
pub struct Decisions {
    instances: BTreeMap<Label, Instance>,
    indices: BTreeMap<Revision, Label>,
}

impl Decisions {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            instances: BTreeMap::new(),
            indices: BTreeMap::new(),
        }
    }

    fn committed(
        &mut self,
        node: NodeId,
        name: &Label,
        (value, index): (&Label, Revision),
        findings: &mut Findings,
    ) {
        let instance = self.instances.entry(name.clone()).or_default();
        let who = format!("{node} learns {value} by {index} in {name}");
        if let Some(decided) = &instance.decision {
            if (&decided.value, decided.index) != (value, index) {
                let Decision { value, index, node } = decided;
                let detail = format!("{who}, and {node} learned {value} by {index}");
                findings.violated("one_value_is_decided", detail);
            }
            return;
        }
        match instance.proposals.get(value) {
            None => findings.violated("what_is_decided_was_proposed", who.as_str()),
            Some(0) => findings.violated("what_came_to_nothing_is_not_decided", who.as_str()),
            Some(_) => {}
        }
        let (value, known) = (value.clone(), self.indices.insert(index, name.clone()));
        instance.decision = Some(Decision { value, index, node });
        if let Some(other) = known {
            findings.violated("instances_differ", format!("{who}, as {other} was decided"));
        }
    }

    /// A proposal certainly does not have its value chosen.
    fn came_to_nothing(&mut self, name: &Label, value: &Label, findings: &mut Findings) {
        let instance = self.instances.entry(name.clone()).or_default();
        let left = instance.proposals.entry(value.clone()).or_default();
        *left = left.saturating_sub(1);
        let decided = instance.decision.as_ref();
        if *left == 0 && decided.is_some_and(|decided| decided.value == *value) {
            let detail = format!("{value} is decided in {name}, and no proposal of it is left");
            findings.violated("what_came_to_nothing_is_not_decided", detail);
        }
    }
}

impl Checker for Decisions {
    fn name(&self) -> &'static str {
        "decisions"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let Some(Step::Fact(node, CoordinationEvent::Consensus(event))) = Step::of(record) else {
            return;
        };
        match event {
            ConsensusEvent::Proposed { instance, value } => {
                let instance = self.instances.entry(instance.clone()).or_default();
                *instance.proposals.entry(value.clone()).or_default() += 1;
            }
            ConsensusEvent::Committed {
                instance,
                value,
                index,
                ..
            } => self.committed(node, instance, (value, *index), findings),
            ConsensusEvent::Aborted {
                instance, value, ..
            }
            | ConsensusEvent::TimedOut {
                instance,
                value,
                pending: false,
                ..
            } => self.came_to_nothing(instance, value, findings),
            ConsensusEvent::TimedOut { pending: true, .. } => {}
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
