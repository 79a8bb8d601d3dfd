//! Where capsules are written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::CapsuleWriteError;
use super::file::Capsule;

/// A folder that takes capsules and never loses one: a file that holds another
/// capsule is left as it is, and the next free name is taken.
#[derive(Debug)]
pub struct CapsuleFolder {
    path: PathBuf,
    made: bool,
}

impl CapsuleFolder {
    /// Makes the folder if it is missing, and finds out whether it takes files.
    ///
    /// # Errors
    ///
    /// [`CapsuleWriteError::Folder`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, CapsuleWriteError> {
        let path = path.into();
        let failed = |source| CapsuleWriteError::Folder {
            path: path.clone(),
            source,
        };
        let made = !path.exists();
        fs::create_dir_all(&path).map_err(failed)?;
        let probe = path.join(format!(".probe-{}", std::process::id()));
        File::create_new(&probe)
            .and_then(|_| fs::remove_file(&probe))
            .map_err(failed)?;
        Ok(Self { path, made })
    }

    /// Writes a capsule and answers its file; one that is there already is not
    /// written again.
    ///
    /// # Errors
    ///
    /// See [`CapsuleWriteError`].
    pub fn write(&self, capsule: &Capsule) -> Result<PathBuf, CapsuleWriteError> {
        let text = capsule.to_text();
        let stem = format!("{}-{}", capsule.plan.scenario, capsule.plan.seed);
        let first = self.path.join(format!("{stem}.json"));
        for number in 1..=Capsule::SAME_NAME_MAX {
            let path = match number {
                1 => first.clone(),
                _ => self.path.join(format!("{stem}-{number}.json")),
            };
            let taken = write_new(&path, &text).map_err(|source| CapsuleWriteError::File {
                path: path.clone(),
                source,
            })?;
            if taken == Taken::ByTheSame {
                return Ok(path);
            }
        }
        Err(CapsuleWriteError::Taken { path: first })
    }
}

impl Drop for CapsuleFolder {
    fn drop(&mut self) {
        if self.made {
            // Fails, as it should, if a capsule was written.
            drop(fs::remove_dir(&self.path));
        }
    }
}

#[derive(PartialEq, Eq)]
enum Taken {
    ByTheSame,
    ByAnother,
}

/// Writes a file that must not exist yet; if it does, tells whether it is the same.
fn write_new(path: &Path, text: &str) -> io::Result<Taken> {
    match File::create_new(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            Ok(Taken::ByTheSame)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::read(path)? == text.as_bytes() {
                Ok(Taken::ByTheSame)
            } else {
                Ok(Taken::ByAnother)
            }
        }
        Err(error) => Err(error),
    }
}
