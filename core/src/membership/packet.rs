//! One whole packet of the protocol: a header and what is piggybacked on it.

use bytes::{Buf, BufMut};
use foca::{Codec, Header, Member, Message};

use super::codec::{CodecError, FixedCodec, HEADER_LEN_MAX, KIND_AT, MEMBER_LEN, is_news};
use super::identity::Identity;

/// What a packet says. Read before the protocol sees it, so that the protocol is only
/// given what is well-formed and admitted; and written for what the protocol itself
/// would not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) header: Header<Identity>,
    pub(super) members: Vec<Member<Identity>>,
}

/// How urgent a packet is when sends are rationed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// News and introductions: they come again.
    Spare,
    /// Questions and answers about life: without them the living are suspected.
    Vital,
}

impl Packet {
    /// The shortest packet length that lets the protocol work, in bytes: the longest
    /// header and a few members.
    pub(super) const LEN_MIN: usize = HEADER_LEN_MAX + 2 + 8 * MEMBER_LEN;

    pub(super) const fn new(from: Identity, to: Identity, message: Message<Identity>) -> Self {
        Self {
            header: Header {
                src: from,
                // An older number than the receiver knows changes nothing there.
                src_incarnation: 0,
                dst: to,
                message,
            },
            members: Vec::new(),
        }
    }

    pub(super) fn with(mut self, member: Member<Identity>) -> Self {
        self.members.push(member);
        self
    }

    /// Reads a packet as a whole.
    ///
    /// # Errors
    ///
    /// [`CodecError`]: the bytes are no packet of this protocol.
    pub(super) fn decode(mut bytes: &[u8]) -> Result<Self, CodecError> {
        let mut codec = FixedCodec;
        let header = codec.decode_header(&mut bytes)?;
        let mut members = Vec::new();
        if carries_members(&header.message) {
            let count = usize::from(bytes.try_get_u16()?);
            if bytes.remaining() != count * MEMBER_LEN {
                return Err(CodecError::Truncated);
            }
            for _ in 0..count {
                members.push(codec.decode_member(&mut bytes)?);
            }
        }
        match bytes.first() {
            None => Ok(Self { header, members }),
            Some(byte) => Err(CodecError::Meaningless {
                byte: *byte,
                what: "end of a packet",
            }),
        }
    }

    /// The bytes.
    ///
    /// # Errors
    ///
    /// [`CodecError::Full`] if they would be more than `len_max`.
    pub(super) fn encode(&self, len_max: usize) -> Result<Vec<u8>, CodecError> {
        let mut codec = FixedCodec;
        let mut buf = Vec::with_capacity(len_max).limit(len_max);
        codec.encode_header(&self.header, &mut buf)?;
        if carries_members(&self.header.message) {
            if buf.remaining_mut() < 2 {
                return Err(CodecError::Full);
            }
            // Longer lists than this do not fit a packet.
            buf.put_u16(u16::try_from(self.members.len()).unwrap_or(u16::MAX));
            for member in &self.members {
                codec.encode_member(member, &mut buf)?;
            }
        }
        Ok(buf.into_inner())
    }

    /// How urgent the packet is that these bytes are.
    pub(super) fn urgency(packet: &[u8]) -> Urgency {
        match packet.get(KIND_AT) {
            Some(kind) if is_news(*kind) => Urgency::Spare,
            _ => Urgency::Vital,
        }
    }
}

const fn carries_members(message: &Message<Identity>) -> bool {
    match message {
        Message::Ping(_)
        | Message::Ack(_)
        | Message::PingReq { .. }
        | Message::IndirectPing { .. }
        | Message::IndirectAck { .. }
        | Message::ForwardedAck { .. }
        | Message::Feed
        | Message::Gossip => true,
        Message::Announce | Message::TurnUndead | Message::Broadcast => false,
    }
}

#[cfg(test)]
mod tests {
    use foca::State;
    use proptest::prelude::*;

    use super::*;
    use crate::runtime::{Incarnation, NodeId};

    const LEN_MAX: usize = 1_400;

    fn identities() -> impl Strategy<Value = Identity> {
        (any::<u32>(), any::<u32>(), any::<u32>(), any::<bool>()).prop_map(
            |(node, incarnation, generation, departing)| Identity {
                node: NodeId(node),
                incarnation: Incarnation(incarnation),
                generation,
                departing,
            },
        )
    }

    fn messages() -> impl Strategy<Value = Message<Identity>> {
        (0_u8..11, any::<u8>(), identities()).prop_map(|(kind, probe_number, whom)| match kind {
            0 => Message::Ping(probe_number),
            1 => Message::Ack(probe_number),
            2 => Message::PingReq {
                target: whom,
                probe_number,
            },
            3 => Message::IndirectPing {
                origin: whom,
                probe_number,
            },
            4 => Message::IndirectAck {
                target: whom,
                probe_number,
            },
            5 => Message::ForwardedAck {
                origin: whom,
                probe_number,
            },
            6 => Message::Announce,
            7 => Message::Feed,
            8 => Message::Gossip,
            9 => Message::Broadcast,
            _ => Message::TurnUndead,
        })
    }

    fn members() -> impl Strategy<Value = Member<Identity>> {
        (identities(), any::<u16>(), 0_u8..3).prop_map(|(id, refutations, state)| {
            let state = match state {
                0 => State::Alive,
                1 => State::Suspect,
                _ => State::Down,
            };
            Member::new(id, refutations, state)
        })
    }

    fn packets() -> impl Strategy<Value = Packet> {
        let parts = (identities(), identities(), messages());
        (parts, any::<u16>(), prop::collection::vec(members(), 0..80)).prop_map(
            |((from, to, message), refutations, members)| {
                let carries = carries_members(&message);
                let mut packet = Packet::new(from, to, message);
                packet.header.src_incarnation = refutations;
                packet.members = if carries { members } else { Vec::new() };
                packet
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(packet in packets()) {
            let bytes = packet.encode(LEN_MAX).unwrap();
            prop_assert!(bytes.len() <= LEN_MAX);
            prop_assert_eq!(Packet::decode(&bytes), Ok(packet));
        }

        #[test]
        fn a_packet_that_was_cut_or_grew_is_refused(packet in packets(), cut: prop::sample::Index) {
            let bytes = packet.encode(LEN_MAX).unwrap();
            let cut = cut.index(bytes.len());
            prop_assert!(Packet::decode(&bytes[..cut]).is_err());
            let longer = [&bytes[..], &[0]].concat();
            prop_assert!(Packet::decode(&longer).is_err());
        }

        #[test]
        fn garbage_is_refused_or_a_packet_but_never_a_panic(garbage: Vec<u8>) {
            if let Ok(packet) = Packet::decode(&garbage) {
                prop_assert_eq!(packet.encode(garbage.len().max(LEN_MAX)).unwrap(), garbage);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let identity = Identity::new(NodeId(1), Incarnation(1), 0);
        let mut packet = Packet::new(identity, identity, Message::Gossip);
        for _ in 0..8 {
            packet = packet.with(Member::alive(identity));
        }
        assert!(packet.encode(Packet::LEN_MIN).is_ok());
        let packet = packet
            .with(Member::alive(identity))
            .with(Member::alive(identity));
        assert_eq!(packet.encode(Packet::LEN_MIN), Err(CodecError::Full));
    }
}
