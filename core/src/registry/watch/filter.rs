//! Whether a change concerns a filter. Pure.

use crate::label::Label;
use crate::registry::change::Change;
use crate::registry::error::RegistryError;
use crate::registry::key::check_scope;
use crate::registry::query::Query;

/// Which changes of a scope a subscriber wants to hear of. Two filters are the same
/// if they are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) scope: Label,
    pub(super) query: Query,
}

impl Filter {
    /// A filter that makes sense.
    pub(super) fn new(scope: Label, query: Query) -> Result<Self, RegistryError> {
        check_scope(&scope)?;
        query.check()?;
        if query.most().is_some() {
            return Err(RegistryError::InvalidQuery {
                why: "a watch has no limit".into(),
            });
        }
        Ok(Self { scope, query })
    }

    /// Whether a change is told: its entry is one that the query means, or was one
    /// until this change.
    pub(super) fn concerns(&self, change: &Change) -> bool {
        let entry = change.entry();
        if self.scope != entry.key.scope {
            return false;
        }
        let means_it = self.query.matches(entry);
        match change {
            Change::Registered(_) | Change::Unregistered { .. } => means_it,
            Change::Updated { before, .. } => means_it || self.query.matches_with(entry, before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::ProcessId;
    use crate::registry::{Cause, Entry, Key, Metadata};
    use crate::runtime::{Incarnation, NodeId};

    fn entry(metadata: Metadata) -> Entry {
        Entry {
            key: Key::new("s", "a/1"),
            process: ProcessId {
                node: NodeId(1),
                incarnation: Incarnation(1),
                local: 1,
            },
            metadata,
            revision: 1,
            handle: None,
        }
    }

    #[test]
    fn a_change_that_ends_a_match_is_told_and_one_that_never_matched_is_not() {
        let filter = Filter::new("s".into(), Query::all().is("tier", 1)).unwrap();
        let (one, two) = (
            Metadata::new().with("tier", 1),
            Metadata::new().with("tier", 2),
        );
        let updated = |before: &Metadata, now: &Metadata| Change::Updated {
            entry: entry(now.clone()),
            before: before.clone(),
        };
        assert!(filter.concerns(&updated(&one, &two)));
        assert!(filter.concerns(&updated(&two, &one)));
        assert!(!filter.concerns(&updated(&two, &two)));
        assert!(filter.concerns(&Change::Registered(entry(one.clone()))));
        assert!(!filter.concerns(&Change::Registered(entry(two.clone()))));
        let cause = Cause::Exited;
        let gone = |metadata| Change::Unregistered {
            entry: entry(metadata),
            cause: cause.clone(),
        };
        assert!(filter.concerns(&gone(one)));
        assert!(!filter.concerns(&gone(two)));
    }

    #[test]
    fn equal_names_in_another_scope_are_another_matter() {
        let filter = Filter::new("t".into(), Query::all()).unwrap();
        assert!(!filter.concerns(&Change::Registered(entry(Metadata::new()))));
    }

    #[test]
    fn a25_a_filter_that_makes_no_sense_is_refused() {
        assert!(Filter::new("s".into(), Query::all().limit(1)).is_err());
        assert!(Filter::new("s".into(), Query::all().is("", 1)).is_err());
        assert!(Filter::new("".into(), Query::all()).is_err());
    }
}
