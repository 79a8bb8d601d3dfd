//! Of those who hold a name on both sides of a split, exactly one keeps it.

use std::collections::{BTreeMap, BTreeSet};

use steadfast::Label;
use steadfast::event::{Event, ProcessEvent, RegistryEvent};
use steadfast::process::ProcessId;
use steadfast::registry::{Cause, Key};
use steadfast::runtime::NodeId;

use super::super::checker::{Checker, Findings};
use super::super::note::text;
use super::reading::Reading;
use crate::trace::{NodeEvent, Phase, Record, RunEvent, TraceEvent};

/// A name in a registry.
type Name = (Label, Key);

/// Checks that conflicts have a survivor, and that the losers are told.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `a_conflict_has_a_survivor` | when the core has converged, everyone who held a name has lost it to another one that lives, and that has lost it too or never held it |
/// | `a_loser_is_told` | a process loses a name in a conflict for good without a `ConflictLost`, or the other way round |
/// | `nobody_loses_to_itself` | a process loses a name to itself |
/// | `a_loser_stays_away` | a name that a process was told to have lost is registered for it again, and it has not said since that it wants it |
///
/// A process that gave the name up owes nothing: whoever lost to it before has lost all
/// the same. Bounded by what is alive, and by who holds names or has lost them.
#[derive(Default)]
pub struct Conflicts {
    alive: BTreeSet<ProcessId>,
    claims: BTreeMap<Name, BTreeMap<ProcessId, Standing>>,
    names: BTreeMap<ProcessId, BTreeSet<Name>>,
    /// Losses that were announced in one of the two ways only.
    untold: BTreeSet<(ProcessId, Name)>,
    /// Losses that were told, of processes that have not asked again.
    lost: BTreeSet<(ProcessId, Name)>,
}

#[derive(Clone, Copy)]
struct Standing {
    claim: Claim,
    /// Whether it ever gave the name up.
    has_let_go: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// Holds it, on its own node.
    Holds,
    /// Lost it to this process.
    Lost(ProcessId),
    /// Gave it up, or had it taken away.
    LetGo,
}

impl Conflicts {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            alive: BTreeSet::new(),
            claims: BTreeMap::new(),
            names: BTreeMap::new(),
            untold: BTreeSet::new(),
            lost: BTreeSet::new(),
        }
    }

    fn registry(&mut self, node: Option<NodeId>, event: &RegistryEvent, findings: &mut Findings) {
        match event {
            RegistryEvent::NameRegistered {
                registry,
                key,
                process,
                ..
            } if node == Some(process.node) => {
                let name = (registry.clone(), key.clone());
                if self.lost.remove(&(*process, name.clone())) {
                    let detail = format!("{process} has lost {key}, and has it again unasked");
                    findings.violated("a_loser_stays_away", detail);
                }
                // A loss that is undone before it was told is none.
                self.untold.remove(&(*process, name.clone()));
                self.claim(*process, name, Claim::Holds);
            }
            RegistryEvent::NameUnregistered {
                registry,
                key,
                process,
                cause,
                ..
            } if node == Some(process.node) => {
                let name = (registry.clone(), key.clone());
                let claim = match cause {
                    Cause::Conflict { winner, .. } => Claim::Lost(*winner),
                    Cause::Unregistered | Cause::Exited | Cause::NodeGone | Cause::ScopeClosed => {
                        Claim::LetGo
                    }
                };
                if let Claim::Lost(winner) = claim {
                    if winner == *process {
                        let detail = format!("{process} lost {key} to itself");
                        findings.violated("nobody_loses_to_itself", detail);
                    }
                    self.toggle(*process, name.clone());
                }
                self.claim(*process, name, claim);
            }
            RegistryEvent::ConflictLost {
                registry,
                key,
                loser,
                ..
            } => {
                let name = (registry.clone(), key.clone());
                self.lost.insert((*loser, name.clone()));
                self.toggle(*loser, name);
            }
            RegistryEvent::RegistryStarted { .. }
            | RegistryEvent::ScopeOpened { .. }
            | RegistryEvent::ScopeClosed { .. }
            | RegistryEvent::NameRegistered { .. }
            | RegistryEvent::NameUpdated { .. }
            | RegistryEvent::NameUnregistered { .. }
            | RegistryEvent::NameRefused { .. }
            | RegistryEvent::ResolverFailed { .. }
            | RegistryEvent::PeerSynced { .. }
            | RegistryEvent::PeerDropped { .. }
            | RegistryEvent::WatcherResynced { .. }
            | RegistryEvent::BackendSwitched { .. }
            | RegistryEvent::SwitchRefused { .. }
            | RegistryEvent::BackendHealthChanged { .. } => {}
        }
    }

    fn claim(&mut self, process: ProcessId, name: Name, claim: Claim) {
        self.names.entry(process).or_default().insert(name.clone());
        let claims = self.claims.entry(name).or_default();
        let standing = claims.entry(process).or_insert(Standing {
            claim,
            has_let_go: false,
        });
        standing.claim = claim;
        standing.has_let_go |= claim == Claim::LetGo;
    }

    fn toggle(&mut self, loser: ProcessId, name: Name) {
        let loss = (loser, name);
        if !self.untold.remove(&loss) {
            self.untold.insert(loss);
        }
    }

    fn forget(&mut self, process: ProcessId) {
        for name in self.names.remove(&process).unwrap_or_default() {
            if let Some(claims) = self.claims.get_mut(&name) {
                claims.remove(&process);
                if claims.is_empty() {
                    self.claims.remove(&name);
                }
            }
            let loss = (process, name);
            self.untold.remove(&loss);
            self.lost.remove(&loss);
        }
    }

    fn judge(&self, findings: &mut Findings) {
        if let Some((loser, (registry, key))) = self.untold.first() {
            let detail = format!("the loss of {key} in {registry} by {loser} was told by half");
            findings.violated("a_loser_is_told", detail);
        }
        for ((registry, key), claims) in &self.claims {
            let held = |standing: &Standing| standing.claim == Claim::Holds;
            if claims.values().any(held) {
                continue;
            }
            let losers = claims
                .keys()
                .find_map(|first| self.all_lost(claims, *first));
            if let Some(losers) = losers {
                let losers: Vec<_> = losers.iter().map(ProcessId::to_string).collect();
                let losers = losers.join(" to ");
                let detail = format!("nobody holds {key} in {registry}: lost by {losers}");
                findings.violated("a_conflict_has_a_survivor", detail);
            }
        }
    }

    /// Follows the winners from a loser on. Answers who lost to whom if that leads to
    /// nobody who could have kept the name.
    fn all_lost(
        &self,
        claims: &BTreeMap<ProcessId, Standing>,
        first: ProcessId,
    ) -> Option<Vec<ProcessId>> {
        let mut losers = Vec::new();
        let mut last = first;
        loop {
            let again = losers.contains(&last);
            losers.push(last);
            match claims.get(&last) {
                Some(Standing {
                    claim: Claim::Lost(winner),
                    has_let_go: false,
                }) if !again => last = *winner,
                Some(Standing {
                    has_let_go: false, ..
                }) if again => return Some(losers),
                // It never held the name, so nobody can have lost to it.
                None if self.alive.contains(&last) => return Some(losers),
                Some(_) | None => return None,
            }
        }
    }
}

impl Checker for Conflicts {
    fn name(&self) -> &'static str {
        "registry_conflicts"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match &record.event {
            TraceEvent::Core(Event::Registry(event)) => {
                self.registry(record.node, event, findings);
            }
            TraceEvent::Core(Event::Process(ProcessEvent::Spawned { process, .. })) => {
                self.alive.insert(*process);
            }
            TraceEvent::Core(Event::Process(ProcessEvent::Exited { process, .. })) => {
                self.alive.remove(process);
                self.forget(*process);
            }
            TraceEvent::Node(NodeEvent::Started { .. } | NodeEvent::Crashed { .. }) => {
                let of_node = |process: &ProcessId| Some(process.node) == record.node;
                self.alive.retain(|process| !of_node(process));
                let gone: Vec<_> = self.names.keys().copied().filter(of_node).collect();
                gone.into_iter().for_each(|process| self.forget(process));
            }
            TraceEvent::Run(RunEvent::PhaseStarted { phase: Phase::Stop }) => self.judge(findings),
            TraceEvent::Run(_) => {
                if let Some(Ok(Reading::Wants {
                    registry,
                    process,
                    key,
                })) = text(record).and_then(Reading::parse)
                {
                    self.lost.remove(&(process, (registry, key)));
                }
            }
            TraceEvent::Core(_)
            | TraceEvent::Node(_)
            | TraceEvent::Task(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_)
            | TraceEvent::Fault(_) => {}
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
