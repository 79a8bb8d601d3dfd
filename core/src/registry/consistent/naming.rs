//! Where registrations lie in the store.

use crate::label::Label;
use crate::registry::key::{Key, Keys};
use crate::runtime::{Incarnation, NodeId};
use crate::store::{self, KeyRange};

/// What a key of the store stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A unique name, or one membership in a group.
    Registration(Key, Keys),
    /// A value of the whole registry.
    Field(Label),
}

/// The keys of one registry. Every part but the last carries its length, so that no
/// name can be taken for the beginning of another one.
#[derive(Debug)]
pub(super) struct Naming {
    prefix: Vec<u8>,
}

const NAME: u8 = b'n';
const MEMBER: u8 = b'g';
const FIELD: u8 = b'm';

impl Naming {
    pub(super) fn new(registry: &Label) -> Self {
        let mut prefix = b"steadfast/registry/".to_vec();
        part(&mut prefix, registry);
        Self { prefix }
    }

    /// Everything of the registry.
    pub(super) fn all(&self) -> KeyRange {
        KeyRange::prefix(self.prefix.clone())
    }

    pub(super) fn name(&self, key: &Key) -> store::Key {
        let mut bytes = self.begin(NAME);
        part(&mut bytes, &key.scope);
        bytes.extend_from_slice(key.name.as_bytes());
        bytes.into()
    }

    /// One membership, told apart from all others by who made it and by its number.
    pub(super) fn member(
        &self,
        key: &Key,
        node: NodeId,
        incarnation: Incarnation,
        life: u64,
        number: u64,
    ) -> store::Key {
        let mut bytes = self.begin(MEMBER);
        part(&mut bytes, &key.scope);
        part(&mut bytes, &key.name);
        bytes.extend_from_slice(&node.0.to_be_bytes());
        bytes.extend_from_slice(&incarnation.0.to_be_bytes());
        bytes.extend_from_slice(&life.to_be_bytes());
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes.into()
    }

    pub(super) fn field(&self, field: &str) -> store::Key {
        let mut bytes = self.begin(FIELD);
        bytes.extend_from_slice(field.as_bytes());
        bytes.into()
    }

    /// What a key stands for; nothing if it was not made here.
    pub(super) fn read(&self, key: &store::Key) -> Option<Place> {
        let rest = key.as_bytes().strip_prefix(self.prefix.as_slice())?;
        let (kind, rest) = rest.split_first()?;
        match *kind {
            NAME => {
                let (scope, name) = take(rest)?;
                let key = Key::new(scope, text(name)?);
                Some(Place::Registration(key, Keys::Unique))
            }
            MEMBER => {
                let (scope, rest) = take(rest)?;
                let (name, _) = take(rest)?;
                let key = Key::new(scope, name);
                Some(Place::Registration(key, Keys::Duplicate))
            }
            FIELD => Some(Place::Field(text(rest)?)),
            _ => None,
        }
    }

    fn begin(&self, kind: u8) -> Vec<u8> {
        let mut bytes = self.prefix.clone();
        bytes.push(kind);
        bytes
    }
}

/// A part with its length before it. Names are checked before: none is longer than
/// 65 535 bytes.
fn part(bytes: &mut Vec<u8>, text: &str) {
    let len = u16::try_from(text.len()).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

fn take(bytes: &[u8]) -> Option<(Label, &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<2>()?;
    let (part, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    Some((text(part)?, rest))
}

fn text(bytes: &[u8]) -> Option<Label> {
    std::str::from_utf8(bytes).ok().map(Label::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_as_what_it_was_written_for() {
        let naming = Naming::new(&"r".into());
        let key = Key::new("s/x", "a/b*");
        let registration = |keys| Some(Place::Registration(key.clone(), keys));
        assert_eq!(naming.read(&naming.name(&key)), registration(Keys::Unique));
        let member = naming.member(&key, NodeId(1), Incarnation(2), 3, 4);
        assert_eq!(naming.read(&member), registration(Keys::Duplicate));
        let field = naming.read(&naming.field("f"));
        assert_eq!(field, Some(Place::Field("f".into())));
        assert_eq!(naming.read(&"elsewhere".into()), None);
    }

    #[test]
    fn registries_of_which_one_begins_like_the_other_share_no_key() {
        let (short, long) = (Naming::new(&"r".into()), Naming::new(&"rn".into()));
        let key = Key::new("s", "k");
        assert!(!short.all().contains(&long.name(&key)));
        assert_eq!(short.read(&long.name(&key)), None);
        let (one, other) = (Key::new("ab", "c"), Key::new("a", "bc"));
        assert_ne!(short.name(&one), short.name(&other));
    }
}
