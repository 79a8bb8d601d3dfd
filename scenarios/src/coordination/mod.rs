//! What stories about coordination share: nodes with a replicated store and a
//! coordinator, players who take locks and stand in elections, and what locks guard.

mod candidate;
mod guarded;
mod homemade;
mod lock;
mod player;
mod stage;

pub(crate) use candidate::{ELECTION, candidate};
pub(crate) use homemade::Flaw;
pub(crate) use lock::{LOCKS, Locksmith, Wanted};
pub(crate) use player::{Player, TTL};
pub(crate) use stage::{NODES, Stage};
