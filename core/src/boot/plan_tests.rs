//! What planning promises.

use proptest::prelude::*;

use super::error::PlanError;
use super::plan::{BootPlan, PlannedService};
use crate::label::Label;

fn labels(names: &[&str]) -> Vec<Label> {
    names.iter().map(|name| Label::from(*name)).collect()
}

fn service(name: &str, phase: &str, dependencies: &[&str]) -> PlannedService {
    PlannedService {
        name: name.into(),
        phase: phase.into(),
        dependencies: labels(dependencies),
    }
}

fn plan(services: Vec<PlannedService>) -> Result<BootPlan, PlanError> {
    BootPlan::new(labels(&["early", "late"]), services)
}

fn complaint(services: Vec<PlannedService>) -> String {
    plan(services).unwrap_err().to_string()
}

#[test]
fn order_is_by_phase_then_dependency_then_declaration() {
    let plan = plan(vec![
        service("web", "late", &["store"]),
        service("cache", "early", &["disk"]),
        service("clock", "early", &[]),
        service("disk", "early", &[]),
        service("store", "late", &["disk", "cache"]),
    ])
    .unwrap();
    assert_eq!(plan.order(), ["clock", "disk", "cache", "store", "web"]);
    assert_eq!(plan.phases(), ["early", "late"]);
}

#[test]
fn dependents_are_found_through_others_and_in_start_order() {
    let plan = plan(vec![
        service("web", "late", &["store"]),
        service("disk", "early", &[]),
        service("store", "late", &["disk"]),
        service("clock", "early", &[]),
    ])
    .unwrap();
    assert_eq!(plan.dependents("disk"), ["store", "web"]);
    assert!(plan.dependents("web").is_empty());
    assert!(plan.dependents("nobody").is_empty());
}

#[test]
fn a_dependency_that_is_named_twice_is_one() {
    let plan = plan(vec![
        service("disk", "early", &[]),
        service("store", "early", &["disk", "disk"]),
    ])
    .unwrap();
    assert_eq!(plan.services()[1].dependencies, ["disk"]);
}

#[test]
fn a_cycle_is_named_in_full_and_without_what_only_leads_to_it() {
    let services = vec![
        service("entrance", "early", &["a"]),
        service("a", "early", &["b"]),
        service("b", "early", &["free", "c"]),
        service("c", "early", &["a"]),
        service("free", "early", &[]),
    ];
    assert_eq!(complaint(services), "dependency cycle: a -> b -> c -> a");
    let narcissus = vec![service("narcissus", "early", &["narcissus"])];
    assert_eq!(
        complaint(narcissus),
        "dependency cycle: narcissus -> narcissus"
    );
}

#[test]
fn an_unknown_dependency_is_named_with_who_asked_for_it() {
    assert_eq!(
        complaint(vec![service("web", "late", &["database"])]),
        "service `web` depends on the unknown service `database`"
    );
}

#[test]
fn duplicates_and_unknown_phases_are_named() {
    let twice = vec![service("web", "late", &[]), service("web", "early", &[])];
    assert_eq!(complaint(twice), "service `web` is declared twice");
    let nowhere = vec![service("web", "never", &[])];
    assert_eq!(
        complaint(nowhere),
        "service `web` is in the unknown phase `never`"
    );
    let phases = BootPlan::new(labels(&["early", "early"]), Vec::new());
    assert_eq!(
        phases.unwrap_err().to_string(),
        "phase `early` is declared twice"
    );
}

#[test]
fn a_dependency_on_a_later_phase_is_refused_and_on_an_earlier_one_is_not() {
    let services = vec![service("a", "early", &["b"]), service("b", "late", &[])];
    assert_eq!(
        complaint(services),
        "service `a` of phase `early` depends on `b` of the later phase `late`"
    );
    let services = vec![service("a", "late", &["b"]), service("b", "early", &[])];
    assert_eq!(plan(services).unwrap().order(), ["b", "a"]);
}

#[test]
fn a_chain_longer_than_a_stack_is_deep_is_planned() {
    let name = |number: u32| format!("service {number}");
    let chain = |number: u32| {
        let needed = (number > 0).then(|| name(number - 1));
        let needed: Vec<_> = needed.iter().map(String::as_str).collect();
        service(&name(number), "early", &needed)
    };
    let services: Vec<_> = (0..200_000).rev().map(chain).collect();
    assert_eq!(plan(services).unwrap().order()[199_999], "service 199999");
}

/// Any services at all, in three phases, cyclic or not.
fn services() -> impl Strategy<Value = Vec<PlannedService>> {
    let drawn = (0..3_usize, prop::collection::vec(0..12_usize, 0..4));
    prop::collection::vec(drawn, 0..12).prop_map(|services| {
        let count = services.len();
        let name = |number: usize| format!("s{number}");
        let services = services.into_iter().enumerate();
        let declare = |(number, (phase, needs)): (usize, (usize, Vec<usize>))| {
            let needs = needs.into_iter().map(|need| name(need % count));
            let needs: Vec<_> = needs.collect();
            let needs: Vec<_> = needs.iter().map(String::as_str).collect();
            service(&name(number), ["p0", "p1", "p2"][phase], &needs)
        };
        services.map(declare).collect()
    })
}

proptest! {
    #[test]
    fn every_declaration_is_ordered_rightly_or_refused_truly(services in services()) {
        let declared = |name: &Label| services.iter().find(|service| service.name == *name);
        let needs = |name: &Label, needed: &Label| {
            declared(name).is_some_and(|service| service.dependencies.contains(needed))
        };
        match BootPlan::new(labels(&["p0", "p1", "p2"]), services.clone()) {
            Ok(plan) => {
                let order = plan.order();
                prop_assert_eq!(order.len(), services.len());
                for (place, service) in plan.services().iter().enumerate() {
                    for needed in &service.dependencies {
                        prop_assert!(order[..place].contains(needed));
                    }
                    for later in &plan.services()[place..] {
                        prop_assert!(service.phase <= later.phase);
                    }
                }
            }
            Err(PlanError::Cycle { path }) => {
                prop_assert!(path.len() > 1 && path.first() == path.last());
                for pair in path.windows(2) {
                    prop_assert!(needs(&pair[0], &pair[1]), "{:?}", path);
                }
                let mut inner = path[1..].to_vec();
                inner.sort();
                inner.dedup();
                prop_assert_eq!(inner.len(), path.len() - 1);
            }
            Err(PlanError::LaterPhase { service, phase, dependency, dependency_phase }) => {
                prop_assert!(needs(&service, &dependency));
                prop_assert!(dependency_phase > phase);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn order_among_independent_services_is_that_of_the_declaration(count in 0..30_usize) {
        let services = (0..count).map(|number| service(&format!("s{number}"), "early", &[]));
        let services: Vec<_> = services.collect();
        let declared: Vec<_> = services.iter().map(|service| service.name.clone()).collect();
        prop_assert_eq!(plan(services).unwrap().order(), declared);
    }
}
