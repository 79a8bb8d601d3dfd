//! Joining groups and leaving them.

use steadfast::registry::{Registration, RegistryError, Removal};

use super::cue::Cue;
use super::player::Player;
use super::setup::GROUPS;

impl Player {
    fn joins(&self, group: &str) -> usize {
        let members = self.reader.members(group);
        members
            .iter()
            .filter(|member| **member == self.id())
            .count()
    }

    /// Joins a group once more.
    pub(super) async fn join(&self, cue: Cue) {
        let group = cue.group();
        let before = self.joins(&group);
        let registration = Registration::new(GROUPS, &group, self.id())
            .metadata(cue.metadata())
            .address(&self.address);
        match self.registry().register(registration).await {
            Ok(registered) => {
                let after = self.joins(&group);
                if after != before + 1 || registered.entry.metadata != cue.metadata() {
                    let detail = format!("{before} joins of {}, then {after}", self.id());
                    self.reader.failed("a join counts once", detail);
                }
            }
            Err(error) => self.reader.failed("only errors that can be", error),
        }
        self.reader.keys(self.id());
    }

    /// Leaves a group once, if it is a member.
    pub(super) async fn leave(&self, cue: Cue) {
        let group = cue.group();
        let before = self.joins(&group);
        let removal = Removal::new(GROUPS, &group).of(self.id());
        match self.registry().unregister(removal).await {
            Ok(entry) => {
                let after = self.joins(&group);
                if entry.process != self.id() || after + 1 != before {
                    let detail = format!("{before} joins of {}, then {after}", self.id());
                    self.reader.failed("a leave ends one join", detail);
                }
            }
            Err(RegistryError::NotJoined { .. }) if before == 0 => {}
            Err(error) => self.reader.failed("only errors that can be", error),
        }
        self.reader.keys(self.id());
    }
}
