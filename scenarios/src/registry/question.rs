//! Questions to a registry, drawn.

use steadfast::Label;
use steadfast::process::ProcessId;
use steadfast::registry::{Condition, Query};
use steadfast_sim::check::Asked;

use crate::draw::Draw;

/// A question that belongs to a number.
pub(crate) fn drawn(number: u64, processes: &[ProcessId]) -> Asked {
    let mut draw = Draw::new(number, "question");
    let mut asked = Asked::default();
    match draw.between(0, 5) {
        0 => asked.name = Some(draw.one_of(&["w/0", "w/1", "n3", "g0", "nobody"]).into()),
        1 => asked.prefix = Some(draw.one_of(&["w/", "home/", "n", "x"]).into()),
        2 => asked.process = processes.get(draw.between(0, 7) as usize).copied(),
        _ => {}
    }
    for _ in 0..draw.between(0, 2) {
        asked.fields.push(condition(&mut draw));
    }
    if draw.chance(0.3) {
        asked.limit = Some(draw.between(1, 4) as usize);
    }
    asked
}

fn condition(draw: &mut Draw) -> (Label, Condition) {
    let tier = draw.between(0, 2) as i64;
    let role = draw.one_of(&["a", "b", "c"]);
    match draw.between(0, 7) {
        0..=2 => ("tier".into(), Condition::Is(tier.into())),
        3 => ("roles".into(), Condition::Is(role.into())),
        4 => ("tier".into(), Condition::Less(tier.into())),
        5 => ("tier".into(), Condition::Greater(tier.into())),
        6 => ("roles".into(), Condition::NoneOf(vec![role.into()])),
        _ => {
            let condition = draw.one_of(&[true, false]);
            let presence = if condition {
                Condition::Present
            } else {
                Condition::Absent
            };
            ("count".into(), presence)
        }
    }
}

/// The same question in the words of the library.
pub(crate) fn query(asked: &Asked) -> Query {
    let mut query = Query::all();
    if let Some(name) = &asked.name {
        query = query.name(name);
    }
    if let Some(prefix) = &asked.prefix {
        query = query.prefix(prefix);
    }
    if let Some(process) = asked.process {
        query = query.held_by(process);
    }
    for (field, condition) in &asked.fields {
        query = query.field(field, condition.clone());
    }
    match asked.limit {
        Some(limit) => query.limit(limit),
        None => query,
    }
}
