//! What nodes say of each other makes sense.

use std::collections::BTreeMap;

use steadfast::event::{Event, MembershipEvent};
use steadfast::runtime::{Incarnation, NodeId};

use super::checker::{Checker, Findings};
use crate::trace::{NodeEvent, Phase, Record, RunEvent, TraceEvent};

/// Checks what each node announces of the others. A node may take the living for dead;
/// what is checked is that its story hangs together.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `up_and_gone_alternate` | a member comes up that is up, or one goes that is not |
/// | `a_member_is_no_older_than_before` | a node says that an incarnation is up after it has said so of a later one |
/// | `only_members_are_suspected` | one is suspected that is not up or is suspected already, or one is cleared that was not suspected |
/// | `no_member_is_invented` | an incarnation is up that was never started |
/// | `the_core_agrees` | after the liveness phase a node of the core does not see the others of the core, as they were started last and unsuspected; only if [asked for](Self::agreeing) |
#[derive(Debug, Default)]
pub struct Membership {
    agreeing: bool,
    started: BTreeMap<NodeId, Incarnation>,
    core: Vec<NodeId>,
    views: BTreeMap<NodeId, View>,
}

/// What one incarnation of one node has said.
#[derive(Debug, Default)]
struct View {
    up: BTreeMap<NodeId, Up>,
    latest: BTreeMap<NodeId, Incarnation>,
}

#[derive(Debug, Clone, Copy)]
struct Up {
    incarnation: Incarnation,
    suspected: bool,
}

impl Membership {
    /// Nobody has said anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also checks that the core agrees, for runs in which all nodes are members of one
    /// cluster.
    #[must_use]
    pub const fn agreeing(mut self) -> Self {
        self.agreeing = true;
        self
    }

    fn hear(&mut self, observer: NodeId, event: &MembershipEvent, findings: &mut Findings) {
        let view = self.views.entry(observer).or_default();
        match event {
            MembershipEvent::MemberUp { member } => {
                let (node, incarnation) = (member.node, member.incarnation);
                if self.started.get(&node) < Some(&incarnation) {
                    let detail = format!("{observer}: {member} was never started");
                    findings.violated("no_member_is_invented", detail);
                }
                view.come(observer, node, incarnation, findings);
            }
            MembershipEvent::MemberSuspected { member } => {
                view.suspect(observer, (member.node, member.incarnation), true, findings);
            }
            MembershipEvent::MemberRefuted { member } => {
                view.suspect(observer, (member.node, member.incarnation), false, findings);
            }
            MembershipEvent::MemberDown { member } | MembershipEvent::MemberLeft { member } => {
                let gone = view.up.remove(&member.node);
                if gone.map(|up| up.incarnation) != Some(member.incarnation) {
                    let detail = format!("{observer}: {member} goes, but {gone:?} was up");
                    findings.violated("up_and_gone_alternate", detail);
                }
            }
            // It knows of nobody any more.
            MembershipEvent::Departed { .. } => view.up.clear(),
            MembershipEvent::IdentityRenewed { .. } | MembershipEvent::ForeignCluster { .. } => {}
        }
    }

    fn check_agreement(&self, findings: &mut Findings) {
        let nobody = View::default();
        for observer in &self.core {
            let view = self.views.get(observer).unwrap_or(&nobody);
            for node in self.core.iter().filter(|node| *node != observer) {
                let seen = view.up.get(node);
                let started = self.started.get(node);
                let agrees = seen.is_some_and(|up| !up.suspected)
                    && seen.map(|up| up.incarnation) == started.copied();
                if !agrees {
                    let detail = format!("{observer} sees {node} as {seen:?}, not {started:?}");
                    findings.violated("the_core_agrees", detail);
                }
            }
        }
    }
}

impl View {
    fn come(
        &mut self,
        observer: NodeId,
        node: NodeId,
        incarnation: Incarnation,
        findings: &mut Findings,
    ) {
        if let Some(latest) = self
            .latest
            .get(&node)
            .filter(|latest| incarnation < **latest)
        {
            let detail = format!("{observer}: {node}.{incarnation} is up after {node}.{latest}");
            findings.violated("a_member_is_no_older_than_before", detail);
        }
        let latest = self.latest.entry(node).or_insert(incarnation);
        *latest = incarnation.max(*latest);
        let up = Up {
            incarnation,
            suspected: false,
        };
        if let Some(before) = self.up.insert(node, up) {
            let detail = format!("{observer}: {node}.{incarnation} comes, but {before:?} is up");
            findings.violated("up_and_gone_alternate", detail);
        }
    }

    fn suspect(
        &mut self,
        observer: NodeId,
        (node, incarnation): (NodeId, Incarnation),
        suspected: bool,
        findings: &mut Findings,
    ) {
        let up = self
            .up
            .get_mut(&node)
            .filter(|up| up.incarnation == incarnation);
        match up {
            Some(up) if up.suspected != suspected => up.suspected = suspected,
            other => {
                let word = if suspected { "suspected" } else { "cleared" };
                let detail = format!("{observer}: {node}.{incarnation} is {word}, was {other:?}");
                findings.violated("only_members_are_suspected", detail);
            }
        }
    }
}

impl Checker for Membership {
    fn name(&self) -> &'static str {
        "membership"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match (&record.event, record.node) {
            (TraceEvent::Core(Event::Membership(event)), Some(observer)) => {
                self.hear(observer, event, findings);
            }
            (TraceEvent::Node(NodeEvent::Started { incarnation }), Some(node)) => {
                // What an incarnation knew has gone with it.
                self.views.remove(&node);
                self.started.insert(node, *incarnation);
            }
            (TraceEvent::Run(RunEvent::CoreHealed { core }), _) => self.core.clone_from(core),
            (TraceEvent::Run(RunEvent::PhaseStarted { phase: Phase::Stop }), _) => {
                if self.agreeing {
                    self.check_agreement(findings);
                }
            }
            (
                TraceEvent::Core(_)
                | TraceEvent::Run(_)
                | TraceEvent::Node(_)
                | TraceEvent::Task(_)
                | TraceEvent::Net(_)
                | TraceEvent::Disk(_)
                | TraceEvent::Fault(_),
                _,
            ) => {}
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
