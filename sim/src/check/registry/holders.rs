//! A name has one holder at a time, and facts about it fit together.

use super::super::checker::{Checker, Findings};
use super::views::Views;
use crate::trace::Record;

/// Checks that what each node announces of its registries is a history that a registry
/// can have.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `a_name_has_one_holder` | a unique name is registered while the node sees a holder |
/// | `only_what_is_held_changes` | a registration is updated or goes that the node does not see |
/// | `an_update_changes_something` | metadata are updated to what they were |
/// | `revisions_grow` | a change has no higher revision than the one before it on that node |
/// | `a_registration_keeps_its_revision` | a registration goes with another revision than it had |
/// | `a_scope_opens_and_closes` | a scope is opened twice, closed twice, or used while it is not open |
/// | `a_closed_scope_is_empty` | a scope is closed before its registrations went |
///
/// Bounded by what the nodes see.
#[derive(Default)]
pub struct Holders {
    views: Views,
}

impl Holders {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            views: Views::new(),
        }
    }
}

impl Checker for Holders {
    fn name(&self) -> &'static str {
        "registry_holders"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        for misfit in self.views.observe(record) {
            findings.violated(misfit.invariant, misfit.detail);
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}
