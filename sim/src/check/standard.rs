//! The checks that every scenario runs under.

use super::books::Books;
use super::checker::Checker;
use super::child_order::ChildOrder;
use super::exits::Exits;
use super::liveness::Liveness;
use super::membership::Membership;
use super::note::Claims;
use super::orphans::Orphans;
use super::raft::{RaftLogs, RaftTerms};
use super::registry::{Answers, Conflicts, Endings, Handover, Holders, Refusals, Watchers};
use super::restart::RestartBudget;
use super::shutdown::Shutdown;

/// All checks of what Steadfast promises, in a fixed order.
#[must_use]
pub fn standard() -> Vec<Box<dyn Checker>> {
    vec![
        Box::new(Orphans::new()),
        Box::new(Books::new()),
        Box::new(Exits::new()),
        Box::new(ChildOrder::new()),
        Box::new(RestartBudget::new()),
        Box::new(Shutdown::new()),
        Box::new(Liveness::new()),
        Box::new(Claims::new()),
        Box::new(Holders::new()),
        Box::new(Endings::new()),
        Box::new(Refusals::new()),
        Box::new(Conflicts::new()),
        Box::new(Handover::new()),
        Box::new(Answers::new()),
        Box::new(Watchers::new()),
        Box::new(Membership::new()),
        Box::new(RaftTerms::new()),
        Box::new(RaftLogs::new()),
    ]
}
