//! One fact into one `tracing` event.

use crate::runtime::{Incarnation, NodeId};

/// Whose fact it is.
#[derive(Clone, Copy)]
pub(super) struct Source(pub(super) NodeId, pub(super) Incarnation);

/// Emits one `tracing` event.
macro_rules! emit {
    ($source:ident $level:ident $name:literal $($fields:tt)*) => {
        tracing::$level!(
            target: "steadfast",
            event = $name,
            node = %$source.0,
            incarnation = $source.1.0,
            $($fields)*
        )
    };
}

/// A table from facts to `tracing` events. Exhaustive, as a `match` is.
macro_rules! facts {
    ($source:ident, $event:expr; $($fact:pat => $level:ident $name:literal ($($fields:tt)*);)*) => {
        match $event { $($fact => emit!($source $level $name $($fields)*),)* }
    };
}

pub(super) use {emit, facts};
