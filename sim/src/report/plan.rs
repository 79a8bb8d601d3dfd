//! A plan in a few words: what is not as it always is.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::fault::{Episode, Start, Trigger};
use crate::plan::{Limits, Plan, Topology};
use crate::trace::render::{fault_place, fault_strength};

/// The plan in one line: nodes and operations, then whatever differs from a default.
#[must_use]
pub fn describe_plan(plan: &Plan) -> String {
    let mut text = count(u64::from(plan.topology.nodes), "node");
    if !plan.operations.is_empty() {
        let mut actions: BTreeMap<&str, u64> = BTreeMap::new();
        for operation in &plan.operations {
            *actions.entry(&operation.action).or_default() += 1;
        }
        let actions: Vec<_> = actions
            .iter()
            .map(|(action, times)| format!("{times} {action}"))
            .collect();
        let operations = count(plan.operations.len() as u64, "operation");
        append(&mut text, &format!("{operations} ({})", actions.join(", ")));
    }
    let usual = Topology::new(plan.topology.nodes);
    let delays = (plan.topology.delay_min, plan.topology.delay_max);
    if delays != (usual.delay_min, usual.delay_max) {
        append(
            &mut text,
            &format!("delays {:?} to {:?}", delays.0, delays.1),
        );
    }
    let (limits, usual) = (&plan.limits, Limits::default());
    let durations = [
        ("safety", limits.safety, usual.safety),
        ("liveness", limits.liveness, usual.liveness),
        ("stop", limits.stop, usual.stop),
    ];
    for (name, limit, usual) in durations {
        if limit != usual {
            append(&mut text, &format!("{name} {limit:?}"));
        }
    }
    if limits.records_max != usual.records_max {
        append(
            &mut text,
            &format!("at most {} records", limits.records_max),
        );
    }
    if plan.scheduler_seed != plan.seed {
        append(
            &mut text,
            &format!("scheduler seed {}", plan.scheduler_seed),
        );
    }
    text
}

/// An episode in one line, such as `crash on n2 at 1.2s for 3s`.
#[must_use]
pub fn describe_episode(episode: &Episode) -> String {
    let mut text = format!("{} {}", episode.fault.word(), fault_place(&episode.target));
    if let Some(strength) = fault_strength(&episode.fault) {
        write!(text, " ({strength})").expect("a string takes any text");
    }
    text.push(' ');
    text.push_str(&describe_start(&episode.start));
    if let Some(duration) = episode.duration {
        write!(text, " for {duration:?}").expect("a string takes any text");
    }
    text
}

fn append(text: &mut String, part: &str) {
    text.push_str(", ");
    text.push_str(part);
}

fn count(number: u64, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

fn describe_start(start: &Start) -> String {
    let (event, count) = match start {
        Start::At(time) => return format!("at {time:?}"),
        Start::On { event, count } => (event, count),
    };
    match event {
        Trigger::Restart => format!("on restart {count}"),
        Trigger::ChildStarted(child) => format!("on start {count} of {child}"),
        Trigger::SupervisorStopping => format!("on supervisor stop {count}"),
        Trigger::AbnormalExit => format!("on abnormal exit {count}"),
        Trigger::NodeStarted(node) => format!("on start {count} of {node}"),
        Trigger::MessageSent { from, to } => format!("on message {count} {from}->{to}"),
        Trigger::Note(text) => format!("on note {count} {text:?}"),
    }
}
