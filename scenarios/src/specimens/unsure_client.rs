//! Clients of a store who take what it tells them for something else, and a store that is
//! started wrongly.

use super::specimen;
use super::specimen::{CaughtBy, Specimen};
use crate::catalogue::store_registers::{StoreRegisters, Way};
use crate::store::{HISTORY, Habit};

pub(super) fn specimens() -> Vec<Specimen> {
    let client = |name, story, habit| {
        let checker = HISTORY;
        let invariant = "linearizable";
        specimen(
            StoreRegisters::new(name, story, habit),
            CaughtBy::Invariant { checker, invariant },
        )
    };
    vec![
        client(
            "stale_read",
            "a client reads what its own node has, which may have been left behind",
            Habit::ReadsLocally,
        ),
        client(
            "hopeful_write",
            "a client takes a write for done of which nobody knows whether it happened",
            Habit::TakesUnknownForDone,
        ),
        client(
            "forgotten_write",
            "a client takes a write for failed that happens later all the same",
            Habit::TakesUnknownForFailed,
        ),
        client(
            "retry_applied_twice",
            "a client sends a change again that may have happened, and goes by the last answer",
            Habit::AsksAgain,
        ),
        client(
            "lost_update",
            "a client compares what it has read, and then writes, whatever came between",
            Habit::ComparesItself,
        ),
        specimen(
            StoreRegisters::new(
                "commit_without_quorum",
                "each node of a store is started as if it were the only one, and decides alone",
                Habit::Honest,
            )
            .reached(Way::Alone),
            CaughtBy::Checker("raft_logs"),
        ),
    ]
}
