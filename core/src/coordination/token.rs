//! What a grant carries so that whoever is guarded can refuse the past.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::store::Revision;

/// Says which of two grants is the later one: the revision of the store at which the
/// place in the line was entered. Of two grants of one name the later one has the
/// higher token, on every node and over every restart.
///
/// Give it to whatever the lock guards, and let that refuse a lower token than the
/// highest that it has seen: a holder that was paused past the end of its session then
/// does no harm, whatever its clock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FencingToken(pub Revision);

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token {}", self.0.0)
    }
}
