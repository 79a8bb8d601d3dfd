//! Waiting for a change that matters.

use super::session::Shared;
use crate::runtime::Runtime;
use crate::store::{Change, KeyRange, Revision, WatchError};

/// Waits for the first change of a range after a revision that matters to whoever
/// listens. What happened since the revision is not missed.
///
/// # Errors
///
/// Whatever the trouble is, another reading says how things stand.
///
/// # Cancel safety
///
/// Dropping the future loses nothing.
pub(super) async fn heard<R: Runtime>(
    shared: &Shared<R>,
    range: KeyRange,
    after: Revision,
    matters: impl Fn(&Change) -> bool + Send,
) -> Result<(), WatchError> {
    let mut watch = shared.store().watch_from(range, after.next()).await?;
    loop {
        let changes = watch.next().await?;
        if changes.changes.iter().any(&matters) {
            return Ok(());
        }
    }
}
