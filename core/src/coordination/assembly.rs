//! Who is at a double barrier at one revision of the store, and what follows. Pure.

use super::site::{Participant, Phase, Site, Terms};
use super::token::FencingToken;
use crate::store::{Key, Reading, Revision};

/// The generation that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Generation {
    /// When it began, by which it is named.
    since: Revision,
    /// When somebody last came.
    changed: Revision,
    terms: Terms,
}

/// One who has a place, in whatever generation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    key: Key,
    generation: Revision,
    token: FencingToken,
    leaving: bool,
}

/// A place that may be entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) generation: Revision,
    /// When somebody last came: nobody may have come since.
    pub(super) changed: Revision,
    /// What is stored for the generation from here on.
    pub(super) terms: Terms,
    /// If all are there with this one: the others, each of whom must still be there.
    pub(super) others: Vec<(Key, FencingToken)>,
}

/// What one may do who wants to enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// No generation goes on: one is to begin.
    Begin,
    /// The one that goes on is over, and is to be ended.
    End(Revision),
    /// There is room.
    Enter(Opening),
    /// He is counted: an earlier attempt came through.
    Counted(Revision, FencingToken),
    /// He was counted, in a generation that was ended since.
    Outlived(Revision, FencingToken),
    /// All are inside.
    Full,
    /// The others expect another number.
    Mismatch {
        /// That of the others.
        found: u64,
    },
}

/// How one stands who was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not all are there.
    Gathering,
    /// All were there: he passes.
    Passed,
    /// His generation was ended before that.
    Reset,
    /// His place is gone.
    Missing,
}

/// How one stands who is leaving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exit {
    /// Everyone is leaving, or gone.
    Open,
    /// This one is still inside.
    Blocked(Key),
    /// Somebody is still inside, and the generation was ended.
    Reset,
}

/// A double barrier at one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assembly {
    pub(super) revision: Revision,
    generation: Option<Generation>,
    members: Vec<Member>,
}

impl Assembly {
    /// What a reading of the whole site shows; `None` if that is nothing that this crate
    /// has written, or not all of it.
    pub(super) fn of(site: &Site, reading: &Reading) -> Option<Self> {
        let (mut generation, mut members) = (None, Vec::new());
        let named = site.generation();
        for entry in &reading.entries {
            if entry.key == named {
                generation = Some(Generation {
                    since: entry.create_revision,
                    changed: entry.mod_revision,
                    terms: Terms::decode(&entry.value)?,
                });
            } else if let Some(generation) = site.generation_of(&entry.key) {
                members.push(Member {
                    key: entry.key.clone(),
                    generation,
                    token: FencingToken(entry.create_revision),
                    leaving: Site::is_leaving(&entry.value),
                });
            }
        }
        (!reading.more).then_some(Self {
            revision: reading.revision,
            generation,
            members,
        })
    }

    fn of_generation(&self, generation: Revision) -> impl Iterator<Item = &Member> {
        let members = self.members.iter();
        members.filter(move |member| member.generation == generation)
    }

    /// How many are counted in a generation besides whoever has this place.
    pub(super) fn others(&self, generation: Revision, own: &Key) -> u64 {
        let members = self.of_generation(generation);
        members.filter(|member| member.key != *own).count() as u64
    }

    /// How many are counted in the generation that goes on.
    pub(super) fn gathered(&self) -> u64 {
        let since = self.generation.map(|generation| generation.since);
        since.map_or(0, |since| self.of_generation(since).count() as u64)
    }

    /// What one may do who wants to enter as one of so many.
    pub(super) fn entry(&self, site: &Site, who: Participant, expected: u64) -> Entry {
        let own = |member: &&Member| member.key == site.place(member.generation, who);
        let own = self.members.iter().find(own);
        if let Some(own) = own {
            let current = self.generation.map(|generation| generation.since);
            if current != Some(own.generation) {
                return Entry::Outlived(own.generation, own.token);
            }
            return Entry::Counted(own.generation, own.token);
        }
        let Some(Generation {
            since,
            changed,
            terms,
        }) = self.generation
        else {
            return Entry::Begin;
        };
        let others = self.of_generation(since);
        let others: Vec<_> = others
            .map(|other| (other.key.clone(), other.token))
            .collect();
        match terms.phase {
            // That never changes: nobody comes in, and nobody comes back.
            Phase::Inside if self.of_generation(since).all(|member| member.leaving) => {
                return Entry::End(since);
            }
            // Those who said how many are expected have all gone.
            Phase::Gathering if others.is_empty() => {}
            Phase::Gathering | Phase::Inside if terms.expected != expected => {
                let found = terms.expected;
                return Entry::Mismatch { found };
            }
            Phase::Inside => return Entry::Full,
            Phase::Gathering => {}
        }
        let all = others.len() as u64 + 1 >= expected;
        let phase = if all { Phase::Inside } else { Phase::Gathering };
        Entry::Enter(Opening {
            generation: since,
            changed,
            terms: Terms { expected, phase },
            others: if all { others } else { Vec::new() },
        })
    }

    /// How one stands who was counted in a generation.
    pub(super) fn standing(&self, generation: Revision, own: &Key) -> Standing {
        if !self.members.iter().any(|member| member.key == *own) {
            return Standing::Missing;
        }
        match self.generation {
            Some(current) if current.since == generation => match current.terms.phase {
                Phase::Gathering => Standing::Gathering,
                Phase::Inside => Standing::Passed,
            },
            Some(_) | None => Standing::Reset,
        }
    }

    /// How one stands who is leaving a generation.
    pub(super) fn exit(&self, generation: Revision) -> Exit {
        let mut members = self.of_generation(generation);
        let Some(inside) = members.find(|member| !member.leaving) else {
            return Exit::Open;
        };
        match self.generation {
            Some(current) if current.since == generation => Exit::Blocked(inside.key.clone()),
            Some(_) | None => Exit::Reset,
        }
    }
}

#[cfg(test)]
#[path = "assembly_tests.rs"]
mod tests;
