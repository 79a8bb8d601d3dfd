//! What a membership has dropped.

use serde::{Deserialize, Serialize};

/// What a membership has dropped so far, over restarts of its driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MembershipCounts {
    /// Messages received that are none of the protocol, or were damaged.
    pub garbage: u64,
    /// Messages received that are of another cluster.
    pub foreign: u64,
    /// Messages received that are of another version.
    pub other_version: u64,
    /// Messages received that named a node for which there was no room.
    pub unadmitted: u64,
    /// Messages received from, or naming, an earlier start of a node that was up in a
    /// later one.
    pub outdated: u64,
    /// Messages that the network refused to send.
    pub refused: u64,
    /// Messages not sent because they were more than may be sent in a second.
    pub over_ration: u64,
    /// Times that the node had not run for a while and forgave its peers for it.
    pub stood_still: u64,
}
