//! What a sweep does with the seeds that failed.

use std::path::{Path, PathBuf};

use serde::Serialize;
use steadfast_sim::report::FailureReport;
use steadfast_sim::sweep::{PlannedRun, SeedResult};
use steadfast_sim::{Build, Capsule, CapsuleFolder, CapsuleWriteError, Outcome};

use crate::cli::{CommandError, Format, Output, program};
use crate::exit_code::ExitCode;

/// How many failures are told in full; each is another scenario or another outcome.
const REPORTS_MAX: usize = 8;

/// How many different failures are listed.
const KINDS_MAX: usize = 100;

/// How many seeds of one failure are listed.
const SEEDS_MAX: usize = 5;

/// How many capsules one sweep writes.
const CAPSULES_MAX: u64 = 1_000;

/// Takes results, writes capsules of those that failed, and tells of them.
pub(super) struct Failures {
    folder: CapsuleFolder,
    build: Option<Build>,
    format: Format,
    capsules: u64,
    listed: Listed,
}

/// The failures of a sweep, alike ones together.
pub(super) struct Listed {
    pub(super) kinds: Vec<Kind>,
    pub(super) worst: ExitCode,
}

/// Seeds of one scenario that failed the same way.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Kind {
    pub(super) scenario: String,
    /// The key of the outcome.
    pub(super) outcome: String,
    /// How many seeds failed so.
    pub(super) count: u64,
    /// The first of them.
    pub(super) seeds: Vec<u64>,
    /// The capsule of the first one.
    pub(super) capsule: Option<PathBuf>,
    /// The command that runs the first one again.
    pub(super) command: String,
}

impl Failures {
    /// Finds out whether capsules can be written before anything is run.
    pub(super) fn open(folder: &Path, format: Format) -> Result<Self, CommandError> {
        Ok(Self {
            folder: CapsuleFolder::open(folder).map_err(|error| unwritable(&error))?,
            build: None,
            format,
            capsules: 0,
            listed: Listed {
                kinds: Vec::new(),
                worst: ExitCode::Passed,
            },
        })
    }

    /// Takes the next result.
    pub(super) fn take(
        &mut self,
        result: &SeedResult,
        output: &mut Output,
    ) -> Result<(), CommandError> {
        let outcome = &result.planned.run.report.outcome;
        if *outcome == Outcome::Passed {
            return Ok(());
        }
        self.listed.worst = self.listed.worst.max(ExitCode::of(outcome));
        let capsule = self.write_capsule(&result.planned)?;
        let (scenario, key) = (result.planned.plan.scenario.to_string(), outcome.key());
        let kinds = &mut self.listed.kinds;
        let known = kinds
            .iter_mut()
            .find(|kind| kind.scenario == scenario && kind.outcome == key);
        if let Some(kind) = known {
            kind.count += 1;
            if kind.seeds.len() < SEEDS_MAX {
                kind.seeds.push(result.seed);
            }
            return Ok(());
        }
        if kinds.len() >= KINDS_MAX {
            return Ok(());
        }
        let command = command(&scenario, result.seed);
        if kinds.len() < REPORTS_MAX && self.format == Format::Text {
            let report = FailureReport {
                planned: &result.planned,
                capsule: capsule.as_deref(),
                command: &command,
            };
            output.line(report)?;
            output.line("")?;
            output.flush()?;
        }
        kinds.push(Kind {
            scenario,
            outcome: key,
            count: 1,
            seeds: vec![result.seed],
            capsule,
            command,
        });
        Ok(())
    }

    pub(super) fn into_listed(self) -> Listed {
        self.listed
    }

    fn write_capsule(&mut self, planned: &PlannedRun) -> Result<Option<PathBuf>, CommandError> {
        if self.capsules == CAPSULES_MAX {
            return Ok(None);
        }
        self.capsules += 1;
        let build = match &self.build {
            Some(build) => build.clone(),
            None => self.build.insert(current_build()?).clone(),
        };
        let capsule = Capsule::new(build, planned.plan.clone(), &planned.run);
        match self.folder.write(&capsule) {
            Ok(path) => Ok(Some(path)),
            Err(error) => Err(unwritable(&error)),
        }
    }
}

/// The build of this executable.
pub(super) fn current_build() -> Result<Build, CommandError> {
    Build::current()
        .map_err(|error| CommandError::internal("this executable cannot be read", &error))
}

/// The command that runs a seed again.
pub(super) fn command(scenario: &str, seed: u64) -> String {
    format!("{} replay {scenario} --seed {seed}", program())
}

fn unwritable(error: &CapsuleWriteError) -> CommandError {
    CommandError::usage(
        error.to_string(),
        "name a folder that can be written to with --out DIR; no file is overwritten",
    )
}
