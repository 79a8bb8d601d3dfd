//! What the cases run on: a bench with one node, a journal of the facts that its
//! core announced, and a stage that directs the children under test.

mod bench;
mod children;
mod cluster;
mod journal;
mod ledger;
mod peer;
mod processes;
mod stage;
mod story;
mod task;
mod witness;
mod worlds;

pub(crate) use bench::{Bench, same};
pub(crate) use children::{LONG, LONG_BACKOFF, STOP_LIMIT};
pub(crate) use cluster::{Cluster, DRIVER, History, Saying, Views, agree};
pub(crate) use journal::{Fact, Mark};
pub(crate) use ledger::Ledger;
pub(crate) use peer::{Peer, cases_with_a_peer, in_simulation_with_a_peer, on_tokio_with_a_peer};
pub(crate) use stage::{Cue, Manner, Opening};
pub(crate) use worlds::{
    cases, cases_on_threads, in_simulation, in_simulation_under, on_threads, on_tokio,
    on_tokio_counting, passes_in_simulation,
};
