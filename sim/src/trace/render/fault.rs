//! The words for fault episodes.

use steadfast::runtime::NodeId;

use super::names::Names;
use crate::fault::{Delay, Fault, Target};
use crate::trace::FaultEvent;

pub(super) fn event(names: &Names, event: &FaultEvent) -> String {
    match event {
        FaultEvent::Armed { episode } => format!("fault {} armed", names.fault(*episode)),
        FaultEvent::Fired {
            episode,
            fault,
            target,
        } => {
            let (name, place) = (names.fault(*episode), place(target));
            match strength(fault) {
                None => format!("fault {name} fired {place}"),
                Some(strength) => format!("fault {name} fired {place}: {strength}"),
            }
        }
        FaultEvent::Effective { episode } => {
            format!("fault {} was effective", names.fault(*episode))
        }
        FaultEvent::Healed { episode, after } => {
            format!("fault {} healed after {after:?}", names.fault(*episode))
        }
    }
}

/// Where a fault holds, such as `on n2`.
pub(crate) fn place(target: &Target) -> String {
    match target {
        Target::All => "everywhere".to_owned(),
        Target::Node(node) => format!("on {node}"),
        Target::Link { from, to } => format!("on {from}->{to}"),
        Target::Between { left, right } => {
            format!("between {} and {}", group(left), group(right))
        }
        Target::OneWay { from, to } => format!("from {} to {}", group(from), group(to)),
    }
}

fn group(nodes: &[NodeId]) -> String {
    let nodes: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
    nodes.join(", ")
}

/// How strong a fault is, for those that have degrees.
pub(crate) fn strength(fault: &Fault) -> Option<String> {
    match fault {
        Fault::Drop { probability }
        | Fault::Duplicate { probability }
        | Fault::DiskError { probability } => Some(format!("probability {probability}")),
        Fault::Reorder {
            probability,
            window,
        } => Some(format!("probability {probability}, up to {window:?}")),
        Fault::Delay(Delay::Uniform { min, max }) => Some(format!("{min:?} to {max:?}")),
        Fault::Delay(Delay::Exponential { mean }) => Some(format!("{mean:?} on average")),
        Fault::Delay(Delay::Bimodal {
            fast,
            slow,
            slow_probability,
        }) => Some(format!(
            "{fast:?}, or {slow:?} with probability {slow_probability}"
        )),
        Fault::Cut { in_flight: true } => Some("with what is under way".to_owned()),
        Fault::Slow { factor } => Some(format!("{factor} times")),
        Fault::ClockOffset { offset_ms } => Some(format!("{offset_ms:+} ms")),
        Fault::ClockDrift { rate_ppm } => Some(format!("{rate_ppm:+} ppm")),
        Fault::Hold
        | Fault::Cut { in_flight: false }
        | Fault::Crash { .. }
        | Fault::Pause
        | Fault::TornTail
        | Fault::DiskFull => None,
    }
}
