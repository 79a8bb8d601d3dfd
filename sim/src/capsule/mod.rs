//! Files that replay one run.

mod error;
mod file;
mod folder;
#[cfg(test)]
mod tests;

pub use error::{CapsuleError, CapsuleWriteError};
pub use file::Capsule;
pub use folder::CapsuleFolder;
