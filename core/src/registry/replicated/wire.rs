//! What replicas say to each other, and the bytes of it.
//!
//! | bytes | meaning |
//! |---|---|
//! | 1 | version of this layout and of what is inside |
//! | 8 | registry: xxh3-64 of its name |
//! | 4 | checksum: the low half of xxh3-64 of the packet, with the registry as seed |
//! | … | the packet, in postcard's format |
//!
//! Numbers are big-endian. The version stands first, so that a later layout can be told
//! from garbage.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::meta::Written;
use super::origin::Origin;
use super::row::{Record, Step};
use crate::label::Label;
use crate::membership::Member;

const VERSION: u8 = 1;

/// The length of what is before the packet, in bytes.
const ENVELOPE_LEN: usize = 13;

/// More than a packet takes up beside its steps, records or fields, in bytes.
pub(super) const PACKET_LEN: usize = ENVELOPE_LEN + 96;

/// One message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Packet {
    /// Who says it.
    pub(super) from: Origin,
    /// The logical clock of the sender.
    pub(super) clock: u64,
    pub(super) body: Body,
}

/// How far somebody has an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) origin: Origin,
    pub(super) sequence: u64,
}

/// What a message says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Body {
    /// A hash of everything that I have. Whoever has something else answers with a
    /// digest.
    Summary { hash: u64 },
    /// What I have. Whoever is asked to answers with its own.
    Digest {
        heads: Vec<Head>,
        meta: u64,
        answer: bool,
    },
    /// Give me what `of` has changed: after this step of this life, or all it holds.
    Pull {
        of: Member,
        from: Option<(u64, u64)>,
    },
    /// Give me these parts of this snapshot.
    PullParts {
        origin: Origin,
        sequence: u64,
        parts: Vec<u32>,
    },
    /// The steps of an origin after this one.
    Delta {
        origin: Origin,
        after: u64,
        steps: Vec<Step>,
    },
    /// A part of all that an origin holds after this step.
    Part {
        origin: Origin,
        sequence: u64,
        part: u32,
        parts: u32,
        records: Vec<Record>,
    },
    /// Values of the whole registry.
    Meta { fields: Vec<(Label, Written)> },
    /// I hold nothing any more and never will again.
    Ended,
}

/// Why bytes are no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// They are not ours, or were damaged.
    Garbage,
    /// They have another version than ours.
    OtherVersion(u8),
    /// They are of another registry.
    OtherRegistry,
}

/// Which registry a packet is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seal(u64);

impl Seal {
    pub(super) fn of(registry: &str) -> Self {
        Self(xxh3_64(registry.as_bytes()))
    }

    /// The bytes of a packet.
    pub(super) fn encode(self, packet: &Packet) -> Vec<u8> {
        let mut message = Vec::with_capacity(ENVELOPE_LEN);
        message.push(VERSION);
        message.extend(self.0.to_be_bytes());
        message.extend([0; 4]);
        let mut message = postcard::to_extend(packet, message).expect("memory takes any packet");
        let checksum = self.checksum(&message[ENVELOPE_LEN..]);
        message[ENVELOPE_LEN - 4..ENVELOPE_LEN].copy_from_slice(&checksum.to_be_bytes());
        message
    }

    /// The packet in a message.
    ///
    /// # Errors
    ///
    /// See [`Refusal`].
    pub(super) fn decode(self, message: &[u8]) -> Result<Packet, Refusal> {
        let (header, packet) = message
            .split_first_chunk::<ENVELOPE_LEN>()
            .ok_or(Refusal::Garbage)?;
        let [version, r0, r1, r2, r3, r4, r5, r6, r7, checksum @ ..] = *header;
        if version != VERSION {
            return Err(Refusal::OtherVersion(version));
        }
        let registry = Self(u64::from_be_bytes([r0, r1, r2, r3, r4, r5, r6, r7]));
        // Whether it was damaged is asked first: a damaged name is not another registry.
        if registry.checksum(packet) != u32::from_be_bytes(checksum) {
            return Err(Refusal::Garbage);
        }
        if registry != self {
            return Err(Refusal::OtherRegistry);
        }
        postcard::from_bytes(packet).map_err(|_| Refusal::Garbage)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "half of a good hash is a good hash"
    )]
    fn checksum(self, packet: &[u8]) -> u32 {
        xxh3_64_with_seed(packet, self.0) as u32
    }
}

/// How long something is on the wire, in bytes.
pub(super) fn len(value: &impl Serialize) -> usize {
    postcard::serialize_with_flavor(value, postcard::ser_flavors::Size::default())
        .expect("counting takes anything")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::registry::change::Cause;
    use crate::runtime::{Incarnation, NodeId};

    fn packet(body: Body) -> Packet {
        let (node, incarnation) = (NodeId(1), Incarnation(2));
        let life = u64::MAX;
        Packet {
            from: Origin {
                node,
                incarnation,
                life,
            },
            clock: u64::MAX,
            body,
        }
    }

    fn delta() -> Packet {
        let cause = Cause::Exited;
        let steps = vec![Step::Removed { row: 1, cause }];
        let origin = packet(Body::Ended).from;
        packet(Body::Delta {
            origin,
            after: 7,
            steps,
        })
    }

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        let seal = Seal::of("names");
        let decoded = seal.decode(&seal.encode(&delta())).expect("it is ours");
        assert_eq!(format!("{decoded:?}"), format!("{:?}", delta()));
    }

    #[test]
    fn nothing_but_steps_and_records_needs_much_room() {
        let longest = packet(Body::Part {
            origin: delta().from,
            sequence: u64::MAX,
            part: u32::MAX,
            parts: u32::MAX,
            records: Vec::new(),
        });
        assert!(Seal::of("names").encode(&longest).len() <= PACKET_LEN);
    }

    #[test]
    fn each_refusal_says_why() {
        let (ours, theirs) = (Seal::of("ours"), Seal::of("theirs"));
        let mut message = theirs.encode(&delta());
        assert_eq!(ours.decode(&message).err(), Some(Refusal::OtherRegistry));
        message[ENVELOPE_LEN] ^= 1;
        assert_eq!(ours.decode(&message).err(), Some(Refusal::Garbage));
        message[0] = 9;
        assert_eq!(ours.decode(&message).err(), Some(Refusal::OtherVersion(9)));
    }

    proptest! {
        #[test]
        fn one_changed_bit_is_noticed(bit: prop::sample::Index) {
            let seal = Seal::of("names");
            let mut message = seal.encode(&delta());
            let bit = bit.index(message.len() * 8);
            message[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(seal.decode(&message).is_err());
        }

        #[test]
        fn garbage_is_refused_even_with_a_good_checksum(garbage: Vec<u8>) {
            let seal = Seal::of("names");
            prop_assert!(seal.decode(&garbage).is_err());
            let mut message = vec![VERSION];
            message.extend(seal.0.to_be_bytes());
            message.extend(seal.checksum(&garbage).to_be_bytes());
            message.extend(&garbage);
            // It may happen to be a packet, but it is never a panic.
            if let Ok(packet) = seal.decode(&message) {
                prop_assert!(seal.decode(&seal.encode(&packet)).is_ok());
            }
        }
    }
}
