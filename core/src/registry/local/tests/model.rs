//! What a registry means, written down as plainly as possible.

use std::collections::{BTreeMap, BTreeSet};

use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::error::Asker;
use crate::registry::{Key, Keys, Metadata, Registration, RegistryError, Value};

/// One registration. Later ones stand later in the list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) key: Key,
    pub(super) process: ProcessId,
    pub(super) metadata: Metadata,
}

/// A query in its parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Wish {
    pub(super) name: Option<&'static str>,
    pub(super) prefix: Option<&'static str>,
    pub(super) holder: Option<ProcessId>,
    pub(super) fields: Vec<(&'static str, Value)>,
    pub(super) limit: Option<usize>,
}

/// All registrations in one list.
#[derive(Default)]
pub(super) struct Model {
    pub(super) owner_only: bool,
    pub(super) entries_max: usize,
    pub(super) scopes: BTreeMap<Label, Keys>,
    pub(super) rows: Vec<Row>,
    pub(super) ending: BTreeSet<ProcessId>,
}

impl Model {
    pub(super) fn register(&mut self, wanted: &Registration) -> Result<bool, RegistryError> {
        let keys = self.keys(&wanted.key.scope)?;
        let process = wanted.process;
        self.owner(&wanted.key, process, wanted.by)?;
        if self.ending.contains(&process) {
            return Err(RegistryError::NoProcess { process });
        }
        let row = Row {
            key: wanted.key.clone(),
            process,
            metadata: wanted.metadata.clone(),
        };
        if keys == Keys::Unique
            && let Some(held) = self.rows.iter_mut().find(|held| held.key == row.key)
        {
            if held.process != process {
                let (key, holder) = (row.key, held.process);
                return Err(RegistryError::AlreadyRegistered { key, holder });
            }
            *held = row;
            return Ok(false);
        }
        if self.rows.len() >= self.entries_max {
            return Err(RegistryError::LimitReached {
                what: "names".into(),
                limit: self.entries_max,
            });
        }
        self.rows.push(row);
        Ok(true)
    }

    /// All, or the first that could not.
    pub(super) fn register_all(&mut self, wanted: &[Registration]) -> Result<(), RegistryError> {
        let before = self.rows.clone();
        for wanted in wanted {
            if let Err(error) = self.register(wanted) {
                self.rows = before;
                return Err(error);
            }
        }
        Ok(())
    }

    pub(super) fn unregister(
        &mut self,
        key: &Key,
        process: Option<ProcessId>,
        by: Option<ProcessId>,
    ) -> Result<Row, RegistryError> {
        let index = match (self.keys(&key.scope)?, process) {
            (Keys::Unique, process) => self.owned(key, process, by)?,
            (Keys::Duplicate, None) => return Err(unsupported()),
            (Keys::Duplicate, Some(process)) => {
                let mut rows = self.rows.iter();
                let found = rows.position(|row| row.key == *key && row.process == process);
                let key = key.clone();
                let found = found.ok_or(RegistryError::NotJoined { key, process })?;
                self.owner(&self.rows[found].key, process, by)?;
                found
            }
        };
        Ok(self.rows.remove(index))
    }

    pub(super) fn update(
        &mut self,
        key: &Key,
        process: Option<ProcessId>,
        by: Option<ProcessId>,
        expected: Option<&Metadata>,
        metadata: &Metadata,
    ) -> Result<Metadata, RegistryError> {
        if self.keys(&key.scope)? == Keys::Duplicate {
            return Err(unsupported());
        }
        let index = self.owned(key, process, by)?;
        let row = &mut self.rows[index];
        if expected.is_some_and(|expected| *expected != row.metadata) {
            return Err(changed(row));
        }
        Ok(std::mem::replace(&mut row.metadata, metadata.clone()))
    }

    pub(super) fn close(&mut self, scope: &Label) -> Result<usize, RegistryError> {
        self.keys(scope)?;
        self.scopes.remove(scope);
        let before = self.rows.len();
        self.rows.retain(|row| row.key.scope != *scope);
        Ok(before - self.rows.len())
    }

    pub(super) fn exit(&mut self, process: ProcessId) {
        self.ending.insert(process);
        self.rows.retain(|row| row.process != process);
    }

    pub(super) fn select(&self, scope: &Label, wish: &Wish) -> Result<Vec<Row>, RegistryError> {
        self.keys(scope)?;
        let rows = self.rows.iter();
        let mut found: Vec<Row> = rows
            .filter(|row| meant(row, scope, wish))
            .cloned()
            .collect();
        // Stable: joins of one process stay in their order.
        found.sort_by(|one, other| (&one.key, one.process).cmp(&(&other.key, other.process)));
        found.truncate(wish.limit.unwrap_or(usize::MAX));
        Ok(found)
    }

    pub(super) fn remove(&mut self, gone: &[Row]) {
        for row in gone {
            let index = self.rows.iter().position(|one| one == row);
            self.rows.remove(index.expect("it was selected just now"));
        }
    }

    pub(super) fn keys(&self, scope: &Label) -> Result<Keys, RegistryError> {
        let scope = scope.clone();
        let keys = self.scopes.get(&scope).copied();
        keys.ok_or(RegistryError::UnknownScope { scope })
    }

    fn owned(
        &self,
        key: &Key,
        expected: Option<ProcessId>,
        by: Option<ProcessId>,
    ) -> Result<usize, RegistryError> {
        let index = self.rows.iter().position(|row| row.key == *key);
        let index = index.ok_or_else(|| RegistryError::NotRegistered { key: key.clone() })?;
        let row = &self.rows[index];
        self.owner(key, row.process, by)?;
        if expected.is_some_and(|expected| expected != row.process) {
            return Err(changed(row));
        }
        Ok(index)
    }

    fn owner(
        &self,
        key: &Key,
        holder: ProcessId,
        by: Option<ProcessId>,
    ) -> Result<(), RegistryError> {
        if self.owner_only && by != Some(holder) {
            let (key, asked_by) = (key.clone(), Asker(by));
            return Err(RegistryError::NotOwner {
                key,
                holder,
                asked_by,
            });
        }
        Ok(())
    }
}

fn meant(row: &Row, scope: &Label, wish: &Wish) -> bool {
    let name = &*row.key.name;
    let has = |(field, wanted): &(&str, Value)| match row.metadata.get(field) {
        Some(Value::List(list)) if list.contains(wanted) => true,
        value => value == Some(wanted),
    };
    row.key.scope == *scope
        && wish.name.is_none_or(|wanted| wanted == name)
        && wish.prefix.is_none_or(|prefix| name.starts_with(prefix))
        && wish.holder.is_none_or(|holder| holder == row.process)
        && wish.fields.iter().all(has)
}

fn changed(row: &Row) -> RegistryError {
    RegistryError::Changed {
        key: row.key.clone(),
        actual: row.metadata.clone(),
    }
}

fn unsupported() -> RegistryError {
    RegistryError::Unsupported {
        operation: "".into(),
        why: "".into(),
    }
}
