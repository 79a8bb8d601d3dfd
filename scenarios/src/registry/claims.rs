//! Asking for unique names and letting go of them.

use steadfast::registry::{
    Query, RegisterAllError, Registered, Registration, RegistryError, Removal,
};

use super::cue::Cue;
use super::player::Player;
use super::setup::{SERVICES, TEST, TESTS};

impl Player {
    /// Asks for a name.
    pub(super) async fn claim(&self, cue: Cue) {
        let (scope, name, wanted) = (cue.scope(), cue.name(), cue.metadata());
        let before = self.entry(scope, &name).map(|entry| entry.process);
        let registration = Registration::new(scope, &name, self.id())
            .metadata(wanted.clone())
            .address(&self.address);
        self.reader.wants(&registration.key, self.id());
        match self.registry().register(registration).await {
            Ok(Registered { entry, fresh }) => {
                if entry.process != self.id() || fresh != (before != Some(self.id())) {
                    let detail =
                        format!("{} won {entry:?} as {fresh}, held by {before:?}", self.id());
                    self.reader.failed("a winner is told what it won", detail);
                }
                self.is(&entry, &wanted);
            }
            Err(RegistryError::AlreadyRegistered { holder, .. }) => {
                let now = self.reader.holder(scope, &name);
                if now != Some(holder) || holder == self.id() {
                    let detail = format!(
                        "{} was refused {name} of {holder}, held by {now:?}",
                        self.id()
                    );
                    self.reader.failed("a loser learns the holder", detail);
                }
            }
            Err(error) => self.unexpected("claim", &error),
        }
        self.reader.holder(scope, &name);
        self.reader.keys(self.id());
    }

    /// Lets go of a name, if it holds it.
    pub(super) async fn release(&self, cue: Cue) {
        let (scope, name) = (cue.scope(), cue.name());
        let before = self.entry(scope, &name).map(|entry| entry.process);
        let mine = before == Some(self.id());
        let removal = Removal::new(scope, &name).of(self.id());
        match self.registry().unregister(removal).await {
            Ok(entry) => {
                if !mine || entry.process != self.id() {
                    let detail = format!("{} let go of {entry:?}", self.id());
                    self.reader.failed("only what it holds", detail);
                }
            }
            Err(
                RegistryError::NotRegistered { .. }
                | RegistryError::Changed { .. }
                | RegistryError::NotLocal { .. }
                | RegistryError::NotOwner { .. },
            ) if !mine => {}
            Err(error) => self.unexpected("release", &error),
        }
        if mine && self.reader.holder(scope, &name) == Some(self.id()) {
            let detail = format!("{} let go of {name} and holds it still", self.id());
            self.reader.failed("what is let go of is gone", detail);
        }
        self.reader.keys(self.id());
    }

    /// Asks for several names, all or none.
    pub(super) async fn bulk(&self, cue: Cue) {
        let scope = cue.scope();
        let wanted: Vec<_> = cue
            .names()
            .into_iter()
            .map(|name| Registration::new(scope, name, self.id()).metadata(cue.metadata()))
            .collect();
        for wanted in &wanted {
            self.reader.wants(&wanted.key, self.id());
        }
        let count = wanted.len();
        let before = self.registry().held_by(self.id());
        match self.registry().register_all(wanted).await {
            Ok(registered) => {
                if registered.len() != count {
                    let detail = format!("{count} asked for, {} given", registered.len());
                    self.reader.failed("all or none", detail);
                }
                for registered in &registered {
                    self.is(&registered.entry, &cue.metadata());
                }
            }
            Err(RegisterAllError::Row {
                row, key, error, ..
            }) => {
                if row >= count || cue.names()[row] != key.name {
                    self.reader
                        .failed("the row that failed is named", format!("{row} {key}"));
                }
                let after = self.registry().held_by(self.id());
                if after != before {
                    let detail = format!("{} held {before:?} and holds {after:?}", self.id());
                    self.reader.failed("all or none", detail);
                }
                if !matches!(error, RegistryError::AlreadyRegistered { .. }) {
                    self.unexpected("bulk", &error);
                }
            }
            Err(error) => self.reader.failed("only errors that can be", error),
        }
        self.reader.keys(self.id());
        for name in cue.names() {
            self.reader.holder(scope, &name);
        }
    }

    /// Asks for many names that nobody else wants, all or none.
    pub(super) async fn hoard(&self, cue: Cue) {
        let count = 8 + cue.variant() % 25;
        let wanted = (0..count).map(|index| {
            let name = format!("hoard/{}/{index}", self.id().local);
            Registration::new(SERVICES, name, self.id()).metadata(cue.metadata())
        });
        if let Err(error) = self.registry().register_all(wanted.collect()).await {
            self.reader.failed("only errors that can be", error);
        }
        self.reader.keys(self.id());
    }

    /// Lets go of everything with a prefix.
    pub(super) async fn sweep(&self, cue: Cue) {
        let scope = cue.scope();
        let query = Query::all().prefix("w/");
        let mine = query.clone().held_by(self.id());
        let before = self.registry().select(scope, &mine);
        let swept = self
            .registry()
            .unregister_matching(scope, &query, self.id());
        match (before, swept.await) {
            (Ok(before), Ok(gone)) if before == gone => {}
            (Err(RegistryError::UnknownScope { .. }), Err(RegistryError::UnknownScope { .. })) => {}
            (before, gone) => {
                let detail = format!("{before:?} were held, {gone:?} went");
                self.reader.failed("a sweep takes what is meant", detail);
            }
        }
        if self.registry().count(scope, &mine).unwrap_or(0) > 0 {
            let detail = format!("{} holds some of {scope} after its sweep", self.id());
            self.reader.failed("what is let go of is gone", detail);
        }
        self.reader.keys(self.id());
    }

    /// Takes a name away from whoever holds it, on its own behalf.
    pub(super) async fn steal(&self, cue: Cue) {
        let (scope, name) = (cue.scope(), cue.name());
        let Some(before) = self.entry(scope, &name) else {
            return;
        };
        let mine = before.process == self.id();
        let removal = Removal::new(scope, &name).by(Some(self.id()));
        match self.registry().unregister(removal).await {
            Ok(_) if self.owner_only && !mine => {
                let detail = format!("{} took {name} from {}", self.id(), before.process);
                self.reader.failed("only the owner lets go", detail);
            }
            Ok(entry) if entry == before => {}
            Ok(entry) => {
                let detail = format!("{before:?} was held, {entry:?} went");
                self.reader.failed("what goes is what was held", detail);
            }
            Err(RegistryError::NotOwner { .. }) if self.owner_only && !mine => {}
            Err(RegistryError::NotLocal { .. }) if before.process.node != self.id().node => {}
            Err(error) => self.unexpected("steal", &error),
        }
        self.reader.holder(scope, &name);
        self.reader.keys(before.process);
    }

    /// Clears a scope and opens it again. No other scope is touched.
    pub(super) async fn clear(&self) {
        use steadfast::registry::Keys;
        let count = |scope| self.registry().count(scope, &Query::all());
        let before = (count(TEST), count(TESTS), count(SERVICES));
        let cleared = self.registry().close_scope(TEST).await;
        if let (Ok(held), Ok(gone)) = (&before.0, &cleared)
            && held != gone
        {
            let detail = format!("{held} registrations, {gone} went");
            self.reader.failed("a clear takes everything", detail);
        }
        let after = (count(TESTS), count(SERVICES));
        if after != (before.1.clone(), before.2.clone()) {
            let detail = format!("{before:?} before, {after:?} after");
            self.reader.failed("no other scope is touched", detail);
        }
        match self.registry().open_scope(TEST, Keys::Unique).await {
            Ok(()) => {}
            Err(error) => self.reader.failed("a scope opens again", error),
        }
        self.reader.look_at_all(&[self.id()]);
    }

    fn unexpected(&self, what: &str, error: &RegistryError) {
        if !matches!(error, RegistryError::UnknownScope { .. }) {
            let detail = format!("{what}: {error}");
            self.reader.failed("only errors that can be", detail);
        }
    }
}
