//! What `replay` and `trace` are about: a seed, a capsule or a trace file.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use steadfast_sim::sweep::Source;
use steadfast_sim::{Capsule, Scenario};

use super::failures::current_build;
use crate::cli::{CommandError, Subjects};

/// How every trace file begins.
const TRACE_FILE_START: &[u8] = b"{\"header\":";

/// What is named on the command line.
pub(super) enum Target {
    /// A seed of a scenario.
    Seed {
        scenario: Arc<dyn Scenario>,
        seed: u64,
    },
    /// A capsule.
    Capsule {
        scenario: Arc<dyn Scenario>,
        capsule: Box<Capsule>,
    },
    /// A trace file, which needs no run.
    TraceFile,
}

impl Target {
    /// Finds out what is named.
    pub(super) fn resolve(
        subjects: &Subjects,
        name: &str,
        seed: Option<u64>,
        any_build: bool,
    ) -> Result<Self, CommandError> {
        if let Some(seed) = seed {
            let scenario = subjects.find(name, "--seed")?.scenario.clone();
            return Ok(Self::Seed { scenario, seed });
        }
        let path = Path::new(name);
        if !path.exists() {
            let subject = subjects.find(name, "there is no such file, and as a scenario")?;
            return Err(CommandError::usage(
                format!(
                    "{} is a scenario, and no seed of it is named",
                    subject.scenario.name()
                ),
                format!("say which: {name} --seed N"),
            ));
        }
        if is_trace_file(path) {
            return Ok(Self::TraceFile);
        }
        let build = if any_build {
            None
        } else {
            Some(current_build()?)
        };
        let capsule = Capsule::read(path, build.as_ref())
            .map_err(|error| CommandError::usage(error.to_string(), error.remedy()))?;
        let input = format!("capsule {name}: plan.scenario");
        let scenario = subjects
            .find(&capsule.plan.scenario, &input)?
            .scenario
            .clone();
        Ok(Self::Capsule {
            scenario,
            capsule: Box::new(capsule),
        })
    }
}

/// What is to be run, if anything is.
pub(super) fn source(target: &Target) -> Option<(&dyn Scenario, Source<'_>)> {
    match target {
        Target::Seed { scenario, seed } => Some((&**scenario, Source::Seed(*seed))),
        Target::Capsule { scenario, capsule } => Some((&**scenario, Source::Plan(&capsule.plan))),
        Target::TraceFile => None,
    }
}

fn is_trace_file(path: &Path) -> bool {
    let mut start = [0; TRACE_FILE_START.len()];
    // A file that cannot be read is told of when it is read as a capsule.
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut start))
        .is_ok_and(|()| start == *TRACE_FILE_START)
}
