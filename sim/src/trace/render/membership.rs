//! The words for who is in the cluster.

use steadfast::event::MembershipEvent;

/// One event as `member M ...`, or `membership ...` for what the node itself does.
pub(super) fn event(event: &MembershipEvent) -> String {
    match event {
        MembershipEvent::MemberUp { member } => format!("member {member} is up"),
        MembershipEvent::MemberSuspected { member } => format!("member {member} is suspected"),
        MembershipEvent::MemberRefuted { member } => {
            format!("member {member} is suspected no more")
        }
        MembershipEvent::MemberDown { member } => format!("member {member} is down"),
        MembershipEvent::MemberLeft { member } => format!("member {member} has left"),
        MembershipEvent::IdentityRenewed { member, generation } => {
            format!("membership of {member} renewed, generation {generation}")
        }
        MembershipEvent::Departed { member } => format!("membership of {member} given up"),
        MembershipEvent::ForeignCluster { peer } => {
            format!("membership refused a message of {peer}, which is of another cluster")
        }
    }
}
