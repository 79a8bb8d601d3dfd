//! The runs that once found a bug, replayed.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use steadfast_sim::trace::Capture;
use steadfast_sim::{Outcome, Plan, run_plan};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seeds {
    run: Vec<Found>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    scenario: String,
    plan: PathBuf,
    found: String,
}

#[test]
fn runs_that_found_a_bug_pass_now() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(folder.join("seeds.toml")).expect("the list can be read");
    let seeds: Seeds = toml::from_str(&text).expect("the list is as its head says");
    assert!(!seeds.run.is_empty());
    for found in seeds.run {
        let text = fs::read_to_string(folder.join(&found.plan)).expect("the plan is there");
        let plan: Plan = serde_json::from_str(&text).expect("the plan can be read");
        assert_eq!(plan.scenario, *found.scenario, "{}", found.plan.display());
        plan.validate().expect("the plan can be run");
        let catalogue = steadfast_scenarios::catalogue();
        let scenario = catalogue
            .into_iter()
            .find(|scenario| scenario.name() == found.scenario);
        let scenario = scenario.expect("the scenario is in the catalogue");
        // A fresh thread, as every run needs.
        #[expect(clippy::disallowed_methods, reason = "a run has a thread of its own")]
        let run = std::thread::spawn(move || run_plan(&*scenario, &plan, Capture::Nothing));
        let report = run.join().expect("a run does not panic").report;
        assert_eq!(
            report.outcome,
            Outcome::Passed,
            "{}: {}",
            found.plan.display(),
            found.found
        );
    }
}
