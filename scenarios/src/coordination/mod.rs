//! What stories about coordination share: nodes with a replicated store and a
//! coordinator, players who take locks and stand in elections, clients who count and
//! agree, guests at barriers, homemade barriers, and what locks guard.

mod candidate;
mod counting;
mod decider;
mod gathering;
mod guarded;
mod homemade;
mod lock;
mod misrule;
mod muster;
mod parting;
mod player;
mod proposing;
mod stage;
mod tally;

pub(crate) use candidate::{ELECTION, Electors, candidate};
pub(crate) use counting::{COUNTERS, all_can_be_read, counting};
pub(crate) use decider::{Decider, Misjudgement};
pub(crate) use gathering::gathering;
pub(crate) use homemade::Flaw;
pub(crate) use lock::{LOCKS, Locksmith, Wanted};
pub(crate) use misrule::Misrule;
pub(crate) use muster::{Muster, mustering};
pub(crate) use parting::one_can_meet;
pub(crate) use player::{Player, TTL};
pub(crate) use proposing::{all_can_be_learned, proposing};
pub(crate) use stage::{NODES, Stage};
pub(crate) use tally::{CounterMaker, Miscount};
