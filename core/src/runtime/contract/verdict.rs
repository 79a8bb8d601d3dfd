//! Whether a promise was kept, and the words that cases are written in.

use crate::runtime::{BindError, SendError, StorageError};

/// A promise was broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Broken {
    /// What was seen instead.
    pub what: String,
}

/// An operation that a case needs, and that must not fail here, failed.
impl From<BindError> for Broken {
    fn from(error: BindError) -> Self {
        Self::unexpected(&error)
    }
}

impl From<SendError> for Broken {
    fn from(error: SendError) -> Self {
        Self::unexpected(&error)
    }
}

impl From<StorageError> for Broken {
    fn from(error: StorageError) -> Self {
        Self::unexpected(&error)
    }
}

impl Broken {
    fn unexpected(error: &dyn std::error::Error) -> Self {
        let what = format!("an operation that must not fail said: {error}");
        Self { what }
    }
}

/// Whether a promise was kept.
pub(super) type Verdict = Result<(), Broken>;

/// Lists the cases of one file: id, claim, check.
macro_rules! promises {
    ($($id:literal $claim:literal $case:ident;)*) => {
        /// The cases of this file.
        pub(super) fn cases<H: $crate::runtime::contract::harness::Harness>()
        -> Vec<$crate::runtime::contract::case::Case<H>> {
            vec![$($crate::runtime::contract::case::Case::new(
                $id,
                $claim,
                |harness| Box::pin($case(harness)),
            )),*]
        }
    };
}

/// Breaks the promise with what was seen, unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($what:tt)*) => {
        if !$condition {
            return Err($crate::runtime::contract::verdict::Broken { what: format!($($what)*) });
        }
    };
}

/// Breaks the promise unless both sides are equal.
macro_rules! ensure_eq {
    ($seen:expr, $expected:expr, $what:literal) => {
        match (&$seen, &$expected) {
            (seen, expected) => ensure!(
                seen == expected,
                "{}: {seen:?} instead of {expected:?}",
                format_args!($what)
            ),
        }
    };
}

pub(super) use {ensure, ensure_eq, promises};
