//! Which names a session holds or waits for: whoever would wait for itself learns that
//! at once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::coordination::kind::LockKind;
use crate::label::Label;

/// A sort of names, and one of them.
type Name = (&'static str, Label);

/// The names of one session.
#[derive(Default)]
pub(in crate::coordination) struct Claims(Mutex<BTreeMap<Name, LockKind>>);

impl Claims {
    /// Claims all of the names, or none of them if one is claimed already.
    pub(in crate::coordination) fn claim(
        self: &Arc<Self>,
        recipe: &'static str,
        names: &[Label],
        kind: LockKind,
    ) -> Result<Claim, Claimed> {
        let mut claims = self.lock();
        let mut own = Vec::new();
        for name in names {
            match claims.entry((recipe, name.clone())) {
                Entry::Vacant(free) => {
                    free.insert(kind);
                    own.push((recipe, name.clone()));
                }
                Entry::Occupied(taken) => {
                    let kind = *taken.get();
                    let name = name.clone();
                    for name in &own {
                        claims.remove(name);
                    }
                    return Err(Claimed { name, kind });
                }
            }
        }
        drop(claims);
        let claims = self.clone();
        Ok(Claim { claims, names: own })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Name, LockKind>> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that the session holds or waits for already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::coordination) struct Claimed {
    pub(in crate::coordination) name: Label,
    pub(in crate::coordination) kind: LockKind,
}

/// Claimed names; dropping it gives them up.
pub(in crate::coordination) struct Claim {
    claims: Arc<Claims>,
    names: Vec<Name>,
}

impl Claim {
    /// The names are claimed as another kind from here on.
    pub(in crate::coordination) fn becomes(&self, kind: LockKind) {
        let mut claims = self.claims.lock();
        for name in &self.names {
            claims.insert(name.clone(), kind);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claims = self.claims.lock();
        for name in &self.names {
            claims.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<Label> {
        names.iter().map(|name| (*name).into()).collect()
    }

    #[test]
    fn e03_a_session_never_waits_for_itself() {
        let claims = Arc::new(Claims::default());
        let own = claims.claim("mutex", &names(&["a"]), LockKind::Mutex);
        let again = claims.claim("mutex", &names(&["a"]), LockKind::Mutex);
        let (name, kind) = ("a".into(), LockKind::Mutex);
        assert_eq!(again.err(), Some(Claimed { name, kind }));
        assert!(claims.claim("rw", &names(&["a"]), LockKind::Read).is_ok());
        drop(own);
        assert!(
            claims
                .claim("mutex", &names(&["a"]), LockKind::Mutex)
                .is_ok()
        );
    }

    #[test]
    fn of_several_names_all_are_claimed_or_none() {
        let claims = Arc::new(Claims::default());
        let own = claims.claim("mutex", &names(&["b"]), LockKind::Mutex);
        assert!(
            claims
                .claim("mutex", &names(&["a", "b"]), LockKind::Mutex)
                .is_err()
        );
        let other = claims.claim("mutex", &names(&["a", "c"]), LockKind::Mutex);
        assert!(own.is_ok() && other.is_ok());
    }
}
