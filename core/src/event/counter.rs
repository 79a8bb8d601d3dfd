//! Facts about counters.

use serde::{Deserialize, Serialize};

use crate::label::Label;
use crate::store::Revision;

/// What became of an operation on a counter. In every fact `counter` is its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CounterEvent {
    /// Something was added, and that is certain.
    Added {
        /// The counter.
        counter: Label,
        /// What was added.
        by: i64,
        /// The value from here on.
        value: i64,
        /// The state of the store from here on.
        revision: Revision,
    },
    /// The value was replaced, and that is certain.
    Stored {
        /// The counter.
        counter: Label,
        /// The value before, if there was one.
        from: Option<i64>,
        /// The value from here on.
        to: i64,
        /// The state of the store from here on.
        revision: Revision,
    },
    /// The value was read.
    Loaded {
        /// The counter.
        counter: Label,
        /// The value.
        value: i64,
        /// The state of the store.
        revision: Revision,
    },
    /// An addition or a replacement may have happened or may yet happen, once.
    Unknown {
        /// The counter.
        counter: Label,
        /// What may have been added; by a replacement, the difference that it would make.
        by: i64,
    },
    /// An operation certainly did not happen.
    Refused {
        /// The counter.
        counter: Label,
        /// Why.
        why: Label,
    },
}
