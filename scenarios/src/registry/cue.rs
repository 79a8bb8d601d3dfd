//! What a player can be told to do with names.

use steadfast::Label;
use steadfast::registry::Metadata;

use super::setup::{SERVICES, TEST, TESTS};

/// How many names there are to compete for.
const TARGETS: u64 = 6;
/// The most players of a node.
pub(crate) const PLAYERS_MAX: u64 = 8;
/// One more than the largest value of a cue that means something of its own.
pub(crate) const VALUES: u64 = PLAYERS_MAX * TARGETS * 3 * 4 * 5;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Ask for a name.
    Claim,
    /// Let go of a name.
    Release,
    /// Replace the metadata of a name.
    Update,
    /// Replace them if they are what they were a moment ago, or were once.
    Swap,
    /// Count one up in the metadata of a name.
    Count,
    /// Join a group.
    Join,
    /// Leave a group.
    Leave,
    /// Ask for several names, all or none.
    Bulk,
    /// Ask for many names that nobody else wants.
    Hoard,
    /// Let go of everything with a prefix.
    Sweep,
    /// Take a name away from whoever holds it.
    Steal,
    /// Clear a scope.
    Clear,
    /// Look around.
    Look,
    /// Send to whoever holds a name, by the name.
    Send,
    /// Tell all members of a group.
    Tell,
    /// Be alone with a name for a while.
    Guard,
    /// Be reached by one of these.
    Hear,
    /// Panic.
    Panic,
    /// End normally.
    Quit,
}

impl Act {
    /// The act that an operation's action names.
    pub(crate) fn parse(action: &str) -> Option<Self> {
        Some(match action {
            "claim" => Self::Claim,
            "release" => Self::Release,
            "update" => Self::Update,
            "swap" => Self::Swap,
            "count" => Self::Count,
            "join" => Self::Join,
            "leave" => Self::Leave,
            "bulk" => Self::Bulk,
            "hoard" => Self::Hoard,
            "sweep" => Self::Sweep,
            "steal" => Self::Steal,
            "clear" => Self::Clear,
            "look" => Self::Look,
            "send" => Self::Send,
            "tell" => Self::Tell,
            "guard" => Self::Guard,
            "panic" => Self::Panic,
            "quit" => Self::Quit,
            _ => return None,
        })
    }
}

/// A cue of a plan: an act, and a number that says all the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cue {
    pub(crate) act: Act,
    pub(crate) value: u64,
}

impl Cue {
    /// Which of so many players is meant.
    pub(crate) const fn player(self, players: u64) -> u64 {
        self.value % PLAYERS_MAX % players
    }

    /// Which name is meant.
    pub(crate) fn name(self) -> Label {
        target(self.target())
    }

    /// Names next to it, for an act on several.
    pub(crate) fn names(self) -> Vec<Label> {
        let count = 2 + self.variant() % 2;
        (self.target()..self.target() + count)
            .map(|index| target(index % TARGETS))
            .collect()
    }

    /// Which group is meant.
    pub(crate) fn group(self) -> Label {
        format!("g{}", self.target() % 3).into()
    }

    /// In which scope of unique names: mostly the one that stays.
    pub(crate) const fn scope(self) -> &'static str {
        match self.variant() / 3 % 4 {
            0 => TEST,
            1 => TESTS,
            _ => SERVICES,
        }
    }

    /// What is to be known of a registration.
    pub(crate) fn metadata(self) -> Metadata {
        let variant = self.variant();
        let roles = [vec!["a"], vec!["a", "b"], vec!["b"]];
        Metadata::new()
            .with("tier", variant as i64 % 3)
            .with("roles", roles[(variant / 3 % 3) as usize].clone())
    }

    /// A number for the fine points of an act.
    pub(crate) const fn variant(self) -> u64 {
        self.value / PLAYERS_MAX / TARGETS
    }

    const fn target(self) -> u64 {
        self.value / PLAYERS_MAX % TARGETS
    }
}

fn target(index: u64) -> Label {
    // Some of them share a prefix with others.
    match index {
        0..=2 => format!("w/{index}").into(),
        _ => format!("n{index}").into(),
    }
}
