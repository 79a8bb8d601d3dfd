//! Places of a line, and who of them has what it waits for. Pure.

use serde::{Deserialize, Serialize};

use super::kind::Share;
use super::token::FencingToken;
use crate::store::{Entry, Key, KeyRange, LeaseId, Reading, Revision, Value};

/// The version of what is stored for a place.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    share: Share,
    #[serde(borrow)]
    payload: &'a [u8],
}

/// What is stored for a place.
pub(super) fn encode(share: Share, payload: &[u8]) -> Value {
    let stored = Stored { share, payload };
    let start = vec![VERSION];
    // Only a serializer of its own could fail, and these types have none.
    postcard::to_extend(&stored, start)
        .unwrap_or_default()
        .into()
}

/// What is read of a place; `None` for what no version of this crate has written.
fn decode(value: &Value) -> Option<(Share, Vec<u8>)> {
    let (version, rest) = value.split_first()?;
    if *version != VERSION {
        return None;
    }
    let stored: Stored<'_> = postcard::from_bytes(rest).ok()?;
    Some((stored.share, stored.payload.to_vec()))
}

/// One place in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) key: Key,
    pub(super) token: FencingToken,
    /// When what it says was last put.
    pub(super) changed: Revision,
    pub(super) session: Option<LeaseId>,
    pub(super) share: Share,
    pub(super) payload: Vec<u8>,
}

impl Place {
    /// The place that is stored under a key. What cannot be read takes everything: who
    /// cannot say how much a place takes must not pass it.
    pub(super) fn of(entry: &Entry) -> Self {
        let everything = Share {
            units: u64::MAX,
            capacity: u64::MAX,
        };
        let (share, payload) = decode(&entry.value).unwrap_or((everything, Vec::new()));
        Self {
            key: entry.key.clone(),
            token: FencingToken(entry.create_revision),
            changed: entry.mod_revision,
            session: entry.lease,
            share,
            payload,
        }
    }
}

/// Whose going could let a place advance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Awaited {
    /// This one's: nothing happens before it goes.
    Place(Key),
    /// Anyone's.
    Any,
}

impl Awaited {
    /// The keys to be watched.
    pub(super) fn range(self, line: KeyRange) -> KeyRange {
        match self {
            Self::Place(key) => KeyRange::key(key),
            Self::Any => line,
        }
    }
}

/// How a place stands in its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has what it waits for. That never changes as long as the place exists: places
    /// before it only go or take less, and new ones come behind it.
    Granted,
    /// Others are before it.
    Behind(Awaited),
    /// It is not in the line.
    Missing,
}

/// A line at one revision, up to some place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Line {
    places: Vec<Place>,
}

impl Line {
    /// The line that a reading shows, in whatever order it was read.
    pub(super) fn of(reading: &Reading) -> Self {
        let mut places: Vec<_> = reading.entries.iter().map(Place::of).collect();
        places.sort_by(|a, b| (a.token, &a.key).cmp(&(b.token, &b.key)));
        Self { places }
    }

    /// Whoever is first.
    pub(super) fn into_first(self) -> Option<Place> {
        self.places.into_iter().next()
    }

    /// How much is taken by all of them.
    pub(super) fn units(&self) -> u64 {
        let units = self.places.iter().map(|place| place.share.units);
        units.fold(0, u64::saturating_add)
    }

    /// How a place stands. Strictly first come, first served: a place is granted once
    /// it and all before it fit together, even if less than what is free is asked for
    /// behind one that waits. So nobody waits for ever.
    pub(super) fn standing(&self, key: &Key) -> Standing {
        let Some(own) = self.places.iter().position(|place| place.key == *key) else {
            return Standing::Missing;
        };
        let (ahead, own) = (&self.places[..own], &self.places[own]);
        let Share { units, capacity } = own.share;
        let Some(last) = ahead.last() else {
            return Standing::Granted;
        };
        let taken = ahead.iter().map(|place| place.share.units);
        let taken = taken.fold(0, u64::saturating_add);
        if taken.checked_add(units).is_some_and(|sum| sum <= capacity) {
            return Standing::Granted;
        }
        if own.share.is_all() {
            // All before it must go, the last one among them.
            return Standing::Behind(Awaited::Place(last.key.clone()));
        }
        let alone = ahead.iter().rfind(|place| place.share.is_all());
        Standing::Behind(alone.map_or(Awaited::Any, |place| Awaited::Place(place.key.clone())))
    }
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
