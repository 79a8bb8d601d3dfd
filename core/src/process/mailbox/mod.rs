//! Bounded typed mailboxes of processes.
//!
//! A mailbox is a queue of messages of one type with one receiver and any number
//! of [`Address`]es. It holds at most the number of messages that it was made
//! for, and its [`FullPolicy`] states what happens to one more.
//!
//! | wanted | way |
//! |---|---|
//! | a mailbox of this process | [`Context::mailbox`](super::Context::mailbox) |
//! | the next signal or message, the urgent first | [`Context::next`](super::Context::next) |
//! | an answer to a message, within a time limit | [`Address::call`] |
//! | an orderly end: take what is queued, refuse the rest | [`Mailbox::close`] |
//! | messages that survive a restart of their receiver | [`DurableMailbox`] |
//!
//! | file | what it holds |
//! |---|---|
//! | `policy.rs` | what happens to a message that finds the mailbox full |
//! | `queue.rs` | the queue and every decision about it |
//! | `address.rs`, `receiver.rs` | its two ends |
//! | `call.rs` | a message that is answered |
//! | `next.rs` | signals and messages in one stated order |
//! | `durable.rs` | a queue that outlives its receiver |
//! | `error.rs` | what may go wrong |

mod address;
mod call;
mod durable;
mod error;
mod next;
mod policy;
mod queue;
mod receiver;

#[cfg(test)]
mod process_tests;
#[cfg(test)]
mod tests;

pub use address::Address;
pub use call::Reply;
pub use durable::DurableMailbox;
pub use error::{CallError, DeliveryError, LendError};
pub use next::Next;
pub use policy::FullPolicy;
pub use receiver::{Mailbox, mailbox};
