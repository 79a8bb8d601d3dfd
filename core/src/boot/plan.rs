//! In which order services start.
//!
//! Pure: from names, phases and dependencies to an order, or to an error that names
//! what is wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::error::PlanError;
use crate::label::Label;

/// A service as planning sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedService {
    /// Its name.
    pub name: Label,
    /// The phase in which it starts.
    pub phase: Label,
    /// The services that it needs, as declared; none twice.
    pub dependencies: Vec<Label>,
}

/// The start order of all services.
///
/// A function of the declaration alone: by phase first, in the order of the phases;
/// within a phase a service comes after all its dependencies, and otherwise in the
/// order of declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootPlan {
    phases: Vec<Label>,
    services: Vec<PlannedService>,
}

impl BootPlan {
    /// Plans the start of `services`, given in the order of their declaration.
    ///
    /// # Errors
    ///
    /// See [`PlanError`]; of several things that are wrong, the first in the order
    /// of its variants, then of the declaration.
    pub fn new(phases: Vec<Label>, services: Vec<PlannedService>) -> Result<Self, PlanError> {
        let graph = Graph::new(&phases, &services)?;
        if let Some(path) = graph.cycle() {
            let names = path.into_iter().map(|place| services[place].name.clone());
            return Err(PlanError::Cycle {
                path: names.collect(),
            });
        }
        graph.check_phases(&services)?;
        let order = graph.order();
        let mut declared: Vec<_> = services.into_iter().map(Some).collect();
        let mut take = |place: usize| declared[place].take().map(without_repeats);
        let services = order.into_iter().filter_map(&mut take).collect();
        Ok(Self { phases, services })
    }

    /// The phases, in order. A phase may be empty.
    #[must_use]
    pub fn phases(&self) -> &[Label] {
        &self.phases
    }

    /// The services in start order; they stop in reverse.
    #[must_use]
    pub fn services(&self) -> &[PlannedService] {
        &self.services
    }

    /// The names of the services in start order.
    #[must_use]
    pub fn order(&self) -> Vec<Label> {
        let services = self.services.iter();
        services.map(|service| service.name.clone()).collect()
    }

    /// The services that need `name`, directly or through others, in start order.
    /// Empty for an unknown name.
    #[must_use]
    pub fn dependents(&self, name: &str) -> Vec<Label> {
        let mut touched = BTreeSet::from([name]);
        let mut dependents = Vec::new();
        // A dependent starts after what it needs, so that one pass finds all.
        for service in &self.services {
            let mut needs = service.dependencies.iter();
            if needs.any(|needed| touched.contains(needed.as_str())) {
                touched.insert(&service.name);
                dependents.push(service.name.clone());
            }
        }
        dependents
    }
}

fn without_repeats(mut service: PlannedService) -> PlannedService {
    let mut seen = BTreeSet::new();
    service
        .dependencies
        .retain(|dependency| seen.insert(dependency.clone()));
    service
}

/// Services by their place in the declaration.
struct Graph {
    /// The place of the phase of each service.
    phases: Vec<usize>,
    /// What each service needs.
    needs: Vec<Vec<usize>>,
}

/// How far the search for a cycle is with a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visit {
    No,
    /// It is on the path that is being searched.
    Open,
    Done,
}

impl Graph {
    fn new(phases: &[Label], services: &[PlannedService]) -> Result<Self, PlanError> {
        let mut phase_places = BTreeMap::new();
        for (place, phase) in phases.iter().enumerate() {
            if phase_places.insert(phase, place).is_some() {
                let phase = phase.clone();
                return Err(PlanError::DuplicatePhase { phase });
            }
        }
        let mut places = BTreeMap::new();
        for (place, service) in services.iter().enumerate() {
            if places.insert(&service.name, place).is_some() {
                let service = service.name.clone();
                return Err(PlanError::DuplicateService { service });
            }
        }
        let phase_of = |service: &PlannedService| {
            let place = phase_places.get(&service.phase).copied();
            place.ok_or_else(|| PlanError::UnknownPhase {
                service: service.name.clone(),
                phase: service.phase.clone(),
            })
        };
        let need_of = |service: &PlannedService, dependency: &Label| {
            let place = places.get(dependency).copied();
            place.ok_or_else(|| PlanError::UnknownDependency {
                service: service.name.clone(),
                dependency: dependency.clone(),
            })
        };
        let phases = services.iter().map(phase_of).collect::<Result<_, _>>()?;
        let needs = services.iter().map(|service| {
            let needs = service.dependencies.iter();
            needs.map(|needed| need_of(service, needed)).collect()
        });
        let needs = needs.collect::<Result<_, _>>()?;
        Ok(Self { phases, needs })
    }

    /// The first cycle, from the service of it that was found first, each service
    /// needing the next, back to where it began.
    fn cycle(&self) -> Option<Vec<usize>> {
        let mut visits = vec![Visit::No; self.needs.len()];
        for root in 0..self.needs.len() {
            if visits[root] != Visit::No {
                continue;
            }
            visits[root] = Visit::Open;
            // Each service on the path, with how many of its needs were searched. A
            // list instead of recursion: a chain may be longer than a stack is deep.
            let mut path = vec![(root, 0)];
            while let Some((place, searched)) = path.last_mut() {
                let Some(next) = self.needs[*place].get(*searched).copied() else {
                    visits[*place] = Visit::Done;
                    path.pop();
                    continue;
                };
                *searched += 1;
                match visits[next] {
                    Visit::Done => {}
                    Visit::No => {
                        visits[next] = Visit::Open;
                        path.push((next, 0));
                    }
                    Visit::Open => {
                        let cycle = path.iter().map(|(place, _)| *place);
                        let mut cycle: Vec<_> = cycle.skip_while(|place| *place != next).collect();
                        cycle.push(next);
                        return Some(cycle);
                    }
                }
            }
        }
        None
    }

    fn check_phases(&self, services: &[PlannedService]) -> Result<(), PlanError> {
        for (place, needs) in self.needs.iter().enumerate() {
            for needed in needs {
                if self.phases[*needed] > self.phases[place] {
                    return Err(PlanError::LaterPhase {
                        service: services[place].name.clone(),
                        phase: services[place].phase.clone(),
                        dependency: services[*needed].name.clone(),
                        dependency_phase: services[*needed].phase.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    /// The places in start order. There is no cycle and no need of a later phase.
    fn order(&self) -> Vec<usize> {
        let mut missing = Vec::with_capacity(self.needs.len());
        let mut needed_by = vec![Vec::new(); self.needs.len()];
        for (place, needs) in self.needs.iter().enumerate() {
            missing.push(needs.len());
            for needed in needs {
                needed_by[*needed].push(place);
            }
        }
        let ready = missing.iter().enumerate();
        let ready = ready.filter(|(_, missing)| **missing == 0);
        let mut ready: BTreeSet<_> = ready
            .map(|(place, _)| (self.phases[place], place))
            .collect();
        let mut order = Vec::with_capacity(self.needs.len());
        while let Some((_, place)) = ready.pop_first() {
            order.push(place);
            for waiting in &needed_by[place] {
                missing[*waiting] -= 1;
                if missing[*waiting] == 0 {
                    ready.insert((self.phases[*waiting], *waiting));
                }
            }
        }
        order
    }
}
