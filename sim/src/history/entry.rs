//! What one line says, whatever the format.

use steadfast::Label;

use super::value::Value;

/// The type of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Invoke,
    Ok,
    Fail,
    Info,
}

impl Kind {
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "invoke" => Some(Self::Invoke),
            "ok" => Some(Self::Ok),
            "fail" => Some(Self::Fail),
            "info" => Some(Self::Info),
            _ => None,
        }
    }
}

/// One event as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) process: Label,
    pub(crate) kind: Kind,
    /// Always there in invocations.
    pub(crate) op: Option<Label>,
    pub(crate) key: Option<Label>,
    pub(crate) value: Value,
    pub(crate) time: Option<u64>,
}

impl Entry {
    pub(crate) fn is_invocation(&self) -> bool {
        self.kind == Kind::Invoke
    }

    /// Takes the key out of the value where Jepsen's independent tests put it: a read
    /// of `[k nil]`, a write of `[k v]`, a compare-and-set of `[k [old new]]`.
    pub(super) fn untuple(mut self) -> Self {
        if self.key.is_some() {
            return self;
        }
        let cas = self.op.as_ref().is_some_and(|op| op == "cas");
        let keyed = self.value.pair().and_then(|(key, value)| {
            let keyed = !cas || matches!(value, Value::List(_));
            keyed.then(|| Some((key.name()?, value.clone())))?
        });
        if let Some((key, value)) = keyed {
            self.key = Some(key);
            self.value = value;
        }
        self
    }
}
