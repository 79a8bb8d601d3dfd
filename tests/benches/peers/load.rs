//! The load that every contender carries: a mesh of nodes, each sending to each other.

use std::ops::RangeInclusive;
use std::time::Duration;

/// How many nodes: `1` to `NODES`.
pub(crate) const NODES: u32 = 5;

/// How many messages each node sends to each other node.
pub(crate) const MESSAGES_PER_PAIR: u64 = 500;

/// How many messages are sent in all, and arrive: nothing is lost.
pub(crate) const MESSAGES: u64 = NODES as u64 * (NODES as u64 - 1) * MESSAGES_PER_PAIR;

/// How many messages arrive at each node.
pub(crate) const MESSAGES_PER_NODE: u64 = MESSAGES / NODES as u64;

/// The time between two messages of a pair: 50 in a second.
pub(crate) const PERIOD: Duration = Duration::from_millis(20);

/// The shortest delay of a message.
pub(crate) const DELAY_MIN: Duration = Duration::from_millis(1);

/// The longest delay of a message.
pub(crate) const DELAY_MAX: Duration = Duration::from_millis(2);

/// How long a contender may take, in simulated time.
pub(crate) const LIMIT: Duration = Duration::from_millis(10_200);

/// The port that all nodes listen on.
pub(crate) const PORT: u16 = 700;

/// The bytes of a message.
pub(crate) const PAYLOAD_LEN: usize = 32;

/// The nodes that a node sends to.
pub(crate) fn peers(node: u32) -> impl Iterator<Item = u32> {
    (1..=NODES).filter(move |peer| *peer != node)
}

/// The messages of a pair, from the first.
pub(crate) const fn ordinals() -> RangeInclusive<u64> {
    1..=MESSAGES_PER_PAIR
}

/// How the pairs send, one beside the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// All at the same instants.
    Together,
    /// A millisecond apart, so that no two events share an instant.
    Apart,
}

impl Rhythm {
    /// When a pair sends a message, since the start.
    pub(crate) fn due(self, from: u32, to: u32, ordinal: u64) -> Duration {
        let phase = match self {
            Self::Together => 0,
            Self::Apart => (from - 1) * (NODES - 1) + to % (NODES - 1),
        };
        Duration::from_millis(u64::from(phase)) + PERIOD * ordinal as u32
    }
}

/// What a message says.
pub(crate) const fn payload(ordinal: u64) -> [u8; PAYLOAD_LEN] {
    [ordinal as u8; PAYLOAD_LEN]
}
