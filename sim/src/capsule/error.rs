//! Why a capsule cannot be read or written.

use std::io;
use std::path::PathBuf;

use super::file::Capsule;
use crate::plan::PlanError;

/// A capsule cannot be replayed. Reading has no effect, and a retry cannot help
/// unless the file changes; each message names the file and the field.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CapsuleError {
    /// The file cannot be read.
    #[error("capsule {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not JSON, or not text, or cut off.
    #[error("capsule {}: line {line}, column {column}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A field is missing, unknown or of the wrong kind.
    #[error("capsule {}: {field}: {reason}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The path of the field, such as `plan.episodes[2].target`.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file has the layout of another version.
    #[error(
        "capsule {}: format_version is {found}, and this build reads {}",
        path.display(), Capsule::FORMAT_VERSION
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: String,
    },
    /// The run belongs to another executable, so it would not be the same run.
    #[error(
        "capsule {}: build.{field} is {found}, and this build's is {running}",
        path.display()
    )]
    OtherBuild {
        /// The file.
        path: PathBuf,
        /// The first field of the build that differs.
        field: &'static str,
        /// Its value in the file.
        found: String,
        /// Its value in the running executable.
        running: String,
    },
    /// The plan is complete but cannot be run.
    #[error("capsule {}: plan: {source}", path.display())]
    Plan {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: PlanError,
    },
}

impl CapsuleError {
    /// What can be done about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Read { .. } => "name a file that exists and can be read",
            Self::Syntax { .. } | Self::Field { .. } | Self::Plan { .. } => {
                "correct the file by hand, or run the seed again to write it anew"
            }
            Self::Format { .. } => {
                "replay it with the build that wrote it, or run the seed again to write it anew"
            }
            Self::OtherBuild { .. } => {
                "replay it with the build that wrote it, or say --any-build to run its plan with \
                 this one"
            }
        }
    }
}

/// A capsule cannot be written. Nothing was overwritten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CapsuleWriteError {
    /// The folder cannot be made, or nothing can be written into it. A retry helps
    /// once that has changed.
    #[error("capsules cannot be written into {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A capsule cannot be written. A retry helps once that has changed.
    #[error("capsule {} cannot be written: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There are that many other capsules of this scenario and seed already. A retry
    /// helps once some are gone.
    #[error(
        "{} and {} more of that name hold other capsules, and none is overwritten",
        path.display(), Capsule::SAME_NAME_MAX - 1
    )]
    Taken {
        /// The first of them.
        path: PathBuf,
    },
}
