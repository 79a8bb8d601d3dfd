//! Sending by name, telling groups, and being alone with a name.

use std::time::Duration;

use steadfast::process::ProcessId;
use steadfast::registry::{Entry, Outcome, RegistryError, ViaError};
use steadfast::runtime::Clock as _;

use super::cue::{Act, Cue};
use super::desk::Desk;
use super::player::{Player, home};
use super::setup::{GROUPS, SERVICES};

/// How long a player waits to be alone with a name.
const PATIENCE: Duration = Duration::from_millis(400);

impl Player {
    /// Sends to whoever holds a name: the name of a player's own, or one of those that
    /// everybody wants.
    pub(super) fn send(&self, cue: Cue) {
        let is_home = cue.variant().is_multiple_of(2);
        let (scope, name) = if is_home {
            (SERVICES, home(self.id().node, cue.variant() / 2 % 4))
        } else {
            (cue.scope(), cue.name())
        };
        let entry = self.entry(scope, &name);
        let value = entry.as_ref().map_or(0, |entry| entry.process.local);
        let act = Act::Hear;
        let sent = self.registry().via::<Cue>(scope, &name);
        let sent = sent.try_send(Cue { act, value });
        let must_arrive = is_home || entry.as_ref().is_some_and(|entry| entry.handle.is_some());
        let fits = match &sent {
            // A mailbox that is full, or whose process is about to end, takes nothing.
            Ok(()) | Err(ViaError::Delivery(_)) => {
                must_arrive && entry.as_ref().is_some_and(|entry| self.is_here(entry))
            }
            Err(ViaError::Registry { error, .. }) => match (error, &entry) {
                (RegistryError::UnknownScope { .. }, _)
                | (RegistryError::NotRegistered { .. }, None) => true,
                (RegistryError::NotLocal { process }, Some(entry)) => {
                    *process == entry.process && !self.is_here(entry)
                }
                (RegistryError::NoHandle { .. }, Some(entry)) => {
                    !must_arrive && self.is_here(entry)
                }
                _ => false,
            },
            Err(_) => false,
        };
        if !fits {
            let sent = sent.map_err(|error| error.to_string());
            let detail = format!("to {scope}:{name} of {entry:?}: {sent:?}");
            self.reader
                .failed("a message goes to whoever holds the name", detail);
        }
    }

    fn is_here(&self, entry: &Entry) -> bool {
        entry.process.node == self.id().node
    }

    /// Is reached by name or in a group.
    pub(super) fn hear(&self, cue: Cue) {
        if cue.value != 0 && cue.value != self.id().local {
            let detail = format!("{} was sent what was for {}", self.id(), cue.value);
            self.reader
                .failed("a message goes to whoever holds the name", detail);
        }
    }

    /// Tells all members of a group.
    pub(super) fn tell(&self, cue: Cue) {
        let group = cue.group();
        let members = self.reader.members(&group);
        let (act, value) = (Act::Hear, 0);
        let told = match self
            .registry()
            .dispatch(GROUPS, &group, &Cue { act, value })
        {
            Ok(told) => told,
            Err(error) => return self.reader.failed("a group can be told", error),
        };
        let reached: Vec<ProcessId> = told.iter().map(|one| one.process).collect();
        if reached != members {
            let detail = format!("{group} is {members:?}, told were {reached:?}");
            self.reader.failed("every member is told once", detail);
        }
        for one in told {
            let outcome = &one.outcome;
            let fits = if one.process.node == self.id().node {
                matches!(
                    outcome,
                    Outcome::Delivered | Outcome::Full | Outcome::Closed
                )
            } else {
                *outcome == Outcome::Elsewhere
            };
            if !fits {
                let detail = format!("{} of {group}: {:?}", one.process, one.outcome);
                self.reader.failed("every member is told once", detail);
            }
        }
    }

    /// Locks a name, and is alone with it for a while.
    pub(super) async fn guard(&self, cue: Cue) {
        let name = cue.name();
        let locked = self.registry().lock(SERVICES, &name, PATIENCE).await;
        let _guard = match locked {
            Ok(guard) => guard,
            Err(RegistryError::DeadlineExceeded { .. }) => return,
            Err(error) => return self.reader.failed("a name can be locked", error),
        };
        let desk = self.context.runtime().board::<Desk>();
        let Some(_inside) = desk.enter_room(self.id(), &name) else {
            let detail = format!("{} is not alone with {name}", self.id());
            return self.reader.failed("a lock has one holder", detail);
        };
        let time = Duration::from_millis(cue.variant() % 150);
        self.context.runtime().sleep(time).await;
    }
}
