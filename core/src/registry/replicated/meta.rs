//! Values of the whole registry: the last writer wins, on every node alike.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::origin::{Origin, Stamp};
use crate::label::Label;
use crate::registry::metadata::Value;

/// What was written to a field last.
///
/// A deletion is a write of nothing and is kept for good: if it were forgotten, a node
/// that was away would bring the value back. So fields that were ever used count
/// towards the limit, and memory is bounded by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Written {
    /// When. Greater wins, then the greater origin.
    pub(super) stamp: Stamp,
    /// Who. Not only which node: the clock of a node begins anew with each life.
    pub(super) origin: Origin,
    /// What; `None` deletes.
    pub(super) value: Option<Value>,
}

/// All fields. They belong to nobody, so that they outlive the nodes that wrote them;
/// they travel whole whenever two nodes find that theirs differ.
#[derive(Debug, Default)]
pub(super) struct Meta {
    fields: BTreeMap<Label, Written>,
    hash: u64,
}

impl Meta {
    pub(super) fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field)?.value.as_ref()
    }

    /// Whether the field was ever written.
    pub(super) fn knows(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    /// How many fields were ever written.
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    /// The fields that have a value.
    pub(super) fn present(&self) -> impl Iterator<Item = (&Label, &Value)> {
        let fields = self.fields.iter();
        fields.filter_map(|(field, written)| Some((field, written.value.as_ref()?)))
    }

    /// The greatest clock that wrote.
    pub(super) fn clock(&self) -> u64 {
        let clocks = self.fields.values().map(|written| written.stamp.clock);
        clocks.max().unwrap_or(0)
    }

    /// Every field that was ever written.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Label, &Written)> {
        self.fields.iter()
    }

    /// Equal for nodes that know the same.
    pub(super) const fn hash(&self) -> u64 {
        self.hash
    }

    /// Takes a write over if it wins; whether it did.
    pub(super) fn merge(&mut self, field: Label, written: Written) -> bool {
        let order = |written: &Written| (written.stamp.clock, written.stamp.alone, written.origin);
        if let Some(known) = self.fields.get(&field)
            && order(known) >= order(&written)
        {
            return false;
        }
        // Fields are combined by XOR, so that one can be replaced without the others.
        if let Some(known) = self.fields.get(&field) {
            self.hash ^= fingerprint(&field, known);
        }
        self.hash ^= fingerprint(&field, &written);
        self.fields.insert(field, written);
        true
    }
}

/// A write is known by its writer and its stamp, which no writer uses twice.
fn fingerprint(field: &Label, written: &Written) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(field.as_bytes());
    hash.update(&written.stamp.clock.to_le_bytes());
    hash.update(&[u8::from(written.stamp.alone)]);
    let origin = written.origin;
    hash.update(&origin.node.0.to_le_bytes());
    hash.update(&origin.incarnation.0.to_le_bytes());
    hash.update(&origin.life.to_le_bytes());
    hash.digest()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::runtime::{Incarnation, NodeId};

    fn origin(node: u32, life: u64) -> Origin {
        let (node, incarnation) = (NodeId(node), Incarnation(1));
        Origin {
            node,
            incarnation,
            life,
        }
    }

    fn writes() -> impl Strategy<Value = Vec<(Label, Written)>> {
        let writer = (1..4_u32, 0..2_u64);
        let write = (0..3_u8, 0..5_u64, writer, prop::option::of(0..3_i64));
        let write = write.prop_map(|(field, clock, (node, life), value)| {
            let alone = false;
            let written = Written {
                stamp: Stamp { alone, clock },
                origin: origin(node, life),
                value: value.map(Value::Int),
            };
            (Label::from(format!("f{field}")), written)
        });
        // A writer uses a stamp once, as a clock does.
        prop::collection::vec(write, 0..12).prop_map(|writes| {
            let mut seen = std::collections::BTreeSet::new();
            let fresh =
                |(_, written): &(Label, Written)| seen.insert((written.stamp, written.origin));
            writes.into_iter().filter(fresh).collect()
        })
    }

    fn merged(writes: impl IntoIterator<Item = (Label, Written)>) -> Meta {
        let mut meta = Meta::default();
        for (field, written) in writes {
            meta.merge(field, written);
        }
        meta
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_gives_the_same(
            writes in writes(),
            order in any::<prop::sample::Index>(),
        ) {
            let mut other = writes.clone();
            other.rotate_left(order.index(writes.len().max(1)).min(writes.len()));
            other.reverse();
            other.extend(writes.clone());
            let (one, other) = (merged(writes), merged(other));
            prop_assert_eq!(&one.fields, &other.fields);
            prop_assert_eq!(one.hash(), other.hash());
        }
    }

    #[test]
    fn a_deletion_wins_over_what_it_deleted_and_stays() {
        let written = |clock, value| Written {
            stamp: Stamp {
                alone: false,
                clock,
            },
            origin: origin(1, 0),
            value,
        };
        let put = written(1, Some(Value::Int(7)));
        let mut meta = merged([("f".into(), put.clone())]);
        assert_eq!(meta.get("f"), Some(&Value::Int(7)));
        assert!(meta.merge("f".into(), written(2, None)));
        assert!(!meta.merge("f".into(), put));
        assert_eq!((meta.get("f"), meta.knows("f")), (None, true));
    }
    #[test]
    fn two_lives_of_a_node_that_wrote_at_the_same_stamp_are_told_apart() {
        let written = |life| Written {
            stamp: Stamp {
                alone: true,
                clock: 1,
            },
            origin: origin(2, life),
            value: Some(Value::Int(life as i64)),
        };
        let write = |life| (Label::from("f"), written(life));
        let [one, other] = [[write(0), write(1)], [write(1), write(0)]].map(merged);
        assert_eq!(one.get("f"), Some(&Value::Int(1)));
        assert_eq!(other.get("f"), one.get("f"));
        assert_ne!(one.hash(), merged([write(0)]).hash());
    }
}
