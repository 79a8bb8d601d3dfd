//! Runs one node's part in the protocol: the only file of this folder that waits.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{self, Poll};

use foca::Message as Kind;

use super::complaints::Complaint;
use super::config::MembershipConfig;
use super::envelope::Refusal;
use super::error::{MembershipError, ProtocolError};
use super::farewell::{Farewell, notice};
use super::hub::{Hub, Wishes};
use super::identity::Identity;
use super::outbox::{Outbox, Sent};
use super::packet::Packet;
use super::protocol::{Effects, Protocol};
use crate::event::{Event, MembershipEvent};
use crate::failure::Severity;
use crate::process::{Context, ExitReason, Signal};
use crate::runtime::{Inbox, Message, NodeId, Runtime, Timestamp};

/// How many messages are handled before other tasks get their turn. Messages go before
/// timers: an answer that has arrived counts, however late it is read.
const BATCH: usize = 256;

type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What this node does in the cluster.
enum Part {
    /// It is a member.
    Member(Box<Protocol>),
    /// It says farewell. Why the driver ends afterwards, if it does.
    Leaving(Box<Farewell>, Option<ExitReason>),
    /// It has left, as this.
    Departed(Identity),
}

/// What the driver deals with next.
enum Next {
    Signal(Signal),
    Wishes(Wishes),
    Message(Message),
    Closed,
    Due,
}

struct Driver<R: Runtime> {
    context: Context<R>,
    hub: Arc<Hub<R>>,
    inbox: Inbox,
    part: Part,
    outbox: Outbox,
    timer: Option<(Timestamp, Timer)>,
    stopped: bool,
}

/// The body of the driver's process.
pub(super) async fn run<R: Runtime>(
    context: Context<R>,
    hub: Arc<Hub<R>>,
) -> Result<ExitReason, ExitReason> {
    let len_max = context.runtime().payload_len_max();
    if len_max < MembershipConfig::MESSAGE_LEN_MIN {
        let error = MembershipError::NetworkTooNarrow { len_max };
        return Err(context.node().failure(error).escalate());
    }
    let (port, capacity) = (hub.config.port, hub.config.inbox_capacity);
    let inbox = context.deliver(context.runtime().bind(port, capacity))?;
    let mut driver = Driver::new(context, hub, inbox);
    driver.begin()?;
    driver.context.ready();
    driver.run().await
}

impl<R: Runtime> Driver<R> {
    fn new(context: Context<R>, hub: Arc<Hub<R>>, inbox: Inbox) -> Self {
        let own = hub.own();
        let now = context.runtime().now();
        Self {
            // Until it begins.
            part: Part::Departed(Identity::new(own.node, own.incarnation, 0).departing()),
            outbox: Outbox::new(hub.config.sends_per_second_max, now),
            context,
            hub,
            inbox,
            timer: None,
            stopped: false,
        }
    }

    fn begin(&mut self) -> Result<(), ExitReason> {
        match self.hub.begin(&self.context) {
            Ok((identity, table)) => self.take_part(identity, table),
            Err(departed) => {
                self.part = Part::Departed(departed.departing());
                Ok(())
            }
        }
    }

    /// Becomes a member.
    fn take_part(
        &mut self,
        identity: Identity,
        table: Vec<foca::Member<Identity>>,
    ) -> Result<(), ExitReason> {
        let runtime = self.context.runtime();
        let chance = runtime.stream(&format!("membership {}", identity.generation));
        let len_max = runtime.payload_len_max();
        let protocol = Protocol::new(identity, &self.hub.config, len_max, chance);
        self.part = Part::Member(Box::new(protocol));
        self.step(|protocol, now, effects| protocol.begin(table, now, effects))
    }

    async fn run(&mut self) -> Result<ExitReason, ExitReason> {
        loop {
            for _ in 0..BATCH {
                if let Some(end) = self.take_turn().await? {
                    return Ok(end);
                }
            }
            // Many turns can pass without a wait; other tasks must get theirs.
            self.wake()?;
            let mut yielded = false;
            poll_fn(|task| {
                if std::mem::replace(&mut yielded, true) {
                    return Poll::Ready(());
                }
                task.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
    }

    /// Deals with one thing. Answers why the driver ends, if it does.
    async fn take_turn(&mut self) -> Result<Option<ExitReason>, ExitReason> {
        match poll_fn(|task| self.poll_next(task)).await {
            Next::Signal(Signal::Exit { reason, .. }) => return self.stop(reason),
            // Nothing is linked, monitored or started here.
            Next::Signal(Signal::Down { .. } | Signal::ChildExited { .. }) => {}
            Next::Wishes(wishes) => self.grant(&wishes)?,
            Next::Message(message) => self.receive(&message)?,
            Next::Closed => {
                let error = MembershipError::Closed;
                return Err(self.context.node().failure(error).escalate());
            }
            Next::Due => self.wake()?,
        }
        Ok(self.end_of_farewell())
    }

    /// Signals first, then wishes, then messages, then what is due.
    fn poll_next(&mut self, task: &mut task::Context<'_>) -> Poll<Next> {
        if let Poll::Ready(signal) = pin!(self.context.signal()).poll(task) {
            return Poll::Ready(Next::Signal(signal));
        }
        if let Poll::Ready(wishes) = self.hub.poll_wishes(task.waker()) {
            return Poll::Ready(Next::Wishes(wishes));
        }
        if let Poll::Ready(message) = pin!(self.inbox.receive()).poll(task) {
            return Poll::Ready(message.map_or(Next::Closed, Next::Message));
        }
        self.poll_due(task).map(|()| Next::Due)
    }

    fn poll_due(&mut self, task: &mut task::Context<'_>) -> Poll<()> {
        let due = match &self.part {
            Part::Member(protocol) => protocol.due(),
            Part::Leaving(farewell, _) => farewell.due(),
            Part::Departed(_) => None,
        };
        let Some(due) = due else {
            self.timer = None;
            return Poll::Pending;
        };
        let timer = match &mut self.timer {
            Some((at, timer)) if *at == due => timer,
            _ => {
                let timer: Timer = Box::pin(self.context.runtime().sleep_until(due));
                &mut self.timer.insert((due, timer)).1
            }
        };
        timer.as_mut().poll(task).map(|()| self.timer = None)
    }

    fn wake(&mut self) -> Result<(), ExitReason> {
        match &mut self.part {
            Part::Member(_) => self.step(Protocol::wake),
            Part::Leaving(farewell, _) => {
                let departing = farewell.identity();
                let told = farewell.wake(self.context.runtime().now());
                for member in told {
                    self.say_farewell(departing, member)?;
                }
                Ok(())
            }
            Part::Departed(_) => Ok(()),
        }
    }

    /// Lets the protocol take a step, and performs what follows.
    fn step(
        &mut self,
        step: impl FnOnce(&mut Protocol, Timestamp, &mut Effects) -> Result<(), foca::Error>,
    ) -> Result<(), ExitReason> {
        let now = self.context.runtime().now();
        let Part::Member(protocol) = &mut self.part else {
            return Ok(());
        };
        let mut effects = Effects::default();
        let result = step(protocol, now, &mut effects);
        if let Some(identity) = effects.renewed {
            self.hub.renew(&self.context, identity);
        }
        self.hub
            .publish(&self.context, &protocol.table().collect::<Vec<_>>());
        if effects.stood_still {
            self.hub.count(|counts| counts.stood_still += 1);
        }
        if let Err(error) = result {
            self.report(ProtocolError(error), Severity::Error);
        }
        for (to, packet) in effects.sends {
            self.send(now, to, &packet)?;
        }
        Ok(())
    }

    fn receive(&mut self, message: &Message) -> Result<(), ExitReason> {
        let from = message.from;
        let packet = match self.hub.cluster.open(&message.payload) {
            Ok(packet) => packet,
            Err(refusal) => {
                self.refuse(from, refusal);
                return Ok(());
            }
        };
        let own = self.hub.own();
        let content = Packet::decode(packet).ok();
        let Some(content) =
            content.filter(|content| content.header.src.node == from && from != own.node)
        else {
            self.refuse(from, Refusal::Garbage);
            return Ok(());
        };
        self.hub
            .with_complaints(|complaints| complaints.heard_from(from));
        if let Some(newer) = newer_start(own.node, &content).filter(|newer| *newer > own) {
            let error = MembershipError::Superseded { own, newer };
            return Err(self.context.node().failure(error).escalate());
        }
        match &mut self.part {
            Part::Member(_) => self.admit(packet, content),
            Part::Leaving(farewell, _) => {
                // Who leaves as well needs not be told.
                let leaves = content.header.src.departing;
                if leaves || content.header.dst == farewell.identity() {
                    farewell.hear(from);
                }
                Ok(())
            }
            Part::Departed(departing) => {
                // Whoever still takes this node for a member is told again; an answer
                // to that needs none.
                let departing = *departing;
                if content.header.dst == departing || content.header.message == Kind::TurnUndead {
                    return Ok(());
                }
                self.say_farewell(departing, content.header.src)
            }
        }
    }

    /// Hands a packet to the protocol, without what is outdated and without the nodes
    /// that there is no room for.
    fn admit(&mut self, packet: &[u8], mut content: Packet) -> Result<(), ExitReason> {
        let Part::Member(protocol) = &mut self.part else {
            return Ok(());
        };
        let from = content.header.src.node;
        let complete = content.members.len();
        let is_current = |identity: &Identity| !self.hub.is_outdated(identity.member());
        content.members.retain(|member| is_current(member.id()));
        if content.members.len() < complete || !is_current(&content.header.src) {
            self.hub.count(|counts| counts.outdated += 1);
        }
        if !is_current(&content.header.src) {
            return Ok(());
        }
        let refused = if protocol.admits(from) {
            protocol.admit(&mut content)
        } else {
            Some(from)
        };
        match refused {
            None => self
                .hub
                .with_complaints(|complaints| complaints.withdraw(Complaint::TooManyMembers)),
            Some(peer) => self.refuse_member(peer),
        }
        if refused == Some(from) {
            return Ok(());
        }
        if content.members.len() == complete {
            return self
                .step(|protocol, now, effects| protocol.receive(packet, from, now, effects));
        }
        let packet = content.encode(packet.len());
        let packet = packet.expect("a packet with fewer members is no longer");
        self.step(|protocol, now, effects| protocol.receive(&packet, from, now, effects))
    }

    fn refuse_member(&self, peer: NodeId) {
        self.hub.count(|counts| counts.unadmitted += 1);
        if self
            .hub
            .with_complaints(|complaints| complaints.raise(Complaint::TooManyMembers))
        {
            let members_max = self.hub.config.members_max;
            let error = MembershipError::TooManyMembers { peer, members_max };
            self.report(error, Severity::Error);
        }
    }

    fn refuse(&self, peer: NodeId, refusal: Refusal) {
        let (complaint, error) = match refusal {
            Refusal::Garbage => {
                self.hub.count(|counts| counts.garbage += 1);
                return;
            }
            Refusal::OtherVersion(version) => {
                self.hub.count(|counts| counts.other_version += 1);
                let error = MembershipError::OtherVersion { peer, version };
                (Complaint::OtherVersion(peer), error)
            }
            Refusal::ForeignCluster => {
                self.hub.count(|counts| counts.foreign += 1);
                let error = MembershipError::ForeignCluster { peer };
                (Complaint::Foreign(peer), error)
            }
        };
        if self
            .hub
            .with_complaints(|complaints| complaints.raise(complaint))
        {
            if refusal == Refusal::ForeignCluster {
                let fact = MembershipEvent::ForeignCluster { peer };
                self.context.announce(&Event::Membership(fact));
            }
            self.report(error, Severity::Warning);
        }
    }

    fn grant(&mut self, wishes: &Wishes) -> Result<(), ExitReason> {
        if wishes.leave && matches!(self.part, Part::Member(_)) {
            self.leave(None);
        }
        if wishes.join.is_empty() {
            return Ok(());
        }
        if matches!(self.part, Part::Departed(_)) {
            let identity = self.hub.rejoin(&self.context);
            self.take_part(identity, Vec::new())?;
        }
        self.step(|protocol, now, _| {
            wishes
                .join
                .iter()
                .for_each(|node| protocol.want(*node, now));
            Ok(())
        })
    }

    /// Begins the farewell, after which the driver ends with `end`, or stays away.
    fn leave(&mut self, end: Option<ExitReason>) {
        let Part::Member(protocol) = &self.part else {
            return;
        };
        let runtime = self.context.runtime();
        let farewell = Farewell::new(
            protocol.identity(),
            self.hub.identities(),
            (self.hub.config.gossip_period, self.hub.config.gossip_fanout),
            &mut runtime.stream("membership farewell"),
            runtime.now(),
        );
        self.part = Part::Leaving(Box::new(farewell), end);
    }

    /// Asked to exit: says farewell first, if it is to.
    fn stop(&mut self, reason: ExitReason) -> Result<Option<ExitReason>, ExitReason> {
        self.stopped = true;
        let leaves = self.hub.config.leaves_at_shutdown && !reason.is_abnormal();
        match &mut self.part {
            Part::Member(_) if leaves => self.leave(Some(reason)),
            Part::Leaving(_, end) if leaves => *end = Some(reason),
            Part::Member(_) | Part::Leaving(_, _) | Part::Departed(_) => return Ok(Some(reason)),
        }
        Ok(self.end_of_farewell())
    }

    /// Once all is said, the node has left. Answers why the driver ends, if it does.
    fn end_of_farewell(&mut self) -> Option<ExitReason> {
        let Part::Leaving(farewell, end) = &mut self.part else {
            return None;
        };
        if farewell.due().is_some() {
            return None;
        }
        let (departing, answered) = (farewell.identity(), farewell.is_answered());
        let end = end.take();
        self.part = Part::Departed(departing);
        self.hub.depart(&self.context, answered);
        end
    }

    fn say_farewell(&mut self, departing: Identity, to: Identity) -> Result<(), ExitReason> {
        let now = self.context.runtime().now();
        let packet = notice(departing, to).encode(Packet::LEN_MIN);
        let packet = packet.expect("the shortest packet has room for one member");
        self.send(now, to.node, &packet)
    }

    /// Sends a packet. Who cannot be reached needs no farewell.
    fn send(&mut self, now: Timestamp, to: NodeId, packet: &[u8]) -> Result<(), ExitReason> {
        let sent = self
            .outbox
            .send(&self.context, &self.hub, now, (to, packet))?;
        if let (Sent::Unreachable, Part::Leaving(farewell, _)) = (sent, &mut self.part) {
            farewell.give_up(to);
        }
        Ok(())
    }

    fn report<E: std::error::Error + 'static>(&self, error: E, severity: Severity) {
        self.context.node().failure(error).report(severity);
    }
}

impl<R: Runtime> Drop for Driver<R> {
    fn drop(&mut self) {
        self.hub.end(self.stopped);
    }
}

/// The latest start of a node that a packet speaks of.
fn newer_start(node: NodeId, content: &Packet) -> Option<super::member::Member> {
    let named = content.members.iter().map(foca::Member::id);
    let named = named.chain([&content.header.dst]);
    let starts = named.filter(|identity| identity.node == node);
    starts.map(|identity| identity.member()).max()
}
