//! What one owner holds after so many steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::row::{Record, Row, ScopeClaim, Step, without_handle};
use crate::label::Label;
use crate::registry::change::Cause;

/// The scopes and rows of one owner after its step number `sequence`.
#[derive(Debug, Clone, Default)]
pub(super) struct Holdings {
    pub(super) sequence: u64,
    pub(super) scopes: BTreeMap<Label, ScopeClaim>,
    pub(super) rows: BTreeMap<u64, Arc<Row>>,
}

/// What a step did to the holdings.
#[derive(Debug)]
pub(super) enum Moved {
    /// A scope is new, or claimed differently.
    ScopeOpened(Label),
    /// A scope is gone with these rows.
    ScopeClosed(Label, Vec<Arc<Row>>),
    /// A row is new.
    Added(Arc<Row>),
    /// A row is another one.
    Replaced(Arc<Row>),
    /// A row is gone.
    Removed(Arc<Row>, Cause),
    /// The step was about a row that is not there.
    Nothing,
}

impl Holdings {
    /// Applies the next step.
    pub(super) fn apply(&mut self, step: &Step) -> Moved {
        self.sequence += 1;
        match step {
            Step::ScopeOpened { scope, claim } => {
                self.scopes.insert(scope.clone(), *claim);
                Moved::ScopeOpened(scope.clone())
            }
            Step::ScopeClosed { scope } => {
                self.scopes.remove(scope);
                let inside = |row: &Arc<Row>| row.claim.key.scope == *scope;
                let gone = self.rows.values().filter(|row| inside(row));
                let gone: Vec<_> = gone.cloned().collect();
                self.rows.retain(|_, row| !inside(row));
                Moved::ScopeClosed(scope.clone(), gone)
            }
            Step::Registered(row) => {
                self.rows.insert(row.number, row.clone());
                Moved::Added(row.clone())
            }
            Step::Updated { row, metadata } => {
                let Some(row) = self.rows.get_mut(row) else {
                    return Moved::Nothing;
                };
                Arc::make_mut(row).metadata = metadata.clone();
                Moved::Replaced(row.clone())
            }
            Step::Removed { row, cause } => match self.rows.remove(row) {
                Some(row) => Moved::Removed(row, cause.clone()),
                None => Moved::Nothing,
            },
        }
    }

    /// Everything, scopes first, rows in the order of their numbers.
    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        let scopes = self.scopes.iter().map(|(scope, claim)| Record::Scope {
            scope: scope.clone(),
            claim: *claim,
        });
        let rows = self.rows.values().cloned();
        scopes.chain(rows.map(without_handle).map(Record::Row))
    }

    /// What the records of a snapshot say.
    pub(super) fn from_records(sequence: u64, records: impl IntoIterator<Item = Record>) -> Self {
        let mut holdings = Self {
            sequence,
            ..Self::default()
        };
        for record in records {
            match record {
                Record::Scope { scope, claim } => {
                    holdings.scopes.insert(scope, claim);
                }
                Record::Row(row) => {
                    holdings.rows.insert(row.number, row);
                }
            }
        }
        holdings
    }
}
