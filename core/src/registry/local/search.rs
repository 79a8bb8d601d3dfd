//! Answers queries from a table by the shortest way.

use super::holdings::Held;
use super::index::Posting;
use super::names::Slot;
use super::row::Row;
use super::scope::Scope;
use super::table::Table;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::{Entry, Key, Query};

/// Looks at one registration; says whether to go on.
type Visit<'a> = &'a mut dyn FnMut(&Key, &Row) -> bool;

/// Registrations among which all that a query means are found, in the order of
/// answers.
enum Candidates<'a> {
    /// All of these names.
    Names(Box<dyn Iterator<Item = &'a Label> + 'a>),
    /// These registrations.
    Rows(Box<dyn Iterator<Item = (&'a Label, ProcessId, u64)> + 'a>),
}

impl Table {
    /// What the query means in a scope, in the order of name, process and revision,
    /// cut to its limit.
    pub(crate) fn select(&self, scope: &str, query: &Query) -> Vec<Entry> {
        let most = query.most().unwrap_or(usize::MAX);
        let mut found = Vec::new();
        self.visit(scope, query, &mut |key, row| {
            let entry = row.entry(key);
            found.push(entry.expect("the handle of a registration is kept while it is there"));
            found.len() < most
        });
        found
    }

    /// How many registrations the query means in a scope, cut to its limit.
    pub(crate) fn count(&self, scope: &str, query: &Query) -> usize {
        let most = query.most().unwrap_or(usize::MAX);
        let mut found = 0;
        self.visit(scope, query, &mut |_, _| {
            found += 1;
            found < most
        });
        found
    }

    /// Shows every registration that the query means, in order, until `visit` says no.
    fn visit(&self, scope: &str, query: &Query, visit: Visit<'_>) {
        let Some(scope) = self.scopes.get(scope) else {
            return;
        };
        let mut filtered =
            |key: &Key, row: &Row| !query.means(key, row.process, &row.metadata) || visit(key, row);
        match self.candidates(scope, query) {
            Candidates::Names(mut names) => {
                names.all(|name| self.visit_name(scope, name, &mut filtered));
            }
            Candidates::Rows(mut rows) => {
                rows.all(|(name, process, join)| {
                    self.visit_row(scope, name, process, join, &mut filtered)
                });
            }
        }
    }

    fn candidates<'a>(&'a self, scope: &'a Scope, query: &'a Query) -> Candidates<'a> {
        if let Some(name) = query.exact_name() {
            return Candidates::Names(Box::new(std::iter::once(name)));
        }
        if let Some(process) = query.holder() {
            let held = self.holdings.of(process);
            let here = held.filter(|held| held.key.scope == scope.label);
            return Candidates::Rows(Box::new(here.map(of_held)));
        }
        let equal = query.equalities();
        let found = equal.filter_map(|(field, value)| scope.index.find(field, value));
        let fewest = found.min_by_key(|found| found.map_or(0, std::collections::BTreeSet::len));
        if let Some(fewest) = fewest {
            let rows = fewest.into_iter().flatten();
            return Candidates::Rows(Box::new(rows.map(of_posting)));
        }
        match query.name_prefix() {
            Some(prefix) => {
                let names = scope.names.range::<Label, _>(prefix..);
                let below = names.take_while(move |name| name.starts_with(&**prefix));
                Candidates::Names(Box::new(below))
            }
            None => Candidates::Names(Box::new(scope.names.iter())),
        }
    }

    fn visit_name(&self, scope: &Scope, name: &Label, visit: Visit<'_>) -> bool {
        let probe = self.names.map().probe(&scope.label, name);
        let seen = self.names.map().read(probe, |key, slot| match slot {
            Slot::One(row) => visit(key, row),
            Slot::Group(members) => members.iter().all(|row| visit(key, row)),
        });
        seen.unwrap_or(true)
    }

    fn visit_row(
        &self,
        scope: &Scope,
        name: &Label,
        process: ProcessId,
        join: u64,
        visit: Visit<'_>,
    ) -> bool {
        let probe = self.names.map().probe(&scope.label, name);
        let seen = self.names.map().read(probe, |key, slot| match slot {
            Slot::One(row) => visit(key, row),
            Slot::Group(members) => members
                .get((process, join))
                .is_none_or(|row| visit(key, row)),
        });
        seen.unwrap_or(true)
    }
}

fn of_held(held: &Held) -> (&Label, ProcessId, u64) {
    (&held.key.name, held.process, held.join)
}

fn of_posting(posting: &Posting) -> (&Label, ProcessId, u64) {
    (&posting.name, posting.process, posting.join)
}
