//! Whoever is refused a name learns who holds it.

use steadfast::event::{Event, RegistryEvent};

use super::super::checker::{Checker, Findings};
use super::views::Views;
use crate::trace::{Record, TraceEvent};

/// Checks that a refusal tells the truth.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `a_refusal_names_the_holder` | a process is refused a name for a holder that the node does not see |
/// | `nobody_is_refused_what_it_holds` | a process is refused a name that it holds itself |
///
/// Bounded by what the nodes see.
#[derive(Default)]
pub struct Refusals {
    views: Views,
}

impl Refusals {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            views: Views::new(),
        }
    }

    fn refused(&self, record: &Record, event: &RegistryEvent, findings: &mut Findings) {
        let RegistryEvent::NameRefused {
            registry,
            key,
            process,
            holder,
        } = event
        else {
            return;
        };
        if process == holder {
            let detail = format!("{process} was refused {key}, because it holds it itself");
            findings.violated("nobody_is_refused_what_it_holds", detail);
            return;
        }
        let view = record.node.and_then(|node| self.views.view(node, registry));
        let held = view.map_or(&[][..], |view| view.held(key));
        if held.iter().all(|held| held.process != *holder) {
            let seen: Vec<_> = held.iter().map(|held| held.process.to_string()).collect();
            let seen = match seen.as_slice() {
                [] => "nobody does".to_owned(),
                seen => format!("it is held by {}", seen.join(", ")),
            };
            let detail = format!("{process} was refused {key}, held by {holder}, but {seen}");
            findings.violated("a_refusal_names_the_holder", detail);
        }
    }
}

impl Checker for Refusals {
    fn name(&self) -> &'static str {
        "registry_refusals"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        if let TraceEvent::Core(Event::Registry(event)) = &record.event {
            self.refused(record, event, findings);
        }
        self.views.observe(record);
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
