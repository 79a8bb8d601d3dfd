//! Texts of failures, from the plain to the overlong.

use std::path::Path;
use std::time::Duration;

use steadfast::runtime::NodeId;

use super::{FailureReport, LINE_CHARS_MAX, LINES_MAX, describe_episode, describe_plan};
use crate::fault::{Delay, Episode, Fault, Start, Target, Trigger};
use crate::outcome::{Outcome, Violation};
use crate::plan::{Operation, Plan};
use crate::run_report::{EpisodeReport, Run, RunReport};
use crate::sweep::PlannedRun;
use crate::trace::Digest;

const COMMAND: &str = "steadfast replay storm --seed 17";

fn episode(fault: Fault, target: Target) -> Episode {
    Episode {
        fault,
        target,
        start: Start::At(Duration::from_millis(1_200)),
        duration: Some(Duration::from_secs(3)),
    }
}

fn planned(outcome: Outcome, episodes: usize, tail: usize) -> PlannedRun {
    let mut plan = Plan::new("storm", 17, 3);
    for index in 0..episodes {
        plan.episodes.push(episode(
            Fault::Crash { wipe_disk: false },
            Target::Node(NodeId(1 + index as u32 % 3)),
        ));
    }
    let became = |index: usize| EpisodeReport {
        fault: "crash".to_owned(),
        armed: true,
        fired: index < 3,
        effective: index < 2,
        healed: index < 1,
    };
    PlannedRun {
        run: Run {
            report: RunReport {
                digest: Digest(0xabc),
                records: 2_000,
                simulated: Duration::from_millis(12_345),
                episodes: (0..episodes).map(became).collect(),
                tail: (0..tail)
                    .map(|line| format!("+{line}s line {line}"))
                    .collect(),
                ..RunReport::lost(outcome)
            },
            trace: Vec::new(),
            prefix_digests: Vec::new(),
        },
        plan,
    }
}

fn violated(detail: &str) -> Outcome {
    Outcome::Violated(Violation {
        checker: "orphans".to_owned(),
        invariant: "no task outlives its owner".to_owned(),
        detail: detail.to_owned(),
        index: 1_999,
        time: 12_345_000_000,
    })
}

fn text(planned: &PlannedRun, capsule: Option<&str>) -> String {
    let report = FailureReport {
        planned,
        capsule: capsule.map(Path::new),
        command: COMMAND,
    };
    report.to_string()
}

#[test]
fn a_violation_is_told_on_one_screen() {
    let planned = planned(violated("top/worker still runs"), 4, 3);
    insta::assert_snapshot!(text(&planned, Some("capsules/storm-17.json")), @r"
    storm seed 17: violated
      orphans: no task outlives its owner
      top/worker still runs
      at +12.345000000s, record 1999 of 2000, digest 00000000000000000000000000000abc
      plan: 3 nodes
      faults: 4 planned, 2 effective
        0 crash on n1 at 1.2s for 3s (effective, healed)
        1 crash on n2 at 1.2s for 3s (effective)
        2 crash on n3 at 1.2s for 3s (fired without effect)
        3 crash on n1 at 1.2s for 3s (armed, not fired)
      the end of its story:
        +0s line 0
        +1s line 1
        +2s line 2
      capsule: capsules/storm-17.json
    reproduce with:
    steadfast replay storm --seed 17
    ");
}

#[test]
fn a_lost_run_is_told_without_a_trace() {
    let outcome = Outcome::Stalled {
        bound: "wall clock".to_owned(),
        live: Vec::new(),
    };
    let mut planned = planned(outcome, 0, 0);
    planned.run.report.records = 0;
    insta::assert_snapshot!(text(&planned, None), @r"
    storm seed 17: stalled
      bound: wall clock
      its process is gone, and its trace with it
      plan: 3 nodes
    reproduce with:
    steadfast replay storm --seed 17
    ");
}

#[test]
fn no_failure_takes_more_than_a_screen_and_each_ends_with_its_command() {
    let many = "x\n".repeat(500);
    let wide = "x".repeat(5_000);
    let outcomes = [
        Outcome::Passed,
        violated(&many),
        violated(&wide),
        Outcome::Stalled {
            bound: wide.clone(),
            live: vec!["top/worker".to_owned(); Outcome::TASKS_MAX],
        },
        Outcome::Diverged {
            index: 5,
            expected: wide.clone(),
            found: many.clone(),
        },
        Outcome::Panicked {
            text: many,
            place: Some(wide),
        },
    ];
    for outcome in outcomes {
        for (episodes, tail) in [(0, 0), (1, 1), (8, 40), (9, 39), (100, 1_000)] {
            let text = text(
                &planned(outcome.clone(), episodes, tail),
                Some("capsules/a.json"),
            );
            assert!(text.lines().count() <= LINES_MAX, "{text}");
            assert!(
                text.lines()
                    .all(|line| line.chars().count() <= LINE_CHARS_MAX)
            );
            assert_eq!(text.lines().last(), Some(COMMAND));
            assert_eq!(
                tail > 0,
                text.contains(&format!("line {}", tail.max(1) - 1)),
                "{text}"
            );
        }
    }
}

#[test]
fn a_plan_is_told_by_what_differs() {
    let mut plan = Plan::new("storm", 17, 1);
    assert_eq!(describe_plan(&plan), "1 node");
    plan.scheduler_seed = 4;
    plan.topology.delay_max = Duration::from_millis(9);
    plan.limits.safety = Duration::from_secs(1);
    plan.limits.records_max = 5;
    for action in ["kill", "start", "kill"] {
        plan.operations.push(Operation {
            at: Duration::ZERO,
            node: NodeId(1),
            action: action.into(),
            value: 0,
        });
    }
    assert_eq!(
        describe_plan(&plan),
        "1 node, 3 operations (2 kill, 1 start), delays 500µs to 9ms, safety 1s, \
         at most 5 records, scheduler seed 4"
    );
}

#[test]
fn an_episode_is_told_with_fault_target_start_and_length() {
    let link = Target::Link {
        from: NodeId(1),
        to: NodeId(2),
    };
    let delay = Delay::Uniform {
        min: Duration::from_millis(1),
        max: Duration::from_millis(2),
    };
    let mut told = episode(Fault::Delay(delay), link);
    assert_eq!(
        describe_episode(&told),
        "delay_uniform on n1->n2 (1ms to 2ms) at 1.2s for 3s"
    );
    told.fault = Fault::Drop { probability: 0.25 };
    told.target = Target::Between {
        left: vec![NodeId(1)],
        right: vec![NodeId(2), NodeId(3)],
    };
    told.start = Start::On {
        event: Trigger::Restart,
        count: 2,
    };
    told.duration = None;
    assert_eq!(
        describe_episode(&told),
        "drop between n1 and n2, n3 (probability 0.25) on restart 2"
    );
}
