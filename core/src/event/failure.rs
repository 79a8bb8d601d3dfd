//! Facts about failures.

use serde::{Deserialize, Serialize};

use crate::failure::{FailureId, Settlement, Severity};
use crate::label::Label;
use crate::process::ProcessId;

/// The books of failures: what was delivered must be settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureEvent {
    /// The runtime handed a failure to core code.
    Delivered {
        /// The failure.
        failure: FailureId,
        /// The process it was handed to, if it was a process.
        process: Option<ProcessId>,
        /// What failed, with its causes.
        what: Label,
    },
    /// The failure was dealt with.
    Settled {
        /// The failure.
        failure: FailureId,
        /// How.
        how: Settlement,
    },
    /// The failure was dropped without being dealt with: a swallowed error.
    Dropped {
        /// The failure.
        failure: FailureId,
        /// What failed, with its causes.
        what: Label,
    },
    /// An incident: a failure that was reported, or a fact worth an operator's eye.
    Incident {
        /// How bad it is.
        severity: Severity,
        /// The failure behind it, if there is one.
        failure: Option<FailureId>,
        /// What happened.
        what: Label,
    },
}
