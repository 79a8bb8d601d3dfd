//! Sends packets, within the ration, and settles what the network refuses.

use super::complaints::Complaint;
use super::error::MembershipError;
use super::hub::Hub;
use super::packet::Packet;
use super::ration::Ration;
use crate::failure::{Failure, Severity};
use crate::process::{Context, ExitReason};
use crate::runtime::{NodeId, Runtime, SendError, Timestamp};

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// The network has it.
    Accepted,
    /// It was kept back, or refused for now.
    Withheld,
    /// The network knows that the peer cannot be reached.
    Unreachable,
}

/// The way out of one driver.
#[derive(Debug)]
pub(super) struct Outbox {
    ration: Ration,
}

impl Outbox {
    pub(super) fn new(sends_per_second_max: u32, now: Timestamp) -> Self {
        Self {
            ration: Ration::new(sends_per_second_max, now),
        }
    }

    /// Sends a packet to a peer, if the ration allows.
    ///
    /// # Errors
    ///
    /// The runtime is shutting down; the driver ends with it.
    pub(super) fn send<R: Runtime>(
        &mut self,
        context: &Context<R>,
        hub: &Hub<R>,
        now: Timestamp,
        (to, packet): (NodeId, &[u8]),
    ) -> Result<Sent, ExitReason> {
        if to == hub.own().node {
            // The protocol counts its own former selves among the dead.
            return Ok(Sent::Withheld);
        }
        if !self.ration.take(now, Packet::urgency(packet)) {
            hub.count(|counts| counts.over_ration += 1);
            if hub.with_complaints(|complaints| complaints.raise(Complaint::RationExceeded)) {
                let per_second = hub.config.sends_per_second_max;
                let error = MembershipError::RationExceeded { per_second };
                context.node().failure(error).report(Severity::Warning);
            }
            return Ok(Sent::Withheld);
        }
        if self.ration.is_ample() {
            hub.with_complaints(|complaints| complaints.withdraw(Complaint::RationExceeded));
        }
        let sealed = hub.cluster.seal(packet);
        match context.send(to, hub.config.port, sealed) {
            Ok(()) => Ok(Sent::Accepted),
            Err(failure) => settle(hub, to, failure),
        }
    }
}

/// The first refusal of a peer is an incident that names it. Those that follow are
/// taken back and counted, until a message of the peer arrives.
fn settle<R: Runtime>(
    hub: &Hub<R>,
    to: NodeId,
    failure: Failure<SendError>,
) -> Result<Sent, ExitReason> {
    let (severity, sent) = match failure.error() {
        SendError::Unreachable { .. } => (Severity::Warning, Sent::Unreachable),
        SendError::QueueFull { .. } => (Severity::Warning, Sent::Withheld),
        SendError::TooLong { .. } => (Severity::Error, Sent::Withheld),
        SendError::Closed { .. } => return Err(failure.escalate()),
    };
    hub.count(|counts| counts.refused += 1);
    if hub.with_complaints(|complaints| complaints.raise(Complaint::Refused(to))) {
        failure.report(severity);
    } else {
        failure.give_back();
    }
    Ok(sent)
}
