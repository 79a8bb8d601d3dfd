//! What a capsule holds, and how it is read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::CapsuleError;
use crate::build::Build;
use crate::plan::Plan;
use crate::run_report::Run;
use crate::trace::Digest;

/// All that is needed to run one run again and to know whether it is the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capsule {
    /// The layout of the file; [`Capsule::FORMAT_VERSION`].
    pub format_version: u32,
    /// The executable that wrote it.
    pub build: Build,
    /// The key of the outcome; see [`Outcome::key`](crate::Outcome::key).
    pub outcome: String,
    /// The digest of the trace; `None` of a run whose process was killed or crashed.
    pub digest: Option<Digest>,
    /// How many records the trace has.
    pub records: u64,
    /// The plan.
    pub plan: Plan,
    /// The digests of the first 256, 512, … records, to find the first difference.
    pub prefix_digests: Vec<Digest>,
}

/// The part that says whether the rest can be understood.
#[derive(Deserialize)]
struct Envelope {
    build: Build,
}

impl Capsule {
    /// The layout that this build writes and reads.
    pub const FORMAT_VERSION: u32 = 1;

    /// How many capsules of one scenario and seed a folder holds.
    pub const SAME_NAME_MAX: usize = 100;

    /// The longest file that is read, in bytes.
    pub const BYTES_MAX: u64 = 64 * 1024 * 1024;

    /// The capsule of a run.
    #[must_use]
    pub fn new(build: Build, plan: Plan, run: &Run) -> Self {
        Self {
            format_version: Self::FORMAT_VERSION,
            build,
            outcome: run.report.outcome.key(),
            digest: run.report.known_digest(),
            records: run.report.records,
            plan,
            prefix_digests: run.prefix_digests.clone(),
        }
    }

    /// Reads a capsule. With a `build`, one of another build is refused.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong; see [`CapsuleError`].
    pub fn read(path: &Path, build: Option<&Build>) -> Result<Self, CapsuleError> {
        let value = parse(path, &read_bounded(path)?)?;
        check_format(path, &value)?;
        if let Some(build) = build {
            let envelope: Envelope = decode(path, &value)?;
            check_build(path, &envelope.build, build)?;
        }
        let capsule: Self = decode(path, &value)?;
        capsule
            .plan
            .validate()
            .map_err(|source| CapsuleError::Plan {
                path: path.to_owned(),
                source,
            })?;
        Ok(capsule)
    }

    /// The text of the file. The same capsule gives the same text.
    ///
    /// # Panics
    ///
    /// Does not: every part has a JSON form.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("every part of a capsule has a JSON form, with texts as keys");
        text.push('\n');
        text
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, CapsuleError> {
    let failed = |source| CapsuleError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(Capsule::BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > Capsule::BYTES_MAX {
        return Err(CapsuleError::Field {
            path: path.to_owned(),
            field: "(the file)".to_owned(),
            reason: format!("longer than {} bytes", Capsule::BYTES_MAX),
        });
    }
    Ok(bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Value, CapsuleError> {
    serde_json::from_slice(bytes).map_err(|error| CapsuleError::Syntax {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
        reason: without_place(&error),
    })
}

/// Before all else, for another layout may differ in everything else.
fn check_format(path: &Path, value: &Value) -> Result<(), CapsuleError> {
    match value.get("format_version") {
        Some(Value::Number(number))
            if number.as_u64() == Some(u64::from(Capsule::FORMAT_VERSION)) =>
        {
            Ok(())
        }
        Some(other) => Err(CapsuleError::Format {
            path: path.to_owned(),
            found: other.to_string(),
        }),
        None => Err(CapsuleError::Field {
            path: path.to_owned(),
            field: "format_version".to_owned(),
            reason: "missing, so this is not a capsule".to_owned(),
        }),
    }
}

/// Before the plan, for the vocabulary of another build may differ.
fn check_build(path: &Path, found: &Build, running: &Build) -> Result<(), CapsuleError> {
    let fields = [
        ("version", &found.version, &running.version),
        ("target", &found.target, &running.target),
        ("profile", &found.profile, &running.profile),
        (
            "executable",
            &found.executable.to_string(),
            &running.executable.to_string(),
        ),
    ];
    match fields
        .into_iter()
        .find(|(_, found, running)| found != running)
    {
        None => Ok(()),
        Some((field, found, running)) => Err(CapsuleError::OtherBuild {
            path: path.to_owned(),
            field,
            found: found.clone(),
            running: running.clone(),
        }),
    }
}

fn decode<'de, T: Deserialize<'de>>(path: &Path, value: &'de Value) -> Result<T, CapsuleError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = error.path().to_string();
        let whole = field == ".";
        CapsuleError::Field {
            path: path.to_owned(),
            field: if whole {
                "(the file)".to_owned()
            } else {
                field
            },
            reason: without_place(error.inner()),
        }
    })
}

/// What a JSON error says, without the place that is told apart from it.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}
