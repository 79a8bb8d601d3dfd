//! What an update makes of metadata.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::registry::{Key, Metadata, RegistryError, Revision};
use crate::runtime::panic_text;

/// The metadata after a change, checked. A function that panics changes nothing, and
/// neither does one that makes what breaks a bound.
pub(crate) fn revised(
    key: &Key,
    revision: Revision,
    actual: &Metadata,
) -> Result<Metadata, RegistryError> {
    let revised = match revision {
        Revision::Replace(revised) => revised,
        Revision::CompareAndSet(expected, revised) if expected == *actual => revised,
        Revision::CompareAndSet(..) => {
            return Err(RegistryError::Changed {
                key: key.clone(),
                actual: actual.clone(),
            });
        }
        // It sees metadata that cannot be changed, so that a panic leaves nothing half
        // done.
        Revision::With(revise) => {
            catch_unwind(AssertUnwindSafe(|| revise(actual))).map_err(|payload| {
                RegistryError::UpdatePanicked {
                    key: key.clone(),
                    text: panic_text(&*payload).into(),
                }
            })?
        }
    };
    revised.check()?;
    Ok(revised)
}
