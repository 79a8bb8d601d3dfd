//! The protocol's values as bytes of fixed width.
//!
//! | value | bytes |
//! |---|---|
//! | identity | 4 node, 4 incarnation, 4 generation, 1 whether it departs |
//! | header | sender, 2 its refutations, receiver, 1 kind; then 1 probe number and an identity, where the kind has them |
//! | member | identity, 2 its refutations, 1 state |
//!
//! Numbers are big-endian. The widths are fixed so that the size of a packet is known
//! from what it holds.

use bytes::{Buf, BufMut, TryGetError};
use foca::{Header, Member, Message, State};

use super::identity::Identity;
use crate::runtime::{Incarnation, NodeId};

/// The length of an identity, in bytes.
const IDENTITY_LEN: usize = 13;
/// Where the kind of a message stands, in bytes from the start of a packet.
pub(super) const KIND_AT: usize = 2 * IDENTITY_LEN + 2;
/// The length of one member, in bytes.
pub(super) const MEMBER_LEN: usize = IDENTITY_LEN + 3;
/// The length of the longest header, in bytes.
pub(super) const HEADER_LEN_MAX: usize = 3 * IDENTITY_LEN + 4;

/// Bytes that are no value of the protocol, or no room for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum CodecError {
    /// The bytes end within a value.
    #[error("the packet ends within a value")]
    Truncated,
    /// A byte has a value that has no meaning there.
    #[error("{byte} is no {what}")]
    Meaningless {
        /// The byte.
        byte: u8,
        /// What it should have been.
        what: &'static str,
    },
    /// The packet has no room for the value.
    #[error("the packet is full")]
    Full,
}

impl From<TryGetError> for CodecError {
    fn from(_: TryGetError) -> Self {
        Self::Truncated
    }
}

/// Writes and reads the table above.
#[derive(Debug, Clone, Copy)]
pub(super) struct FixedCodec;

impl foca::Codec<Identity> for FixedCodec {
    type Error = CodecError;

    fn encode_header(
        &mut self,
        header: &Header<Identity>,
        mut buf: impl BufMut,
    ) -> Result<(), CodecError> {
        if buf.remaining_mut() < HEADER_LEN_MAX {
            return Err(CodecError::Full);
        }
        put_identity(&mut buf, header.src);
        buf.put_u16(header.src_incarnation);
        put_identity(&mut buf, header.dst);
        let (kind, probe, whom) = parts(&header.message);
        buf.put_u8(kind);
        if let Some(probe) = probe {
            buf.put_u8(probe);
        }
        if let Some(whom) = whom {
            put_identity(&mut buf, whom);
        }
        Ok(())
    }

    fn decode_header(&mut self, mut buf: impl Buf) -> Result<Header<Identity>, CodecError> {
        Ok(Header {
            src: identity(&mut buf)?,
            src_incarnation: buf.try_get_u16()?,
            dst: identity(&mut buf)?,
            message: message(&mut buf)?,
        })
    }

    fn encode_member(
        &mut self,
        member: &Member<Identity>,
        mut buf: impl BufMut,
    ) -> Result<(), CodecError> {
        if buf.remaining_mut() < MEMBER_LEN {
            return Err(CodecError::Full);
        }
        put_identity(&mut buf, *member.id());
        buf.put_u16(member.incarnation());
        buf.put_u8(match member.state() {
            State::Alive => 0,
            State::Suspect => 1,
            State::Down => 2,
        });
        Ok(())
    }

    fn decode_member(&mut self, mut buf: impl Buf) -> Result<Member<Identity>, CodecError> {
        let identity = identity(&mut buf)?;
        let refutations = buf.try_get_u16()?;
        let state = match buf.try_get_u8()? {
            0 => State::Alive,
            1 => State::Suspect,
            2 => State::Down,
            byte => {
                let what = "state of a member";
                return Err(CodecError::Meaningless { byte, what });
            }
        };
        Ok(Member::new(identity, refutations, state))
    }
}

fn put_identity(buf: &mut impl BufMut, identity: Identity) {
    buf.put_u32(identity.node.0);
    buf.put_u32(identity.incarnation.0);
    buf.put_u32(identity.generation);
    buf.put_u8(u8::from(identity.departing));
}

fn identity(buf: &mut impl Buf) -> Result<Identity, CodecError> {
    Ok(Identity {
        node: NodeId(buf.try_get_u32()?),
        incarnation: Incarnation(buf.try_get_u32()?),
        generation: buf.try_get_u32()?,
        departing: match buf.try_get_u8()? {
            0 => false,
            1 => true,
            byte => {
                let what = "mark of a departure";
                return Err(CodecError::Meaningless { byte, what });
            }
        },
    })
}

/// The kind of a message, and what comes with it.
const fn parts(message: &Message<Identity>) -> (u8, Option<u8>, Option<Identity>) {
    match message {
        Message::Ping(probe) => (0, Some(*probe), None),
        Message::Ack(probe) => (1, Some(*probe), None),
        Message::PingReq {
            target,
            probe_number,
        } => (2, Some(*probe_number), Some(*target)),
        Message::IndirectPing {
            origin,
            probe_number,
        } => (3, Some(*probe_number), Some(*origin)),
        Message::IndirectAck {
            target,
            probe_number,
        } => (4, Some(*probe_number), Some(*target)),
        Message::ForwardedAck {
            origin,
            probe_number,
        } => (5, Some(*probe_number), Some(*origin)),
        Message::Announce => (6, None, None),
        Message::Feed => (7, None, None),
        Message::Gossip => (8, None, None),
        Message::Broadcast => (9, None, None),
        Message::TurnUndead => (10, None, None),
    }
}

/// Whether a kind of message is no question or answer about life.
pub(super) const fn is_news(kind: u8) -> bool {
    // Introductions, answers to them, and gossip.
    matches!(kind, 6..=9)
}

fn message(buf: &mut impl Buf) -> Result<Message<Identity>, CodecError> {
    Ok(match buf.try_get_u8()? {
        0 => Message::Ping(buf.try_get_u8()?),
        1 => Message::Ack(buf.try_get_u8()?),
        2 => Message::PingReq {
            probe_number: buf.try_get_u8()?,
            target: identity(buf)?,
        },
        3 => Message::IndirectPing {
            probe_number: buf.try_get_u8()?,
            origin: identity(buf)?,
        },
        4 => Message::IndirectAck {
            probe_number: buf.try_get_u8()?,
            target: identity(buf)?,
        },
        5 => Message::ForwardedAck {
            probe_number: buf.try_get_u8()?,
            origin: identity(buf)?,
        },
        6 => Message::Announce,
        7 => Message::Feed,
        8 => Message::Gossip,
        9 => Message::Broadcast,
        10 => Message::TurnUndead,
        byte => {
            let what = "kind of a message";
            return Err(CodecError::Meaningless { byte, what });
        }
    })
}
