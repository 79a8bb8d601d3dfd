//! The stories in which flawed registries show their flaws.

use steadfast::registry::replicated::{Claim, Resolver};
use steadfast::runtime::Identity as _;

use super::super::specimen;
use super::backend::open;
use super::flaw::Flaw;
use super::shared;
use crate::catalogue::{
    registry_cluster, registry_groups, registry_handover, registry_migration, registry_race,
    registry_split,
};
use crate::registry::{Make, Open, Story, replicated_with};
use crate::specimens::{CaughtBy, Specimen};

const fn told(base: Story, name: &'static str, story: &'static str, open: Make) -> Story {
    Story {
        name,
        story,
        open: Open::Bare(open),
        ..base
    }
}

/// All flawed registries of one node.
pub(in crate::specimens) fn specimens() -> Vec<Specimen> {
    let mut specimens = of_names();
    specimens.extend(of_promises());
    specimens.extend(of_answers());
    specimens.extend(of_conflicts());
    specimens
}

fn of_conflicts() -> Vec<Specimen> {
    let split = registry_split::STORY;
    vec![
        specimen(
            told(
                split,
                "polite_resolver",
                "of two claims each node prefers the other one's; after a split all of them lose",
                |node, setup| {
                    let me = node.runtime().node();
                    let polite = move |claim: &Claim| u64::from(claim.process.node != me);
                    replicated_with(node, setup, Some(Resolver::new(polite)))
                },
            ),
            CaughtBy::Checker("registry_conflicts"),
        ),
        specimen(
            told(
                split,
                "selfish_resolver",
                "of two claims each node prefers its own; after a split a name has two holders",
                |node, setup| {
                    let me = node.runtime().node();
                    let selfish = move |claim: &Claim| u64::from(claim.process.node == me);
                    replicated_with(node, setup, Some(Resolver::new(selfish)))
                },
            ),
            CaughtBy::Checker("registry_agreement"),
        ),
        specimen(
            told(
                split,
                "resurrected_loser",
                "who lost a name after a split gets it back once the winner lets go, unasked",
                |node, setup| shared::open(node, setup, Flaw::Resurrection),
            ),
            CaughtBy::Invariant {
                checker: "registry_conflicts",
                invariant: "a_loser_stays_away",
            },
        ),
        specimen(
            told(
                split,
                "zombie_row",
                "a third node never hears that the loser of a conflict has let go",
                |node, setup| shared::open(node, setup, Flaw::ZombieRow),
            ),
            CaughtBy::Checker("registry_agreement"),
        ),
        specimen(
            told(
                registry_cluster::STORY,
                "lost_delete",
                "removals that find no room in a queue are lost, and no snapshot makes up for it",
                |node, setup| shared::open(node, setup, Flaw::LostDelete),
            ),
            CaughtBy::Checker("registry_agreement"),
        ),
    ]
}

fn of_names() -> Vec<Specimen> {
    let race = registry_race::STORY;
    let handover = registry_handover::STORY;
    let claims = CaughtBy::Checker("claims");
    vec![
        specimen(
            told(
                race,
                "check_then_insert",
                "a registry looks whether a name is free, waits, and inserts; two racers win",
                |node, setup| open(node, setup, Flaw::CheckThenInsert),
            ),
            CaughtBy::Checker("registry_holders"),
        ),
        specimen(
            told(
                handover,
                "table_of_first_caller",
                "the table belongs to the first process that registered; its end takes everything",
                |node, setup| open(node, setup, Flaw::TableOfFirstCaller),
            ),
            CaughtBy::Checker("registry_endings"),
        ),
        specimen(
            told(
                handover,
                "lazy_clean_up",
                "names of the dead go when somebody comes across them",
                |node, setup| open(node, setup, Flaw::LazyCleanUp),
            ),
            CaughtBy::Checker("registry_endings"),
        ),
        specimen(
            told(
                race,
                "kept_metadata",
                "whoever registers again keeps the metadata of the first time",
                |node, setup| open(node, setup, Flaw::KeptMetadata),
            ),
            claims,
        ),
    ]
}

fn of_promises() -> Vec<Specimen> {
    let race = registry_race::STORY;
    let groups = registry_groups::STORY;
    let claims = CaughtBy::Checker("claims");
    vec![
        specimen(
            told(
                race,
                "half_bulk",
                "a bulk registration that fails leaves the names before the failure behind",
                |node, setup| open(node, setup, Flaw::HalfBulk),
            ),
            claims,
        ),
        specimen(
            told(
                race,
                "wide_clear",
                "clearing a scope clears every scope whose name begins alike",
                |node, setup| open(node, setup, Flaw::WideClear),
            ),
            claims,
        ),
        specimen(
            told(
                race,
                "owner_ignored",
                "anybody may take a name away, whatever the mode",
                |node, setup| open(node, setup, Flaw::OwnerIgnored),
            ),
            claims,
        ),
        specimen(
            told(
                groups,
                "lost_joins",
                "leaving a group once ends all joins of the process",
                |node, setup| open(node, setup, Flaw::LostJoins),
            ),
            claims,
        ),
        specimen(
            told(
                race,
                "blind_swap",
                "a compare-and-set that does not compare",
                |node, setup| open(node, setup, Flaw::BlindSwap),
            ),
            claims,
        ),
    ]
}

fn of_answers() -> Vec<Specimen> {
    let race = registry_race::STORY;
    vec![
        specimen(
            told(
                race,
                "stale_index",
                "an index learns of registrations, and not of updates and removals",
                |node, setup| open(node, setup, Flaw::StaleIndex),
            ),
            CaughtBy::Checker("registry_answers"),
        ),
        specimen(
            told(
                race,
                "stale_cache",
                "a cache answers with whom it found once, as long as that process lives",
                |node, setup| open(node, setup, Flaw::StaleCache),
            ),
            CaughtBy::Checker("registry_answers"),
        ),
        specimen(
            told(
                race,
                "hybrid",
                "two tables for the same names; a look-up asks the first one, a query the second",
                |node, setup| open(node, setup, Flaw::TwoTables),
            ),
            CaughtBy::Checker("registry_answers"),
        ),
        specimen(
            told(
                race,
                "stale_reverse_table",
                "the table by process does not learn of names that are let go of",
                |node, setup| open(node, setup, Flaw::StaleReverse),
            ),
            CaughtBy::Checker("registry_answers"),
        ),
        specimen(
            told(
                race,
                "watch_gap",
                "now and then a change is not told to those who watch",
                |node, setup| open(node, setup, Flaw::WatchGap),
            ),
            CaughtBy::Checker("registry_watchers"),
        ),
        specimen(
            told(
                registry_migration::STORY,
                "lost_in_migration",
                "a switch of the backend leaves a registration behind",
                |node, setup| open(node, setup, Flaw::LostInMigration),
            ),
            CaughtBy::Checker("registry_answers"),
        ),
        specimen(
            told(
                race,
                "old_holder",
                "a refusal names whoever held the name first",
                |node, setup| open(node, setup, Flaw::OldHolder),
            ),
            CaughtBy::Checker("registry_refusals"),
        ),
    ]
}
