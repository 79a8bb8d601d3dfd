//! Two stores for the same names, as the original had them: a native registry, and a
//! backup table beside it. Both are written, one after the other; a look-up asks the
//! native one, then the table, and each time whether the holder still lives.

use steadfast::process::{Node, ProcessId};
use steadfast::registry::Key;
use steadfast::runtime::tokio::TokioRuntime;

use crate::names::{Name, SCOPE};
use crate::ours::Ours;
use crate::raw::{Map as _, Papaya};

/// The two stores, on the map that the registry uses.
pub(crate) struct Hybrid {
    native: Papaya<ProcessId>,
    table: Papaya<ProcessId>,
    node: Node<TokioRuntime>,
}

impl Hybrid {
    pub(crate) fn new(ours: &Ours) -> Self {
        Self {
            native: Papaya::new(),
            table: Papaya::new(),
            node: ours.node.clone(),
        }
    }

    /// With so many names, all of one process. As with the original, a name that was
    /// registered directly is in the table alone, and one that was registered by a
    /// via-name in the native registry too; here they are half and half.
    pub(crate) fn filled(ours: &Ours, count: u32) -> Self {
        let hybrid = Self::new(ours);
        let holder = ours.idler();
        for number in 0..count {
            hybrid.register(number, holder);
        }
        hybrid
    }

    pub(crate) fn register(&self, number: u32, holder: ProcessId) {
        let name = Name::of(number);
        if self.find(name.as_str()).is_some() {
            return;
        }
        if number.is_multiple_of(2) {
            self.native.put(Key::new(SCOPE, name.as_str()), holder);
        }
        self.table.put(Key::new(SCOPE, name.as_str()), holder);
    }

    pub(crate) fn find(&self, name: &str) -> Option<ProcessId> {
        let lives = |holder: &ProcessId| self.node.is_alive(*holder);
        let native = self.native.get(name).filter(lives);
        native.or_else(|| self.table.get(name).filter(lives))
    }
}
