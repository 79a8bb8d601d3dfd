//! Who is in the cluster, who is suspect, who is gone.
//!
//! The protocol is SWIM (Das et al. 2002, "Scalable Weakly-consistent Infection-style
//! Process Group Membership"), by the crate `foca`, over our own network, clock and
//! entropy. Each node probes one random member per period, directly and then through
//! others; who does not answer is *suspected*, and taken for dead unless it refutes that
//! in time. News travels on the probes and by gossip. What is added to SWIM is said in
//! `protocol.rs`.
//!
//! ```
//! # use steadfast::membership::{Membership, MembershipConfig};
//! # use steadfast::runtime::{NodeId, Runtime};
//! # use steadfast::supervision::{Strategy, SupervisorSpec};
//! # fn example<R: Runtime>(runtime: &R) -> Result<(), Box<dyn std::error::Error>> {
//! let config = MembershipConfig::lan("shop").seeds([NodeId(1), NodeId(2)]);
//! let membership = Membership::new(runtime, config)?;
//! let top = SupervisorSpec::<R>::new(Strategy::OneForOne).child(membership.child_spec("membership"));
//! let changes = membership.subscribe();
//! # drop((top, changes));
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises, and what not
//!
//! - A view is a guess. A member that is alive may be taken for dead, when enough
//!   messages are lost in a row, and two nodes may disagree for a while. Nothing that
//!   needs certainty may rest on membership alone: use a lease or a quorum.
//! - A node that lives and was taken for dead comes back by itself, under the same
//!   incarnation. So do the sides of a split of any length below
//!   [`forget_after`](MembershipConfig::forget_after).
//! - A restart takes the place of the incarnation before it at once, and is never
//!   marked by news about that one. For each observer, [`Up`](MemberChange::Up) never
//!   names an older incarnation than one that it has named before.
//! - A node that leaves is told from one that died.
//! - The number of messages that a node sends does not depend on the size of the
//!   cluster. At rest it is about two in each probe period (a probe, and an answer to
//!   one) and two in each announce period; news adds
//!   [`gossip_fanout`](MembershipConfig::gossip_fanout) in each gossip period; it is
//!   never more than [`sends_per_second_max`](MembershipConfig::sends_per_second_max).
//! - A message of another cluster or version, and any garbage, is counted and has no
//!   other effect.
//!
//! | what | file |
//! |---|---|
//! | how a node takes part | `config.rs` |
//! | the handle, what it answers from, and the driver | `handle.rs`, `hub.rs`, `driver.rs` |
//! | the protocol and its timers | `protocol.rs`, `alarms.rs`, `farewell.rs`, `outbox.rs`, `ration.rs` |
//! | who is who | `member.rs`, `peer.rs`, `identity.rs`, `roster.rs` |
//! | the bytes | `envelope.rs`, `packet.rs`, `codec.rs` |
//! | following changes | `subscription.rs` |
//! | what was dropped or reported | `counts.rs`, `complaints.rs`, `error.rs` |

mod alarms;
mod codec;
mod complaints;
mod config;
mod counts;
mod dice;
mod driver;
mod envelope;
mod error;
mod farewell;
mod handle;
mod hub;
mod identity;
mod member;
mod outbox;
mod packet;
mod peer;
mod protocol;
#[cfg(test)]
mod protocol_tests;
mod ration;
mod roster;
mod subscription;

pub use config::MembershipConfig;
pub use counts::MembershipCounts;
pub use error::{ConfigError, JoinError, LeaveError, MembershipError, ProtocolError};
pub use handle::Membership;
pub use member::Member;
pub use peer::{Peer, PeerState};
pub use subscription::{MemberChange, Subscription};
