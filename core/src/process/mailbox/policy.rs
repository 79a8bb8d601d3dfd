//! What happens to a message that finds its mailbox full.

/// What happens to a message that finds its mailbox full.
///
/// | policy | the sender | the message | announced |
/// |---|---|---|---|
/// | `Wait` | waits for room, first come first served | is delivered | no |
/// | `Reject` | gets an error | comes back in the error | no |
/// | `DropOldest` | goes on | is delivered, the oldest queued one is lost | yes |
/// | `DropNewest` | goes on | is lost | yes |
///
/// An announced loss is a
/// [`MessageDiscarded`](crate::event::ProcessEvent::MessageDiscarded) event of the
/// process that the mailbox belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FullPolicy {
    /// The sender waits until the receiver has made room.
    Wait,
    /// The send is refused.
    Reject,
    /// The oldest queued message makes room.
    DropOldest,
    /// The new message is not taken.
    DropNewest,
}
