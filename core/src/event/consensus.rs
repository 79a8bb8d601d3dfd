//! Facts about agreements on a value.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::label::Label;
use crate::store::Revision;

/// What became of a proposal. In every fact `instance` is the name of what is being
/// agreed on; values are shown as text, shortened if they are long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConsensusEvent {
    /// A value is proposed.
    Proposed {
        /// The instance.
        instance: Label,
        /// The value.
        value: Label,
    },
    /// A proposer, or whoever asked, learned what is agreed on, for good.
    Committed {
        /// The instance.
        instance: Label,
        /// The value agreed on, whoever proposed it.
        value: Label,
        /// Its place in the log of the store.
        index: Revision,
        /// How long that took.
        took: Duration,
    },
    /// A proposal certainly came to nothing.
    Aborted {
        /// The instance.
        instance: Label,
        /// The value, which was not and will not be chosen by this proposal.
        value: Label,
        /// Why.
        why: Label,
    },
    /// A proposer stopped waiting.
    TimedOut {
        /// The instance.
        instance: Label,
        /// The value.
        value: Label,
        /// How long it waited.
        waited: Duration,
        /// Whether the value may have been chosen by this proposal, or may yet be. If not,
        /// it certainly was not and will not.
        pending: bool,
    },
}
