//! What can be run by its name.

use std::sync::Arc;

use steadfast_sim::Scenario;

use super::error::CommandError;
use crate::specimens::{CaughtBy, Specimen};

/// How alike two names must be for one to be meant by the other.
const SIMILARITY_MIN: f64 = 0.75;

/// How many names are proposed.
const PROPOSALS_MAX: usize = 3;

/// A scenario of the catalogue, or a specimen.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) scenario: Arc<dyn Scenario>,
    /// What must catch it, if it is a specimen.
    pub(crate) caught_by: Option<CaughtBy>,
}

/// All scenarios, then all specimens.
pub(crate) struct Subjects(Vec<Subject>);

impl Subjects {
    pub(crate) fn new(scenarios: Vec<Arc<dyn Scenario>>, specimens: Vec<Specimen>) -> Self {
        let scenarios = scenarios.into_iter().map(|scenario| Subject {
            scenario,
            caught_by: None,
        });
        let specimens = specimens.into_iter().map(|specimen| Subject {
            scenario: specimen.scenario,
            caught_by: Some(specimen.caught_by),
        });
        Self(scenarios.chain(specimens).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Subject> {
        self.0.iter()
    }

    /// The one of that name; `input` says where the name comes from.
    pub(crate) fn find(&self, name: &str, input: &str) -> Result<&Subject, CommandError> {
        let named = self.iter().find(|subject| subject.scenario.name() == name);
        named.ok_or_else(|| {
            let names = self.iter().map(|subject| subject.scenario.name());
            let hint = match proposals(name, names).as_slice() {
                [] => "`list` names all there are".to_owned(),
                proposals => format!("did you mean {}?", proposals.join(" or ")),
            };
            CommandError::usage(format!("{input}: no scenario is called {name:?}"), hint)
        })
    }
}

/// The program as it was called, for commands that can be pasted.
pub(crate) fn program() -> String {
    std::env::args()
        .next()
        .unwrap_or_else(|| "steadfast".to_owned())
}

/// The names that are most like this one, the best first.
fn proposals<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut scored: Vec<_> = names
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(score, _)| *score >= SIMILARITY_MIN)
        .collect();
    scored.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    scored
        .into_iter()
        .take(PROPOSALS_MAX)
        .map(|(_, known)| known)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_proposed_by_likeness() {
        let names = ["crash_storm", "restart_loop", "boot_order"];
        assert_eq!(proposals("crashstorm", names.into_iter()), ["crash_storm"]);
        assert_eq!(
            proposals("restrat_loop", names.into_iter()),
            ["restart_loop"]
        );
        assert!(proposals("zzz", names.into_iter()).is_empty());
    }
}
