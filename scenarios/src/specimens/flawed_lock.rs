//! Locks that are wrong in one way each, and what they guard.

use std::time::Duration;

use steadfast_sim::Plan;
use steadfast_sim::fault::Episode;

use super::specimen;
use super::specimen::{CaughtBy, Specimen};
use crate::catalogue::locks::Locks;
use crate::coordination::{Flaw, Locksmith, Player, TTL};
use crate::weather;

/// Sessions that only a crash ends, in most runs.
const LONG: Duration = Duration::from_secs(4);

/// Sessions that end when a node is away for a moment.
const SHORT: Duration = Duration::from_millis(600);

/// A story of homemade locks. A flaw that shows when a session ends needs short sessions,
/// long holds and a weather that parts nodes; the others need sessions that stay.
fn homemade(name: &'static str, story: &'static str, flaw: Flaw) -> Locks {
    let connected: fn(&Plan) -> Vec<Episode> = weather::of_connected_replicas;
    let (ttl, hold_max, weather) = match flaw {
        Flaw::OutlivesItsSession => (SHORT, 1_500, weather::of_punctual_replicas as _),
        Flaw::ChecksThenTakes
        | Flaw::ReleasesAnyone
        | Flaw::Inverted
        | Flaw::LeavesItsPlace
        | Flaw::MissesWakeUps
        | Flaw::CountsByClock => (LONG, 250, connected),
    };
    let player = Player {
        locksmith: Locksmith::Homemade(flaw),
        ttl,
        hold_max,
        looks: false,
        strict: true,
    };
    Locks {
        name,
        story,
        weather,
        player,
    }
}

pub(super) fn specimens() -> Vec<Specimen> {
    let lock = |name, story, flaw, caught_by| specimen(homemade(name, story, flaw), caught_by);
    let holders = |invariant| CaughtBy::Invariant {
        checker: "lock_holders",
        invariant,
    };
    vec![
        lock(
            "double_grant",
            "a lock that is seen to be free is taken, though another one did the same",
            Flaw::ChecksThenTakes,
            holders("holders_fit"),
        ),
        lock(
            "late_unlock",
            "a release that is sent again, to be sure, removes the lock of whoever has it by then",
            Flaw::ReleasesAnyone,
            holders("holders_fit"),
        ),
        lock(
            "inverted_lock",
            "a lock keeps those apart who want different things, and nobody else",
            Flaw::Inverted,
            holders("holders_fit"),
        ),
        lock(
            "zombie_request",
            "a request whose time is over stays in line, and is granted to nobody",
            Flaw::LeavesItsPlace,
            CaughtBy::Stalled,
        ),
        lock(
            "lost_wake_up",
            "a request waits for a change that came before it began to wait",
            Flaw::MissesWakeUps,
            CaughtBy::Stalled,
        ),
        lock(
            "clock_token",
            "tokens come from the clocks of the nodes, which differ",
            Flaw::CountsByClock,
            holders("tokens_grow"),
        ),
        lock(
            "stale_lease",
            "a holder does not look whether its session has ended",
            Flaw::OutlivesItsSession,
            CaughtBy::Checker("lock_holders"),
        ),
    ]
}

/// What is guarded by the right locks, and is wrong itself.
pub(super) fn unfenced() -> Specimen {
    specimen(
        Locks {
            name: "unfenced",
            story: "what is guarded takes every token, also of a holder that stood still",
            weather: weather::of_replicas,
            player: Player {
                locksmith: Locksmith::Recipes,
                ttl: TTL,
                hold_max: 250,
                looks: false,
                strict: false,
            },
        },
        CaughtBy::Checker("fencing"),
    )
}
