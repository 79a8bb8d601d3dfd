//! What is known of one generation of a double barrier.

use std::collections::BTreeMap;
use std::fmt;

use steadfast::store::LeaseId;

/// How somebody stands who was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Waits for the others.
    Waiting,
    /// Has passed.
    Inside,
    /// Has begun to leave.
    Leaving,
    /// Is withdrawn, and nobody has said yet whether all were there before that.
    Withdrawn,
    /// Was told that it gave up before all were there: it certainly does not count.
    GaveUp,
    /// Is not there any more, and may have counted.
    Gone,
}

impl Standing {
    /// Whether others must wait for it before they leave.
    pub(super) const fn blocks(self) -> bool {
        matches!(self, Self::Waiting | Self::Inside)
    }

    pub(super) fn leaves(&mut self) {
        if *self == Self::Inside {
            *self = Self::Leaving;
        }
    }

    pub(super) fn withdraws(&mut self) {
        match self {
            // Only if it is refused next: then its place was taken back before.
            Self::Waiting => *self = Self::Withdrawn,
            Self::Inside | Self::Leaving => *self = Self::Gone,
            Self::Withdrawn | Self::GaveUp | Self::Gone => {}
        }
    }

    /// It is refused. If it was withdrawn before that, it gave up in time; if that comes
    /// afterwards, or not at all, nobody knows.
    pub(super) fn refused(&mut self) {
        match self {
            Self::Withdrawn => *self = Self::GaveUp,
            Self::Waiting | Self::Inside | Self::Leaving => *self = Self::Gone,
            Self::GaveUp | Self::Gone => {}
        }
    }

    /// Its node crashed.
    pub(super) fn vanishes(&mut self) {
        if *self != Self::GaveUp {
            *self = Self::Gone;
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waits",
            Self::Inside => "is inside",
            Self::Leaving => "is leaving",
            Self::Withdrawn | Self::GaveUp => "gave up",
            Self::Gone => "is gone",
        })
    }
}

/// One generation.
#[derive(Debug, Default)]
pub(super) struct Generation {
    pub(super) expected: u64,
    /// Everyone who was ever counted.
    pub(super) members: BTreeMap<LeaseId, Standing>,
    /// How many have passed, and when the last one did.
    pub(super) passed: u64,
    pub(super) last_passed: Option<u64>,
    /// When it was reset.
    pub(super) reset: Option<u64>,
}
