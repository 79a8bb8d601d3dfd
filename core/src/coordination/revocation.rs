//! Asking holders to let go.

use super::error::LockError;
use super::locking::wishes;
use super::loss::SessionEnd;
use super::place::{Line, Standing};
use super::session::Session;
use crate::label::Label;
use crate::runtime::Runtime;
use crate::store::{
    Compare, Key, Operation, Order, Read, Reading, Revision, TransactError, Transaction, Value,
};

/// Asks everyone who holds a lock now to let go. Answers how many were asked.
///
/// What is asked is kept under the session of whoever asks and goes with it, or with
/// the place of the holder if that lets go.
pub(super) async fn ask_holders<R: Runtime>(
    session: &Session<R>,
    recipe: &str,
    lock: &Label,
) -> Result<usize, LockError> {
    let shared = session.shared();
    let ended = |end| LockError::SessionEnded {
        lock: lock.clone(),
        end,
    };
    shared.check().map_err(ended)?;
    let places = shared.keyspace(recipe, lock);
    let wishes = shared.keyspace(&wishes(recipe), lock);
    let read = Read::new(places.range()).order(Order::CreateRevision);
    let reading = shared.store().read(read).await;
    let reading = reading.map_err(|source| LockError::Unreadable {
        lock: lock.clone(),
        source,
    })?;
    let mut asked = 0;
    for (place, revision) in holders(&reading) {
        let wish = places.moved(&place, &wishes);
        let put = Operation::put_leased(wish, Value::from(""), session.id());
        let put = Transaction::when([Compare::create_revision(&place, revision)]).then([put]);
        match shared.store().transact(put).await {
            Ok(done) => asked += usize::from(done.succeeded),
            Err(TransactError::LeaseNotFound { .. }) => {
                shared.end(SessionEnd::Gone);
                return Err(ended(SessionEnd::Gone));
            }
            Err(source) => {
                let lock = lock.clone();
                return Err(LockError::Refused { lock, source });
            }
        }
    }
    Ok(asked)
}

/// The places of a line that are granted, with when they were entered.
fn holders(reading: &Reading) -> Vec<(Key, Revision)> {
    let line = Line::of(reading);
    let entries = reading.entries.iter();
    let granted = entries.filter(|entry| line.standing(&entry.key) == Standing::Granted);
    granted
        .map(|entry| (entry.key.clone(), entry.create_revision))
        .collect()
}
