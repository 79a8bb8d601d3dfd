//! What the protocol asks, believes and answers, packet by packet.

use std::collections::BTreeSet;
use std::time::Duration;

use foca::{Message, State};

use super::config::MembershipConfig;
use super::identity::Identity;
use super::packet::Packet;
use super::protocol::{Effects, Protocol};
use crate::runtime::{EntropyStream, Incarnation, NodeId, Timestamp};

const LEN_MAX: usize = 1_400;

fn identity(node: u32) -> Identity {
    Identity::new(NodeId(node), Incarnation(1), 0)
}

fn member(node: u32, state: State) -> foca::Member<Identity> {
    foca::Member::new(identity(node), 0, state)
}

/// One node, `n1`, and what it sends.
struct Bench {
    protocol: Protocol,
    now: Timestamp,
    config: MembershipConfig,
}

impl Bench {
    fn new(config: MembershipConfig, table: Vec<foca::Member<Identity>>) -> Self {
        let chance = EntropyStream::from_seed([3; 32]);
        let mut protocol = Protocol::new(identity(1), &config, LEN_MAX, chance);
        let now = Timestamp::ZERO;
        let begun = protocol.begin(table, now, &mut Effects::default());
        assert!(begun.is_ok());
        Self {
            protocol,
            now,
            config,
        }
    }

    /// A node that knows the nodes up to `n`, all alive.
    fn among(n: u32) -> Self {
        let table = (2..=n).map(|node| member(node, State::Alive)).collect();
        Self::new(MembershipConfig::fast("test"), table)
    }

    /// What is sent when the next thing is due, with when.
    fn wake(&mut self) -> Vec<Packet> {
        self.now = self.protocol.due().expect("something is due");
        let mut effects = Effects::default();
        let woken = self.protocol.wake(self.now, &mut effects);
        assert!(woken.is_ok(), "{woken:?}");
        packets(&effects)
    }

    /// What is sent until `until`.
    fn wake_until(&mut self, until: Timestamp) -> Vec<(Timestamp, Packet)> {
        let mut sent = Vec::new();
        while self.protocol.due().is_some_and(|due| due <= until) {
            let packets = self.wake();
            sent.extend(packets.into_iter().map(|packet| (self.now, packet)));
        }
        self.now = until;
        sent
    }

    fn receive(&mut self, packet: &Packet) -> (Vec<Packet>, Option<Identity>) {
        let bytes = packet.encode(LEN_MAX).unwrap();
        let from = packet.header.src.node;
        let mut effects = Effects::default();
        let received = self.protocol.receive(&bytes, from, self.now, &mut effects);
        assert!(received.is_ok(), "{received:?}");
        (packets(&effects), effects.renewed)
    }

    fn state_of(&self, node: u32) -> Option<State> {
        let mut table = self.protocol.table();
        let row = table.find(|member| member.id().node == NodeId(node));
        row.map(foca::Member::state)
    }

    fn own(&self) -> Identity {
        self.protocol.identity()
    }
}

fn packets(effects: &Effects) -> Vec<Packet> {
    let decode = |(to, bytes): &(NodeId, Vec<u8>)| {
        let packet = Packet::decode(bytes).expect("the protocol sends packets");
        assert_eq!(packet.header.dst.node, *to);
        packet
    };
    effects.sends.iter().map(decode).collect()
}

fn probe(sent: &[(Timestamp, Packet)]) -> (Timestamp, Identity, u8) {
    let mut probes = sent.iter().filter_map(|(at, packet)| {
        let Message::Ping(number) = packet.header.message else {
            return None;
        };
        Some((*at, packet.header.dst, number))
    });
    probes.next().expect("someone is probed")
}

#[test]
fn h01_others_are_asked_to_probe_before_anyone_is_suspected() {
    let mut bench = Bench::among(8);
    let period = bench.config.probe_period;
    let sent = bench.wake_until(Timestamp::ZERO + period);
    let (asked, target, number) = probe(&sent);
    let sent = bench.wake_until(asked + bench.config.probe_timeout);
    let requests = sent.iter().filter_map(|(at, packet)| {
        let request = Message::PingReq {
            target,
            probe_number: number,
        };
        (packet.header.message == request).then_some((*at, packet.header.dst.node))
    });
    let (times, helpers): (BTreeSet<_>, BTreeSet<_>) = requests.unzip();
    assert_eq!(times, BTreeSet::from([asked + bench.config.probe_timeout]));
    assert_eq!(helpers.len(), usize::from(bench.config.indirect_probes));
    assert!(!helpers.contains(&target.node));
    bench.wake_until(asked + period - Duration::from_nanos(1));
    assert_eq!(bench.state_of(target.node.0), Some(State::Alive));
    bench.wake_until(asked + period);
    assert_eq!(bench.state_of(target.node.0), Some(State::Suspect));
}

#[test]
fn h01_an_answer_through_another_saves_from_suspicion() {
    let mut bench = Bench::among(8);
    let period = bench.config.probe_period;
    let sent = bench.wake_until(Timestamp::ZERO + period);
    let (asked, target, probe_number) = probe(&sent);
    let sent = bench.wake_until(asked + bench.config.probe_timeout);
    let helper = sent.iter().find_map(|(_, packet)| {
        matches!(packet.header.message, Message::PingReq { .. }).then_some(packet.header.dst)
    });
    let answer = Message::ForwardedAck {
        origin: target,
        probe_number,
    };
    let own = bench.own();
    bench.receive(&Packet::new(helper.unwrap(), own, answer));
    bench.wake_until(asked + period);
    assert_eq!(bench.state_of(target.node.0), Some(State::Alive));
}

#[test]
fn h02_a_suspicion_is_refuted_once_and_an_old_one_not_again() {
    let mut bench = Bench::among(4);
    let own = bench.own();
    let suspected = |refutations| {
        let suspicion = foca::Member::new(own, refutations, State::Suspect);
        Packet::new(identity(2), own, Message::Ping(9)).with(suspicion)
    };
    let answered = |sent: Vec<Packet>| {
        let mut acks = sent
            .iter()
            .filter(|packet| packet.header.message == Message::Ack(9));
        acks.next().map(|packet| packet.header.src_incarnation)
    };
    assert_eq!(answered(bench.receive(&suspected(0)).0), Some(1));
    assert_eq!(answered(bench.receive(&suspected(0)).0), Some(1));
    assert_eq!(answered(bench.receive(&suspected(1)).0), Some(2));
}

#[test]
fn an_accused_member_is_asked_again_until_the_verdict() {
    let mut bench = Bench::among(3);
    let period = bench.config.probe_period;
    let sent = bench.wake_until(Timestamp::ZERO + period);
    let (asked, target, _) = probe(&sent);
    let accused = asked + period;
    let sent = bench.wake_until(accused + bench.config.suspicion);
    let is_challenge = |packet: &&(Timestamp, Packet)| {
        let suspicion = foca::Member::new(target, 0, State::Suspect);
        packet.1.header.dst == target
            && packet.1.members.contains(&suspicion)
            && matches!(packet.1.header.message, Message::Ping(0))
    };
    let times: Vec<_> = sent
        .iter()
        .filter(is_challenge)
        .map(|(at, _)| *at)
        .collect();
    let expected: Vec<_> = (0..10)
        .map(|step| accused + bench.config.probe_timeout * step)
        .collect();
    assert_eq!(times, expected);
    assert_eq!(bench.state_of(target.node.0), Some(State::Down));
}

#[test]
fn one_answer_to_a_challenge_clears_the_accused() {
    let mut bench = Bench::among(3);
    let period = bench.config.probe_period;
    let sent = bench.wake_until(Timestamp::ZERO + period);
    let (asked, target, _) = probe(&sent);
    bench.wake_until(asked + period);
    assert_eq!(bench.state_of(target.node.0), Some(State::Suspect));
    let mut answer = Packet::new(target, bench.own(), Message::Ack(0));
    answer.header.src_incarnation = 1;
    bench.receive(&answer);
    assert_eq!(bench.state_of(target.node.0), Some(State::Alive));
}

#[test]
fn h04_who_was_taken_for_dead_comes_back_and_takes_its_verdicts_back() {
    let mut table = vec![member(2, State::Alive), member(3, State::Down)];
    table.push(foca::Member::new(identity(4).departing(), 0, State::Down));
    let mut bench = Bench::new(MembershipConfig::fast("test"), table);
    let own = bench.own();
    let (sent, renewed) = bench.receive(&Packet::new(identity(3), own, Message::TurnUndead));
    assert_eq!(renewed, own.renewed());
    assert_eq!(bench.own(), own.renewed().unwrap());
    assert_eq!(bench.state_of(2), Some(State::Alive));
    assert_eq!((bench.state_of(3), bench.state_of(4)), (None, None));
    // The others are told by whom they know, and who told us is told first.
    let introduced = sent.iter().filter(|packet| {
        packet.header.src == bench.own() && packet.header.message == Message::Announce
    });
    let introduced: Vec<_> = introduced.map(|packet| packet.header.dst.node).collect();
    assert_eq!(introduced, [NodeId(3)]);
    // No verdict goes out, about no one.
    assert!(
        sent.iter().all(|packet| packet.members.is_empty()),
        "{sent:#?}"
    );
    // Who is missing is still looked for; who has left is not.
    let sought = bench.wake_until(bench.now + Duration::from_secs(60));
    let sought = sought.iter().filter_map(|(_, packet)| {
        (packet.header.message == Message::Announce).then_some(packet.header.dst.node)
    });
    let sought: BTreeSet<_> = sought.collect();
    assert!(
        sought.contains(&NodeId(3)) && !sought.contains(&NodeId(4)),
        "{sought:?}"
    );
}

#[test]
fn h05_old_news_does_not_mark_a_restarted_member() {
    let mut bench = Bench::among(3);
    let own = bench.own();
    let new = Identity::new(NodeId(3), Incarnation(2), 0);
    bench.receive(&Packet::new(new, own, Message::Gossip));
    let old = foca::Member::new(identity(3), 7, State::Down);
    bench.receive(&Packet::new(identity(2), own, Message::Gossip).with(old));
    assert_eq!(bench.state_of(3), Some(State::Alive));
}

#[test]
fn h07_seeking_stays_within_its_fan_out_however_many_are_missing() {
    for missing in [1, 10, 100] {
        let alive = (2..=50).map(|node| member(node, State::Alive));
        let dead = (51..51 + missing).map(|node| member(node, State::Down));
        let config = MembershipConfig::fast("test");
        let (fanout, period) = (usize::from(config.seek_fanout), config.seek_period);
        let mut bench = Bench::new(config, alive.chain(dead).collect());
        // Many periods of seeking, without the rest of the protocol.
        let mut sought = 0;
        for round in 0..1_000_u32 {
            bench.now = Timestamp::ZERO + period * round;
            let mut effects = Effects::default();
            assert!(bench.protocol.seek(bench.now, &mut effects).is_ok());
            let packets = packets(&effects);
            let is_missing = |packet: &&Packet| packet.header.dst.node > NodeId(50);
            let found = packets.iter().filter(is_missing).count();
            // A node that is new asks one member besides.
            let besides = usize::from(round < 8);
            assert_eq!(packets.len(), found + besides);
            assert!(found <= fanout);
            sought += found;
        }
        // About as many nodes look for each of the missing: fan-out × missing ÷ nodes.
        let expected = (1_000.0 * fanout as f64 * f64::from(missing) / 50.0).min(2_000.0);
        let ratio = sought as f64 / expected;
        assert!(
            (0.6..1.3).contains(&ratio),
            "{missing}: {sought} of {expected}"
        );
    }
}

#[test]
fn what_exceeds_the_limit_of_members_is_left_out() {
    let config = MembershipConfig::fast("test").members_max(3);
    let bench = Bench::new(
        config,
        vec![member(2, State::Alive), member(3, State::Alive)],
    );
    let mut packet = Packet::new(identity(2), bench.own(), Message::Gossip);
    for node in [3, 4, 5, 1] {
        packet = packet.with(member(node, State::Alive));
    }
    assert_eq!(bench.protocol.admit(&mut packet), Some(NodeId(5)));
    let left: Vec<_> = packet
        .members
        .iter()
        .map(|member| member.id().node.0)
        .collect();
    assert_eq!(left, [3, 4, 1]);
    assert!(bench.protocol.admits(NodeId(2)) && bench.protocol.admits(NodeId(9)));
}

#[test]
fn h12_no_packet_is_longer_than_the_limit() {
    let len_max = MembershipConfig::MESSAGE_LEN_MIN + 32;
    let packet_len_max = len_max - super::envelope::ENVELOPE_LEN;
    let config = MembershipConfig::fast("test").message_len_max(len_max);
    let table = (2..=60).map(|node| member(node, State::Alive)).collect();
    let mut bench = Bench::new(config, table);
    let (sent, _) = bench.receive(&Packet::new(identity(2), bench.own(), Message::Announce));
    let [feed] = &sent[..] else {
        panic!("{sent:#?}");
    };
    // It is filled as far as it goes.
    assert!(feed.encode(packet_len_max).is_ok());
    assert!(feed.encode(packet_len_max - 16).is_err());
    // There is more news than fits: about everyone who does not answer.
    for (_, packet) in bench.wake_until(Timestamp::ZERO + Duration::from_secs(30)) {
        assert!(packet.encode(packet_len_max).is_ok());
    }
}
