//! Coordination between participants on any nodes, over a store: sessions, locks,
//! elections, barriers, counters, agreements.
//!
//! Everything is written once over [`Store`](crate::store::Store) and knows no engine.
//! A [`Coordinator`] opens [`Session`]s; whatever is held is held under one, carries a
//! [`FencingToken`], and is lost when the session ends, which its holder learns before
//! another one is let in.
//!
//! | file | what it holds |
//! |---|---|
//! | `coordinator.rs` | the part of a node that does what happens in the background |
//! | `session/` | under what a participant holds whatever it holds |
//! | `token.rs`, `loss.rs`, `kind.rs` | the words of grants, of their ends, and of locks |
//! | `mutex.rs`, `read_write_lock.rs`, `semaphore.rs`, `multi_lock.rs` | the sorts of locks |
//! | `locking.rs`, `guard.rs` | asking for a lock, and what its holder has |
//! | `election/` | leader election |
//! | `consensus.rs` | agreement on one value |
//! | `counter/` | a linearizable counter |
//! | `vector_clock.rs`, `pn_counter.rs` | values that each participant has a copy of, pure |
//! | `barrier.rs`, `gate.rs` | a barrier that a session holds, and who may pass it |
//! | `double_barrier.rs`, `inside.rs` | a barrier that so many enter and leave together |
//! | `site.rs`, `assembly.rs` | what is stored for one, and what follows from it, pure |
//! | `participation.rs`, `counting.rs`, `retreat.rs` | one who wants to enter it: being counted, waiting, giving up |
//! | `revocation.rs` | asking holders to let go |
//! | `name.rs` | where in the store a recipe keeps what |
//! | `place.rs` | places of a line and who is granted what, pure |
//! | `queue.rs`, `entering.rs`, `held.rs` | a request for places, and what a granted one has |
//! | `withdrawal.rs`, `withdrawal_driver.rs` | places that are given up in the background |
//! | `subject.rs` | what a place is a place of, and the facts about it |
//! | `subject_barrier.rs` | the same, for barriers |
//! | `latch.rs`, `patience.rs`, `listening.rs` | values that are set once; trying again; waiting for a change |
//! | `attempts.rs`, `insistence.rs`, `excerpt.rs` | trying within a time limit; one change until it is certain; stored bytes as text |
//! | `error/` | what may go wrong, one file a family |

mod assembly;
mod attempts;
mod barrier;
mod consensus;
mod coordinator;
mod counter;
mod counting;
mod double_barrier;
mod election;
mod entering;
mod error;
mod excerpt;
mod gate;
mod guard;
mod held;
mod inside;
mod insistence;
mod kind;
mod latch;
mod listening;
mod locking;
mod loss;
mod multi_lock;
mod mutex;
mod name;
mod participation;
mod patience;
mod place;
mod pn_counter;
mod queue;
mod read_write_lock;
mod retreat;
mod revocation;
mod semaphore;
mod session;
mod site;
mod subject;
mod subject_barrier;
#[cfg(test)]
mod tests;
mod token;
mod vector_clock;
mod withdrawal;
mod withdrawal_driver;

pub use barrier::{Barrier, BarrierGuard};
pub use consensus::{Consensus, Decision};
pub use coordinator::{Coordinator, CoordinatorOptions};
pub use counter::Counter;
pub use double_barrier::DoubleBarrier;
pub use election::{Election, Leader, LeaderRecord, Leadership, Observer, Sighting};
pub use error::{
    BarrierError, CloseError, ConsensusError, CounterError, ElectionError, LockError,
    PnCounterError, ReleaseError, SessionError, VectorClockError,
};
pub use guard::LockGuard;
pub use inside::Inside;
pub use kind::{LockKind, Share};
pub use loss::{LossCause, SessionEnd};
pub use multi_lock::MultiLock;
pub use mutex::Mutex;
pub use pn_counter::PnCounter;
pub use read_write_lock::{ReadWriteLock, WriteGuard};
pub use semaphore::Semaphore;
pub use session::{Session, SessionOptions};
pub use token::FencingToken;
pub use vector_clock::{Causality, VectorClock};
