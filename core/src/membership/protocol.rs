//! The protocol: SWIM by `foca`, and what we add to it.
//!
//! Pure: takes packets, times and wishes, and leaves in [`Effects`] what is to be sent.
//! Added to SWIM:
//!
//! - **Challenge.** Who accuses a member of not answering tells it so at once, and again
//!   every probe timeout until the verdict, in a question that it must answer. So one
//!   message and its answer clear an innocent, instead of gossip that may pass it by.
//!   Each node accuses at most one member in a probe period, so this costs a bounded
//!   number of messages whatever the size of the cluster. After the buddy system of
//!   Lifeguard (Dadgar et al. 2018).
//! - **Coming back.** Who was taken for dead goes on under a renewed identity, and takes
//!   back its own verdicts: it was the one who could not be heard. Otherwise it would
//!   infect the others with them, and each member that it took for dead would have to
//!   renew itself, too. It looks for those members as for seeds. Likewise, a node that
//!   has lost everyone does not pass its verdicts on.
//! - **Forgiveness.** A node that did not run has not listened; see [`Alarms::forgive`].
//! - **Seeking.** Seeds and dead members that are missing are looked for, each by about
//!   as many nodes at a time however large the cluster is, and also by a node that has
//!   nobody left. A node that is new also asks members for others more often.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU8, NonZeroUsize};
use std::time::Duration;

use foca::{Config, Foca, Message, NoCustomBroadcast, Notification, PeriodicParams, State, Timer};

use super::alarms::{Alarm, Alarms};
use super::codec::FixedCodec;
use super::config::MembershipConfig;
use super::dice::Dice;
use super::envelope::ENVELOPE_LEN;
use super::identity::Identity;
use super::packet::Packet;
use crate::runtime::{EntropyStream, NodeId, Timestamp};

/// What a step has led to.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// What is to be sent, in order.
    pub(super) sends: Vec<(NodeId, Vec<u8>)>,
    /// The identity that this node has taken on.
    pub(super) renewed: Option<Identity>,
    /// Whether the node had not run for a while.
    pub(super) stood_still: bool,
    /// Whether this node was taken for dead.
    defunct: bool,
    /// Whether nobody is left.
    idle: bool,
    timers: Vec<(Timer<Identity>, Duration)>,
}

impl foca::Runtime<Identity> for Effects {
    fn notify(&mut self, notification: Notification<'_, Identity>) {
        match notification {
            Notification::Defunct => self.defunct = true,
            Notification::Idle => self.idle = true,
            Notification::Active => self.idle = false,
            // Identities do not renew themselves; the rest follows from the table,
            // which tells more.
            Notification::Rejoin(_)
            | Notification::MemberUp(_)
            | Notification::MemberDown(_)
            | Notification::Rename(_, _) => {}
        }
    }

    fn send_to(&mut self, to: Identity, data: &[u8]) {
        self.sends.push((to.node, data.to_vec()));
    }

    fn submit_after(&mut self, event: Timer<Identity>, after: Duration) {
        self.timers.push((event, after));
    }
}

/// The numbers that the protocol works with.
#[derive(Debug, Clone)]
struct Pace {
    settings: Config,
    forget_after: Duration,
    probe_period: Duration,
    probe_timeout: Duration,
    seek_period: Duration,
    seek_fanout: u8,
    packet_len_max: usize,
    members_max: usize,
}

/// One node's part in the protocol, under one identity after the other.
pub(super) struct Protocol {
    foca: Foca<Identity, FixedCodec, Dice, NoCustomBroadcast>,
    alarms: Alarms,
    pace: Pace,
    /// Whom to look for although they are not known as dead, and until when.
    wanted: BTreeMap<NodeId, Timestamp>,
    /// How many times it still asks a member for others because it is new.
    questions: u8,
    chance: EntropyStream,
}

/// How many times a node that is new asks a member for others. News may pass a node by,
/// most of all while many join at once.
const QUESTIONS: u8 = 8;

impl Protocol {
    /// A node that begins as `identity`, knowing what `table` says. `message_len_max` is
    /// the network's limit.
    pub(super) fn new(
        identity: Identity,
        config: &MembershipConfig,
        message_len_max: usize,
        mut chance: EntropyStream,
    ) -> Self {
        let packet_len_max = config.message_len_max.min(message_len_max) - ENVELOPE_LEN;
        let settings = settings(config, packet_len_max);
        let seeds = config.seeds.iter().map(|seed| (*seed, Timestamp::MAX));
        Self {
            foca: Foca::new(identity, settings.clone(), dice(&mut chance), FixedCodec),
            alarms: Alarms::default(),
            pace: Pace {
                settings,
                forget_after: config.forget_after,
                probe_period: config.probe_period,
                probe_timeout: config.probe_timeout,
                seek_period: config.seek_period,
                seek_fanout: config.seek_fanout,
                packet_len_max,
                members_max: config.members_max as usize,
            },
            wanted: seeds.filter(|(node, _)| *node != identity.node).collect(),
            questions: QUESTIONS,
            chance,
        }
    }

    /// Begins: takes over what was known before, and looks for others.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    pub(super) fn begin(
        &mut self,
        table: Vec<foca::Member<Identity>>,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Result<(), foca::Error> {
        self.alarms.set(now, Alarm::Seek);
        let result = self.introduce(table, effects);
        self.settle(now, effects);
        result
    }

    /// Takes over what was known, and tells some members under which identity.
    fn introduce(
        &mut self,
        table: Vec<foca::Member<Identity>>,
        effects: &mut Effects,
    ) -> Result<(), foca::Error> {
        let known = self
            .foca
            .apply_many(table.into_iter(), false, &mut *effects);
        // Nothing is sent if nobody is known.
        known.and(self.foca.gossip(&mut *effects))
    }

    /// Goes on as `identity` with what is left of the table, and with nothing to pass on.
    fn restart(
        &mut self,
        identity: Identity,
        table: Vec<foca::Member<Identity>>,
        effects: &mut Effects,
    ) -> Result<(), foca::Error> {
        let dice = dice(&mut self.chance);
        self.foca = Foca::new(identity, self.pace.settings.clone(), dice, FixedCodec);
        self.alarms.clear_protocol();
        effects.timers.clear();
        self.introduce(table, effects)
    }

    /// Comes back after it was taken for dead.
    fn come_back(&mut self, now: Timestamp, effects: &mut Effects) -> Result<(), foca::Error> {
        let Some(identity) = self.identity().renewed() else {
            // Four thousand million renewals: nobody will believe this node again
            // before its next start.
            return Ok(());
        };
        effects.renewed = Some(identity);
        self.questions = QUESTIONS;
        let is_dead = |member: &&foca::Member<Identity>| member.state() == State::Down;
        let own = identity.node;
        let dead = self.table().filter(is_dead).map(|member| *member.id());
        let missing = dead.filter(|dead| !dead.departing && dead.node != own);
        let missing: Vec<NodeId> = missing.map(|identity| identity.node).collect();
        for node in missing {
            let until = now + self.pace.forget_after;
            self.wanted.entry(node).or_insert(until);
        }
        let table = self.table().filter(|member| !is_dead(member)).cloned();
        let table = table.collect();
        self.restart(identity, table, effects)
    }

    /// Who this node is.
    pub(super) const fn identity(&self) -> Identity {
        *self.foca.identity()
    }

    /// All that is known, the dead included.
    pub(super) fn table(&self) -> impl ExactSizeIterator<Item = &foca::Member<Identity>> {
        self.foca.iter_membership_state()
    }

    /// When [`wake`](Self::wake) is to be called next.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.alarms.next()
    }

    /// Looks for a node from now on.
    pub(super) fn want(&mut self, node: NodeId, now: Timestamp) {
        if node != self.identity().node {
            self.wanted.insert(node, Timestamp::MAX);
            self.alarms.set(now, Alarm::Seek);
        }
    }

    /// Leaves out of a packet the nodes that there is no room for. Answers the first of
    /// them.
    pub(super) fn admit(&self, packet: &mut Packet) -> Option<NodeId> {
        let mut known: BTreeSet<NodeId> = self.table().map(|member| member.id().node).collect();
        known.insert(self.identity().node);
        let mut refused = None;
        let members_max = self.pace.members_max;
        packet.members.retain(|member| {
            let node = member.id().node;
            // The own node takes no place.
            let admitted = known.contains(&node) || known.len() <= members_max;
            if admitted {
                known.insert(node);
            } else {
                refused = refused.or(Some(node));
            }
            admitted
        });
        refused
    }

    /// Whether the sender of a packet is known, or there is room for it.
    pub(super) fn admits(&self, node: NodeId) -> bool {
        self.table().len() < self.pace.members_max
            || self.table().any(|member| member.id().node == node)
    }

    /// Takes a packet in.
    ///
    /// # Errors
    ///
    /// [`foca::Error`] says what the protocol could not make sense of; it goes on.
    pub(super) fn receive(
        &mut self,
        packet: &[u8],
        from: NodeId,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Result<(), foca::Error> {
        let mut result = self.foca.handle_data(packet, &mut *effects);
        result = result.and(self.follow(now, effects));
        if effects.renewed.is_some() {
            // Whoever told us that we are dead is to know that we are back.
            let introduced = self.foca.announce(Identity::whoever(from), &mut *effects);
            result = result.and(introduced);
        }
        self.settle(now, effects);
        result
    }

    /// Does what the protocol leaves to us after it was taken for dead or has lost
    /// everyone.
    fn follow(&mut self, now: Timestamp, effects: &mut Effects) -> Result<(), foca::Error> {
        if std::mem::take(&mut effects.defunct) {
            effects.idle = false;
            return self.come_back(now, effects);
        }
        if std::mem::take(&mut effects.idle) {
            let table = self.table().cloned().collect();
            return self.restart(self.identity(), table, effects);
        }
        Ok(())
    }

    /// Does what is due.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    pub(super) fn wake(
        &mut self,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Result<(), foca::Error> {
        effects.stood_still = self.alarms.forgive(now, self.pace.probe_timeout);
        let mut result = Ok(());
        while let Some(alarm) = self.alarms.take(now) {
            let done = match alarm {
                Alarm::Protocol(timer) => self.foca.handle_timer(timer, &mut *effects),
                Alarm::Challenge => {
                    self.challenge(now, effects);
                    Ok(())
                }
                Alarm::Seek => self.seek(now, effects),
            };
            result = result.and(done).and(self.follow(now, effects));
            self.settle(now, effects);
        }
        result
    }

    /// Sets the timers that the protocol has asked for.
    fn settle(&mut self, now: Timestamp, effects: &mut Effects) {
        for (timer, after) in effects.timers.drain(..) {
            let is_accusation = matches!(timer, Timer::ChangeSuspectToDown { .. });
            self.alarms.set(now + after, Alarm::Protocol(timer));
            if is_accusation {
                self.alarms.set(now, Alarm::Challenge);
            }
        }
    }

    /// Asks those whom this node has accused whether they live.
    fn challenge(&mut self, now: Timestamp, effects: &mut Effects) {
        let own = self.identity();
        let is_open = |accused: &(Identity, u16)| {
            self.table().any(|member| {
                (*member.id(), member.incarnation()) == *accused && member.state() == State::Suspect
            })
        };
        let accused: Vec<(Identity, u16)> = self.alarms.verdicts().filter(is_open).collect();
        for (identity, refutations) in &accused {
            let suspicion = foca::Member::new(*identity, *refutations, State::Suspect);
            let question = Packet::new(own, *identity, Message::Ping(0)).with(suspicion);
            let question = question.encode(self.pace.packet_len_max);
            let question = question.expect("the shortest packet has room for one member");
            effects.sends.push((identity.node, question));
        }
        if !accused.is_empty() {
            let next = now + self.pace.probe_timeout;
            self.alarms.set(next, Alarm::Challenge);
        }
    }

    /// Introduces this node to some of those who should be members and are not.
    pub(super) fn seek(
        &mut self,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Result<(), foca::Error> {
        self.wanted.retain(|_, until| *until > now);
        let active: BTreeSet<NodeId> = self
            .foca
            .iter_members()
            .map(|member| member.id().node)
            .collect();
        let own = self.identity().node;
        let dead = self.table().map(foca::Member::id).filter(|identity| {
            // Who has left is not missing.
            !identity.departing && identity.node != own
        });
        let known = dead.map(|identity| identity.node);
        let mut missing: Vec<NodeId> = known
            .chain(self.wanted.keys().copied())
            .filter(|node| !active.contains(node))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let fanout = f64::from(self.pace.seek_fanout);
        let chance = fanout / (active.len() as f64 + 1.0);
        self.chance.shuffle(&mut missing);
        missing.retain(|_| self.chance.chance(chance));
        missing.truncate(usize::from(self.pace.seek_fanout));
        let period = if active.is_empty() {
            self.pace.probe_period
        } else {
            self.pace.seek_period
        };
        self.alarms.set(now + period, Alarm::Seek);
        if let Some(left) = self.questions.checked_sub(1)
            && !active.is_empty()
        {
            self.questions = left;
            let chosen = self.chance.below(active.len() as u64) as usize;
            missing.extend(active.iter().nth(chosen));
        }
        let mut result = Ok(());
        for node in missing {
            let introduced = self.foca.announce(Identity::whoever(node), &mut *effects);
            result = result.and(introduced);
        }
        result
    }
}

/// A generator of its own, drawn from `chance`.
fn dice(chance: &mut EntropyStream) -> Dice {
    let mut seed = [0; 32];
    for word in seed.chunks_exact_mut(8) {
        word.copy_from_slice(&chance.next_u64().to_le_bytes());
    }
    Dice(EntropyStream::from_seed(seed))
}

/// Our configuration in the protocol's words.
fn settings(config: &MembershipConfig, packet_len_max: usize) -> Config {
    let count = |count: u8| NonZeroUsize::new(usize::from(count)).unwrap_or(NonZeroUsize::MIN);
    Config {
        probe_period: config.probe_period,
        probe_rtt: config.probe_timeout,
        num_indirect_probes: count(config.indirect_probes),
        max_transmissions: NonZeroU8::new(config.transmissions_max).unwrap_or(NonZeroU8::MIN),
        suspect_to_down_after: config.suspicion,
        remove_down_after: Some(config.forget_after),
        max_packet_size: NonZeroUsize::new(packet_len_max).unwrap_or(NonZeroUsize::MIN),
        notify_down_members: true,
        periodic_announce: Some(PeriodicParams {
            frequency: config.announce_period,
            num_members: NonZeroUsize::MIN,
        }),
        // The protocol stops to look once nobody is left; see `Protocol::seek`.
        periodic_announce_to_down_members: None,
        periodic_gossip: Some(PeriodicParams {
            frequency: config.gossip_period,
            num_members: count(config.gossip_fanout),
        }),
    }
}
