//! Facts about the cluster.

use super::emit::{Source, emit, facts};
use crate::event::MembershipEvent;

pub(super) fn membership(source: Source, event: &MembershipEvent) {
    use MembershipEvent as M;
    facts! { source, event;
        M::MemberUp { member } => info "member.up" (%member);
        M::MemberSuspected { member } => info "member.suspected" (%member);
        M::MemberRefuted { member } => info "member.refuted" (%member);
        M::MemberDown { member } => warn "member.down" (%member);
        M::MemberLeft { member } => info "member.left" (%member);
        M::IdentityRenewed { member, generation } => warn "membership.identity_renewed"
            (%member, generation);
        M::Departed { member } => info "membership.departed" (%member);
        M::ForeignCluster { peer } => warn "membership.foreign_cluster" (%peer);
    }
}
