//! Leader election: candidates in a line, of whom the first leads.
//!
//! | file | what it holds |
//! |---|---|
//! | `candidate.rs` | [`Election`]: campaigning, resuming, asking who leads |
//! | `resuming.rs` | taking over a leadership that was saved |
//! | `leadership.rs` | what a leader has |
//! | `leader.rs` | who leads, as others see it |
//! | `view.rs` | the line of candidates as an observer knows it, pure |
//! | `observer.rs` | following every change of leader |

mod candidate;
mod leader;
mod leadership;
mod observer;
mod resuming;
mod view;

pub use candidate::Election;
pub use leader::{Leader, LeaderRecord, Sighting};
pub use leadership::Leadership;
pub(super) use leadership::Led;
pub use observer::Observer;
