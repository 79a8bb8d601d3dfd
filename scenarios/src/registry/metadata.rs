//! Changes of what is known of a registration.

use steadfast::registry::{Entry, Metadata, RegistryError, Revision, Update, Value};

use super::cue::Cue;
use super::player::Player;

/// The field that players count in.
const COUNT: &str = "count";

fn count(metadata: &Metadata) -> i64 {
    match metadata.get(COUNT) {
        Some(Value::Int(count)) => *count,
        Some(Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_)) | None => 0,
    }
}

impl Player {
    /// Replaces the metadata of a name, on its own behalf or on nobody's.
    pub(super) async fn update(&self, cue: Cue) {
        let (scope, name, wanted) = (cue.scope(), cue.name(), cue.metadata());
        let before = self.entry(scope, &name);
        let revision = Revision::Replace(wanted.clone());
        let mut update = Update::new(scope, &name, revision);
        if self.owner_only || cue.variant().is_multiple_of(2) {
            update = update.of(self.id());
        }
        let expects_me = update.process.is_some();
        match self.registry().update(update).await {
            Ok(updated) => {
                self.must_be_mine(expects_me, &before);
                self.was(&before, &updated.before);
                self.is(&updated.entry, &wanted);
            }
            Err(error) => self.refused_change("update", &before, expects_me, &error),
        }
        self.reader.holder(scope, &name);
    }

    /// Replaces the metadata of a name if they are what they were a moment ago, or what
    /// they have never been.
    pub(super) async fn swap(&self, cue: Cue) {
        let (scope, name, wanted) = (cue.scope(), cue.name(), cue.metadata());
        let Some(before) = self.entry(scope, &name) else {
            return;
        };
        let stale = cue.variant().is_multiple_of(3);
        let expected = if stale {
            before.metadata.clone().with("never", true)
        } else {
            before.metadata.clone()
        };
        let revision = Revision::CompareAndSet(expected, wanted.clone());
        let by = Some(before.process);
        let update = Update::new(scope, &name, revision).by(by);
        match self.registry().update(update).await {
            Ok(_) if stale => {
                let detail = format!("{scope}:{name} was swapped, but was {}", before.metadata);
                self.reader.failed("a swap compares first", detail);
            }
            Ok(updated) => self.is(&updated.entry, &wanted),
            Err(RegistryError::Changed { actual, .. }) => {
                // Nothing can have come between on one thread without a wait.
                if !stale {
                    let detail = format!("{scope}:{name} is {actual}, not {}", before.metadata);
                    self.reader.failed("a swap succeeds if it may", detail);
                }
            }
            Err(error) => self.refused_change("swap", &Some(before), false, &error),
        }
        self.reader.holder(scope, &name);
    }

    /// Counts one up in the metadata of a name, whoever holds it.
    pub(super) async fn count(&self, cue: Cue) {
        let (scope, name) = (cue.scope(), cue.name());
        let before = self.entry(scope, &name);
        let add = |metadata: &Metadata| metadata.clone().with(COUNT, count(metadata) + 1);
        let by = before.as_ref().map(|entry| entry.process);
        let update = Update::new(scope, &name, Revision::With(Box::new(add))).by(by);
        match self.registry().update(update).await {
            Ok(updated) => {
                self.was(&before, &updated.before);
                let wanted = add(&updated.before);
                self.is(&updated.entry, &wanted);
            }
            Err(error) => self.refused_change("count", &before, false, &error),
        }
        self.reader.holder(scope, &name);
    }

    fn must_be_mine(&self, expects_me: bool, before: &Option<Entry>) {
        let mine = before
            .as_ref()
            .is_some_and(|entry| entry.process == self.id());
        if expects_me && !mine {
            let detail = format!("{} changed {before:?}", self.id());
            self.reader.failed("only what it holds", detail);
        }
    }

    /// The metadata before are those that were read a moment ago.
    fn was(&self, read: &Option<Entry>, before: &Metadata) {
        if read.as_ref().map(|entry| &entry.metadata) != Some(before) {
            let detail = format!("an update found {before}, a look-up {read:?}");
            self.reader.failed("no update is lost", detail);
        }
    }

    /// What was asked for holds, and is what everybody reads.
    pub(super) fn is(&self, entry: &Entry, wanted: &Metadata) {
        let key = &entry.key;
        if entry.metadata != *wanted {
            let detail = format!("{key} has {}, not {wanted}", entry.metadata);
            self.reader
                .failed("metadata are what was asked for", detail);
        }
        let read = self.entry(&key.scope, &key.name);
        if read.as_ref() != Some(entry) {
            let detail = format!("{key} is answered as {entry:?}, and read as {read:?}");
            self.reader.failed("what was answered is read", detail);
        }
    }

    fn refused_change(
        &self,
        what: &str,
        before: &Option<Entry>,
        expects_me: bool,
        error: &RegistryError,
    ) {
        let holder = before.as_ref().map(|entry| entry.process);
        let others = holder.filter(|holder| *holder != self.id());
        let elsewhere = others.filter(|holder| holder.node != self.id().node);
        let fits = matches!(error, RegistryError::UnknownScope { .. })
            || matches!(error, RegistryError::NotRegistered { .. } if holder.is_none())
            || matches!(error, RegistryError::NotLocal { .. } if elsewhere.is_some())
            || matches!(
                error,
                RegistryError::Changed { .. } | RegistryError::NotOwner { .. }
                    if expects_me && others.is_some()
            );
        if !fits {
            let detail = format!("{what} of {before:?}: {error}");
            self.reader.failed("only errors that can be", detail);
        }
    }
}
