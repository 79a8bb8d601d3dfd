//! How a node takes part in its cluster.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::envelope::ENVELOPE_LEN;
use super::error::ConfigError;
use super::packet::Packet;
use crate::label::Label;
use crate::runtime::{NodeId, Port};

/// How a node takes part in its cluster. Every node of a cluster should use the same
/// numbers.
///
/// Start from [`lan`](Self::lan) or [`fast`](Self::fast) and change what is different.
/// [`Membership::new`](super::Membership::new) refuses numbers that make no sense.
///
/// | | `lan` | `fast` |
/// |---|---|---|
/// | one member is probed every | 1 s | 300 ms |
/// | others are asked to probe it after | 300 ms | 100 ms |
/// | a suspect is taken for dead after | 4 s | 1 s |
/// | news is passed on every | 200 ms | 100 ms |
/// | members are asked for all they know every | 30 s | 10 s |
/// | the missing are looked for every | 5 s | 1 s |
/// | at most this many messages are sent a second | 100 | 200 |
///
/// In a file, `cluster` must be set, times are whole milliseconds in fields that end in
/// `_ms`, such as `probe_period_ms`, and what is absent is as in `lan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default = "MembershipConfig::nameless", deny_unknown_fields)]
#[non_exhaustive]
pub struct MembershipConfig {
    /// The cluster's name. Messages of a cluster with another name are refused.
    pub cluster: Label,
    /// The port of the protocol, the same on all nodes.
    pub port: Port,
    /// Nodes to introduce oneself to. May hold the own node, which is passed over. A
    /// cluster finds together if the seeds of its nodes lead from each to each other.
    pub seeds: Vec<NodeId>,
    /// How often one member is asked whether it lives.
    #[serde(rename = "probe_period_ms", with = "crate::milliseconds")]
    pub probe_period: Duration,
    /// How long its answer may take before others are asked to ask it. Less than half
    /// of `probe_period`, so that their answers arrive within it.
    #[serde(rename = "probe_timeout_ms", with = "crate::milliseconds")]
    pub probe_timeout: Duration,
    /// How many others are asked to ask it.
    pub indirect_probes: u8,
    /// How long a suspect has to show that it lives before it is taken for dead.
    #[serde(rename = "suspicion_ms", with = "crate::milliseconds")]
    pub suspicion: Duration,
    /// How often news is passed on, while there is some.
    #[serde(rename = "gossip_period_ms", with = "crate::milliseconds")]
    pub gossip_period: Duration,
    /// To how many members.
    pub gossip_fanout: u8,
    /// How often one node passes one piece of news on.
    pub transmissions_max: u8,
    /// How often one member is asked for all members that it knows, in case news was
    /// lost.
    #[serde(rename = "announce_period_ms", with = "crate::milliseconds")]
    pub announce_period: Duration,
    /// How often seeds and dead members that are missing are looked for, so that the
    /// sides of a long split find each other. A node without any other member looks
    /// every `probe_period`.
    #[serde(rename = "seek_period_ms", with = "crate::milliseconds")]
    pub seek_period: Duration,
    /// About how many of the missing a node looks for each time, and how many nodes
    /// look for each of the missing.
    pub seek_fanout: u8,
    /// After how long a dead member is forgotten. Should be far longer than any split:
    /// news that is older than this is believed again.
    #[serde(rename = "forget_after_ms", with = "crate::milliseconds")]
    pub forget_after: Duration,
    /// The longest message, in bytes; the network's own limit also holds.
    pub message_len_max: usize,
    /// How many other nodes are remembered, dead ones included. Further ones are
    /// refused, with an incident.
    pub members_max: u32,
    /// How many messages a node sends per second, whatever the size of the cluster.
    /// The last half is kept for probes and their answers. Messages beyond it are not
    /// sent; they are counted, as if the network had lost them.
    pub sends_per_second_max: u32,
    /// How many messages may wait to be handled.
    pub inbox_capacity: usize,
    /// Whether the cluster is left when the driver is asked to shut down, so that no
    /// peer needs to suspect anything.
    pub leaves_at_shutdown: bool,
}

impl MembershipConfig {
    /// How many seeds there may be.
    pub const SEEDS_MAX: usize = 64;
    /// The largest fan-out.
    pub const FANOUT_MAX: u8 = 16;
    /// The shortest limit of a message, in bytes.
    pub const MESSAGE_LEN_MIN: usize = ENVELOPE_LEN + Packet::LEN_MIN;
    /// The longest limit of a message, in bytes.
    pub const MESSAGE_LEN_MAX: usize = 65_507;
    /// The largest number of nodes that can be remembered.
    pub const MEMBERS_MAX: u32 = 65_536;
    /// The shortest period.
    pub const PERIOD_MIN: Duration = Duration::from_millis(1);
    /// The longest period or limit: thirty days.
    pub const PERIOD_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// For a quiet network: a dead node is known as such after about 5 s.
    #[must_use]
    pub fn lan(cluster: impl Into<Label>) -> Self {
        Self {
            cluster: cluster.into(),
            port: Port(7_946),
            seeds: Vec::new(),
            probe_period: Duration::from_secs(1),
            probe_timeout: Duration::from_millis(300),
            indirect_probes: 3,
            suspicion: Duration::from_secs(4),
            gossip_period: Duration::from_millis(200),
            gossip_fanout: 3,
            transmissions_max: 10,
            announce_period: Duration::from_secs(30),
            seek_period: Duration::from_secs(5),
            seek_fanout: 2,
            forget_after: Duration::from_secs(24 * 60 * 60),
            message_len_max: 1_400,
            members_max: 1_024,
            sends_per_second_max: 100,
            inbox_capacity: 1_024,
            leaves_at_shutdown: true,
        }
    }

    /// What a file begins with; one that names no cluster is refused.
    fn nameless() -> Self {
        Self::lan("")
    }

    /// For a fast answer on a good network: a dead node is known as such after about
    /// 1.5 s, at more than three times the messages.
    #[must_use]
    pub fn fast(cluster: impl Into<Label>) -> Self {
        Self {
            probe_period: Duration::from_millis(300),
            probe_timeout: Duration::from_millis(100),
            suspicion: Duration::from_secs(1),
            gossip_period: Duration::from_millis(100),
            announce_period: Duration::from_secs(10),
            seek_period: Duration::from_secs(1),
            sends_per_second_max: 200,
            ..Self::lan(cluster)
        }
    }

    /// Sets [`port`](Self::port).
    #[must_use]
    pub const fn port(mut self, port: Port) -> Self {
        self.port = port;
        self
    }

    /// Sets [`seeds`](Self::seeds).
    #[must_use]
    pub fn seeds(mut self, seeds: impl IntoIterator<Item = NodeId>) -> Self {
        self.seeds = seeds.into_iter().collect();
        self
    }

    /// Sets [`probe_period`](Self::probe_period) and
    /// [`probe_timeout`](Self::probe_timeout).
    #[must_use]
    pub const fn probe(mut self, period: Duration, timeout: Duration) -> Self {
        self.probe_period = period;
        self.probe_timeout = timeout;
        self
    }

    /// Sets [`suspicion`](Self::suspicion).
    #[must_use]
    pub const fn suspicion(mut self, suspicion: Duration) -> Self {
        self.suspicion = suspicion;
        self
    }

    /// Sets [`gossip_period`](Self::gossip_period) and
    /// [`gossip_fanout`](Self::gossip_fanout).
    #[must_use]
    pub const fn gossip(mut self, period: Duration, fanout: u8) -> Self {
        self.gossip_period = period;
        self.gossip_fanout = fanout;
        self
    }

    /// Sets [`seek_period`](Self::seek_period) and [`seek_fanout`](Self::seek_fanout).
    #[must_use]
    pub const fn seek(mut self, period: Duration, fanout: u8) -> Self {
        self.seek_period = period;
        self.seek_fanout = fanout;
        self
    }

    /// Sets [`forget_after`](Self::forget_after).
    #[must_use]
    pub const fn forget_after(mut self, forget_after: Duration) -> Self {
        self.forget_after = forget_after;
        self
    }

    /// Sets [`message_len_max`](Self::message_len_max).
    #[must_use]
    pub const fn message_len_max(mut self, message_len_max: usize) -> Self {
        self.message_len_max = message_len_max;
        self
    }

    /// Sets [`members_max`](Self::members_max).
    #[must_use]
    pub const fn members_max(mut self, members_max: u32) -> Self {
        self.members_max = members_max;
        self
    }

    /// Sets [`sends_per_second_max`](Self::sends_per_second_max).
    #[must_use]
    pub const fn sends_per_second_max(mut self, sends_per_second_max: u32) -> Self {
        self.sends_per_second_max = sends_per_second_max;
        self
    }

    /// Sets [`leaves_at_shutdown`](Self::leaves_at_shutdown).
    #[must_use]
    pub const fn leaves_at_shutdown(mut self, leaves_at_shutdown: bool) -> Self {
        self.leaves_at_shutdown = leaves_at_shutdown;
        self
    }

    /// Whether the numbers make sense.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`].
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.cluster.is_empty() {
            return Err(ConfigError::NamelessCluster);
        }
        if self.seeds.len() > Self::SEEDS_MAX {
            let seeds = self.seeds.len();
            return Err(ConfigError::TooManySeeds { seeds });
        }
        let periods = [
            ("probe_period", self.probe_period),
            ("probe_timeout", self.probe_timeout),
            ("suspicion", self.suspicion),
            ("gossip_period", self.gossip_period),
            ("announce_period", self.announce_period),
            ("seek_period", self.seek_period),
            ("forget_after", self.forget_after),
        ];
        for (field, period) in periods {
            if !(Self::PERIOD_MIN..=Self::PERIOD_MAX).contains(&period) {
                return Err(ConfigError::PeriodOutOfRange { field, period });
            }
        }
        if self.probe_timeout * 2 > self.probe_period {
            let (timeout, period) = (self.probe_timeout, self.probe_period);
            return Err(ConfigError::ProbeTimeoutTooLong { timeout, period });
        }
        self.validate_counts()
    }

    fn validate_counts(&self) -> Result<(), ConfigError> {
        let fanout_max = usize::from(Self::FANOUT_MAX);
        let counts = [
            (
                "indirect_probes",
                usize::from(self.indirect_probes),
                fanout_max,
            ),
            ("gossip_fanout", usize::from(self.gossip_fanout), fanout_max),
            ("seek_fanout", usize::from(self.seek_fanout), fanout_max),
            (
                "transmissions_max",
                usize::from(self.transmissions_max),
                255,
            ),
            (
                "members_max",
                self.members_max as usize,
                Self::MEMBERS_MAX as usize,
            ),
            (
                "sends_per_second_max",
                self.sends_per_second_max as usize,
                1_000_000,
            ),
            ("inbox_capacity", self.inbox_capacity, 1_000_000),
        ];
        for (field, count, max) in counts {
            if count == 0 || count > max {
                return Err(ConfigError::CountOutOfRange { field, count, max });
            }
        }
        if !(Self::MESSAGE_LEN_MIN..=Self::MESSAGE_LEN_MAX).contains(&self.message_len_max) {
            let len = self.message_len_max;
            return Err(ConfigError::MessageLenOutOfRange { len });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_make_sense() {
        assert_eq!(MembershipConfig::lan("c").validate(), Ok(()));
        assert_eq!(MembershipConfig::fast("c").validate(), Ok(()));
    }

    #[test]
    fn each_number_that_makes_no_sense_is_named() {
        let lan = || MembershipConfig::lan("c");
        let second = Duration::from_secs(1);
        let field = |config: MembershipConfig| match config.validate() {
            Err(
                ConfigError::PeriodOutOfRange { field, .. }
                | ConfigError::CountOutOfRange { field, .. },
            ) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(field(lan().probe(Duration::ZERO, second)), "probe_period");
        assert_eq!(field(lan().suspicion(Duration::MAX)), "suspicion");
        assert_eq!(field(lan().gossip(second, 0)), "gossip_fanout");
        assert_eq!(field(lan().gossip(second, 17)), "gossip_fanout");
        assert_eq!(field(lan().seek(Duration::ZERO, 1)), "seek_period");
        assert_eq!(field(lan().members_max(0)), "members_max");
        assert_eq!(field(lan().sends_per_second_max(0)), "sends_per_second_max");
        assert_eq!(field(lan().forget_after(Duration::ZERO)), "forget_after");
    }

    #[test]
    fn the_other_rules_have_errors_of_their_own() {
        let lan = || MembershipConfig::lan("c");
        assert_eq!(
            MembershipConfig::lan("").validate(),
            Err(ConfigError::NamelessCluster)
        );
        let seeds = MembershipConfig::SEEDS_MAX + 1;
        assert_eq!(
            lan().seeds((0..seeds as u32).map(NodeId)).validate(),
            Err(ConfigError::TooManySeeds { seeds })
        );
        let (period, timeout) = (Duration::from_secs(1), Duration::from_millis(501));
        assert_eq!(
            lan().probe(period, timeout).validate(),
            Err(ConfigError::ProbeTimeoutTooLong { timeout, period })
        );
        let len = MembershipConfig::MESSAGE_LEN_MIN - 1;
        assert_eq!(
            lan().message_len_max(len).validate(),
            Err(ConfigError::MessageLenOutOfRange { len })
        );
        assert_eq!(lan().message_len_max(len + 1).validate(), Ok(()));
    }
}
