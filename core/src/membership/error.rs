//! What can go wrong, one small enum per operation.

use std::time::Duration;

use super::config::MembershipConfig;
use super::member::Member;
use crate::runtime::NodeId;

/// A configuration makes no sense. Nothing was made; a retry with the same numbers
/// cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The name of the cluster is empty.
    #[error("the cluster has no name")]
    NamelessCluster,
    /// There are more seeds than [`MembershipConfig::SEEDS_MAX`].
    #[error("{seeds} seeds are more than {}", MembershipConfig::SEEDS_MAX)]
    TooManySeeds {
        /// How many.
        seeds: usize,
    },
    /// A period is shorter than [`MembershipConfig::PERIOD_MIN`] or longer than
    /// [`MembershipConfig::PERIOD_MAX`].
    #[error(
        "{field} of {period:?} is not between {:?} and {:?}",
        MembershipConfig::PERIOD_MIN,
        MembershipConfig::PERIOD_MAX
    )]
    PeriodOutOfRange {
        /// Which.
        field: &'static str,
        /// The period.
        period: Duration,
    },
    /// The answers of those who probe for others would come after the probe has failed.
    #[error("a probe timeout of {timeout:?} is more than half of the probe period of {period:?}")]
    ProbeTimeoutTooLong {
        /// The timeout.
        timeout: Duration,
        /// The period.
        period: Duration,
    },
    /// A count is zero or too large.
    #[error("{field} of {count} is not between 1 and {max}")]
    CountOutOfRange {
        /// Which.
        field: &'static str,
        /// The count.
        count: usize,
        /// The largest.
        max: usize,
    },
    /// The limit of a message is below [`MembershipConfig::MESSAGE_LEN_MIN`] or above
    /// [`MembershipConfig::MESSAGE_LEN_MAX`].
    #[error(
        "a message limit of {len} bytes is not between {} and {}",
        MembershipConfig::MESSAGE_LEN_MIN,
        MembershipConfig::MESSAGE_LEN_MAX
    )]
    MessageLenOutOfRange {
        /// The limit, in bytes.
        len: usize,
    },
}

/// A node could not be named to join through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// [`MembershipConfig::SEEDS_MAX`] nodes are being looked for already. No effect;
    /// a retry helps once some of them have answered.
    #[error("{} nodes are being looked for already", MembershipConfig::SEEDS_MAX)]
    TooManyPending,
}

/// The cluster was not left as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaveError {
    /// The driver does not run. No effect; a retry helps once it runs.
    #[error("the membership does not run")]
    NotRunning,
    /// The farewell was not over within the limit. The node goes on to leave; a retry
    /// waits for it.
    #[error("the farewell was not over within {limit:?}")]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// No member answered the farewell. The node has left, and others will find out by
    /// suspicion; a retry cannot help.
    #[error("no member answered the farewell")]
    Unanswered,
}

/// What the driver of a membership ends with, or reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MembershipError {
    /// The network takes shorter messages than the protocol needs. The driver ends; a
    /// retry cannot help.
    #[error(
        "the network takes {len_max} bytes, the protocol needs {}",
        MembershipConfig::MESSAGE_LEN_MIN
    )]
    NetworkTooNarrow {
        /// The limit of the network, in bytes.
        len_max: usize,
    },
    /// The runtime has closed the port. The driver ends; a retry cannot help.
    #[error("the port of the membership was closed")]
    Closed,
    /// The cluster knows of a later start of this node. The driver ends, so that the
    /// two do not take turns in declaring each other dead; a retry helps only if that
    /// was the restart of another node under this name.
    #[error("{own} was replaced by {newer}")]
    Superseded {
        /// This node.
        own: Member,
        /// The later start.
        newer: Member,
    },
    /// A peer belongs to another cluster. Its messages are refused. Reported once for
    /// each peer.
    #[error("{peer} belongs to another cluster")]
    ForeignCluster {
        /// The peer.
        peer: NodeId,
    },
    /// A peer speaks another version of the protocol. Its messages are refused.
    /// Reported once for each peer.
    #[error("{peer} speaks version {version} of the membership protocol")]
    OtherVersion {
        /// The peer.
        peer: NodeId,
        /// Its version.
        version: u8,
    },
    /// More nodes are members than may be remembered; the further ones are refused.
    /// Reported once until there is room.
    #[error("{peer} is one node more than the {members_max} that may be remembered")]
    TooManyMembers {
        /// The first that was refused.
        peer: NodeId,
        /// The limit.
        members_max: u32,
    },
    /// More messages were to be sent than may be. Reported once a period of plenty has
    /// ended.
    #[error("more than {per_second} messages a second were to be sent")]
    RationExceeded {
        /// The limit.
        per_second: u32,
    },
}

/// The protocol reported that it was used wrongly, or that it is in a state that it
/// should not be in. It recovers by itself; reported each time.
#[derive(Debug, thiserror::Error)]
#[error("the membership protocol stumbled")]
pub struct ProtocolError(#[source] pub(super) foca::Error);
