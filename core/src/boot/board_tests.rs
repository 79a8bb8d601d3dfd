//! What the board makes of single facts.

use super::board::{Board, ServiceRules};
use super::health::{Observation, Thresholds};
use super::plan::{BootPlan, PlannedService};
use crate::event::{BootEvent, HealthStatus, SupervisionEvent};
use crate::label::Label;
use crate::process::{ExitReason, ProcessId};
use crate::runtime::{Incarnation, NodeId, Timestamp};

const fn process(local: u64) -> ProcessId {
    ProcessId {
        node: NodeId(1),
        incarnation: Incarnation(1),
        local,
    }
}

fn started(child: &str, local: u64) -> SupervisionEvent {
    SupervisionEvent::ChildStarted {
        supervisor: process(1),
        child: child.into(),
        process: process(local),
        starts: 1,
    }
}

fn exited(child: &str, local: u64) -> SupervisionEvent {
    SupervisionEvent::ChildExited {
        supervisor: process(1),
        child: child.into(),
        process: process(local),
        reason: ExitReason::failed("crash"),
        expected: false,
    }
}

/// `web` needs `disk`; both run, as processes 2 and 3.
fn up() -> Board {
    let service = |name: &str, needs: &[&str]| PlannedService {
        name: name.into(),
        phase: "base".into(),
        dependencies: needs.iter().map(|need| Label::from(*need)).collect(),
    };
    let services = vec![service("disk", &[]), service("web", &["disk"])];
    let plan = BootPlan::new(vec!["base".into()], services).unwrap();
    let rules = ServiceRules {
        transient: false,
        thresholds: Thresholds {
            failures_to_unhealthy: 1,
            successes_to_healthy: 1,
        },
    };
    let mut board = Board::new(plan, vec![rules, rules]);
    board.begin();
    hear(&mut board, &started("disk", 2));
    let facts = hear(&mut board, &started("web", 3));
    assert_eq!(facts.last(), Some(&BootEvent::Completed));
    board
}

fn hear(board: &mut Board, event: &SupervisionEvent) -> Vec<BootEvent> {
    board.hear(event, Timestamp::ZERO)
}

fn dependents_restarted(facts: &[BootEvent]) -> usize {
    let is_one = |fact: &&BootEvent| matches!(fact, BootEvent::DependentRestarted { .. });
    facts.iter().filter(is_one).count()
}

#[test]
fn a_check_of_a_process_that_runs_no_more_says_nothing_of_the_next_one() {
    let mut board = up();
    hear(&mut board, &exited("web", 3));
    hear(&mut board, &started("web", 4));
    let failed = || Observation::Failed("late news".into());
    assert!(board.record(&"web".into(), process(3), failed()).is_empty());
    let service = board.service("web", Timestamp::ZERO).unwrap();
    assert_eq!(service.health, HealthStatus::Healthy);
    assert_eq!(board.record(&"web".into(), process(4), failed()).len(), 1);
}

#[test]
fn a_service_that_restarts_alone_is_no_restarted_dependent() {
    let mut board = up();
    hear(&mut board, &exited("disk", 2));
    hear(&mut board, &started("disk", 4));
    hear(&mut board, &exited("web", 3));
    let alone = hear(&mut board, &started("web", 5));
    assert_eq!(dependents_restarted(&alone), 0);

    hear(&mut board, &exited("web", 5));
    hear(&mut board, &exited("disk", 4));
    hear(&mut board, &started("disk", 6));
    let along = hear(&mut board, &started("web", 7));
    assert_eq!(dependents_restarted(&along), 1);
}

#[test]
fn an_end_that_is_heard_twice_or_of_an_older_process_changes_nothing() {
    let mut board = up();
    assert_eq!(hear(&mut board, &exited("web", 3)).len(), 2);
    assert!(hear(&mut board, &exited("web", 3)).is_empty());
    hear(&mut board, &started("web", 4));
    assert!(hear(&mut board, &exited("web", 3)).is_empty());
    assert_eq!(board.process("web"), Some(process(4)));
}
