//! Which executable a run belongs to.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::trace::Digest;

/// The identity of an executable.
///
/// A run is a function of its plan and of every byte of code that takes part in it:
/// this workspace, its dependencies, the compiler and its flags. The hash of the
/// executable covers them all; the other fields are there for a reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The version of this package.
    pub version: String,
    /// The machine that it was built for, such as `x86_64-linux`.
    pub target: String,
    /// `debug` or `release`.
    pub profile: String,
    /// The hash of the executable file.
    pub executable: Digest,
}

impl Build {
    /// The build of the running executable. Reads the whole file once.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn current() -> io::Result<Self> {
        let profile = if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        };
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            profile: profile.to_owned(),
            executable: hash(File::open(Self::executable_file()?)?)?,
        })
    }

    /// The file that runs, even if a newer one has taken its place since.
    ///
    /// # Errors
    ///
    /// If the operating system does not tell.
    pub fn executable_file() -> io::Result<PathBuf> {
        let running = PathBuf::from("/proc/self/exe");
        if running.exists() {
            Ok(running)
        } else {
            std::env::current_exe()
        }
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {}",
            self.version, self.target, self.profile, self.executable
        )
    }
}

fn hash(mut file: impl Read) -> io::Result<Digest> {
    let mut hasher = Xxh3::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Digest(hasher.digest128())),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_the_same_when_asked_twice_and_changes_with_one_byte() {
        assert_eq!(Build::current().unwrap(), Build::current().unwrap());
        assert_ne!(hash(&b"abc"[..]).unwrap(), hash(&b"abd"[..]).unwrap());
    }
}
