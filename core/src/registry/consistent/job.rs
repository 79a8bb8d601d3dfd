//! What callers ask for, waiting for its turn.

use crate::label::Label;
use crate::process::reply::ReplySender;
use crate::registry::entry::Entry;
use crate::registry::error::RegistryError;
use crate::registry::metadata::{Metadata, Value};
use crate::registry::operation::{Registered, Registration, Removal, Update, Updated};
use crate::store;

/// What a batch of registrations comes to: all, or the first that could not.
pub(super) type Batch = Result<Vec<Registered>, (usize, RegistryError)>;

/// Where an answer goes.
pub(super) type Reply<T> = ReplySender<Result<T, RegistryError>>;

/// One change that a caller waits for.
pub(super) enum Job {
    Register {
        rows: Vec<Registration>,
        reply: ReplySender<Batch>,
    },
    Unregister {
        removal: Removal,
        reply: Reply<Entry>,
    },
    Update {
        update: Update,
        reply: Reply<Updated>,
    },
    Field {
        field: Label,
        value: Option<Value>,
        reply: Reply<Option<Value>>,
    },
}

impl Job {
    /// Whether its caller is still there; without it, it is withdrawn.
    pub(super) fn is_awaited(&self) -> bool {
        match self {
            Self::Register { reply, .. } => reply.is_awaited(),
            Self::Unregister { reply, .. } => reply.is_awaited(),
            Self::Update { reply, .. } => reply.is_awaited(),
            Self::Field { reply, .. } => reply.is_awaited(),
        }
    }
}

/// A change that was handed to the store, and what is needed to answer it.
pub(super) enum Pending {
    Register {
        rows: Vec<Registration>,
        /// Where each lies, and whether it is a fresh registration.
        places: Vec<(store::Key, bool)>,
        reply: ReplySender<Batch>,
    },
    Unregister {
        place: store::Key,
        entry: Entry,
        reply: Reply<Entry>,
    },
    Update {
        place: store::Key,
        before: Metadata,
        reply: Reply<Updated>,
    },
    Field {
        before: Option<Value>,
        reply: Reply<Option<Value>>,
    },
}
