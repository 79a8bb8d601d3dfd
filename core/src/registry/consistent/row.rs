//! What is said in the store of one registration.

use serde::{Deserialize, Serialize};

use crate::process::ProcessId;
use crate::registry::metadata::Metadata;
use crate::store;

/// One registration, as the store has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) process: ProcessId,
    pub(super) metadata: Metadata,
    /// As it was registered first; kept for other backends.
    pub(super) priority: i32,
}

impl Row {
    pub(super) fn encoded(&self) -> store::Value {
        encoded(self)
    }
}

/// The bytes of a value.
pub(super) fn encoded<T: Serialize>(value: &T) -> store::Value {
    let bytes = postcard::to_allocvec(value);
    bytes.expect("memory is all that encoding needs").into()
}

/// What bytes say; nothing if they were not written here.
pub(super) fn decoded<T: for<'de> Deserialize<'de>>(value: &store::Value) -> Option<T> {
    postcard::from_bytes(value.as_bytes()).ok()
}
