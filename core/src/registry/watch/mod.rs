//! Who watches a registry, and what they are told.
//!
//! | file | what it holds |
//! |---|---|
//! | `filter.rs` | whether a change concerns a filter |
//! | `notice.rs` | what a subscriber is told |
//! | `queue.rs` | what is queued for one subscriber, and what happens when it is full |
//! | `hub.rs` | which subscribers a change may concern |
//! | `subscription.rs` | the subscriber's side |

mod filter;
mod hub;
mod notice;
mod queue;
mod subscription;

pub(super) use hub::Hub;
pub use notice::{Notice, Snapshot};
pub use subscription::Subscription;
