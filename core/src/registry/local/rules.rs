//! Who may change what: what the table does not know.

use super::options::LocalOptions;
use super::table::Table;
use crate::process::ProcessId;
use crate::registry::error::Asker;
use crate::registry::{Entry, Host, Key, Keys, Registration, RegistryError, Removal, Update};

/// What a registration comes to, as far as the table decides.
pub(super) enum Place {
    /// The name is free, or is a group.
    Free,
    /// The process holds the unique name already.
    Own(Entry),
}

/// Whether the process may be registered by whoever asks. Asked while the lock is held
/// under which it is inserted: a process that ends later is removed later.
pub(super) fn may_register(
    host: &dyn Host,
    options: &LocalOptions,
    wanted: &Registration,
) -> Result<(), RegistryError> {
    let process = wanted.process;
    if process.node != host.node() {
        return Err(RegistryError::NotLocal { process });
    }
    may_change(options.owner_only, &wanted.key, process, wanted.by)?;
    // A process of an earlier incarnation has ended with it.
    if !host.is_local(process) || !host.admits(process) {
        return Err(RegistryError::NoProcess { process });
    }
    Ok(())
}

/// Whether whoever asks may change what `holder` holds: in owner-only mode only the
/// holder may.
pub(crate) fn may_change(
    owner_only: bool,
    key: &Key,
    holder: ProcessId,
    by: Option<ProcessId>,
) -> Result<(), RegistryError> {
    if owner_only && by != Some(holder) {
        return Err(RegistryError::NotOwner {
            key: key.clone(),
            holder,
            asked_by: Asker(by),
        });
    }
    Ok(())
}

/// What the keys of a scope are.
pub(crate) fn keys(table: &Table, scope: &str) -> Result<Keys, RegistryError> {
    match table.scope(scope) {
        Some(scope) => Ok(scope.keys),
        None => Err(unknown_scope(scope)),
    }
}

/// Where a registration goes.
pub(super) fn place(table: &Table, key: &Key, process: ProcessId) -> Result<Place, RegistryError> {
    if keys(table, &key.scope)? == Keys::Duplicate {
        return Ok(Place::Free);
    }
    match table.entry(table.probe(key)) {
        None => Ok(Place::Free),
        Some(entry) if entry.process == process => Ok(Place::Own(entry)),
        Some(entry) => Err(already_registered(key, entry.process)),
    }
}

/// Which registration a removal means.
pub(super) fn removed(
    table: &Table,
    options: &LocalOptions,
    removal: &Removal,
) -> Result<Entry, RegistryError> {
    let key = &removal.key;
    match (keys(table, &key.scope)?, removal.process) {
        (Keys::Unique, process) => owned(table, options, key, process, removal.by),
        (Keys::Duplicate, None) => Err(RegistryError::Unsupported {
            operation: "unregister".into(),
            why: "a group is left by a process, and none was named".into(),
        }),
        (Keys::Duplicate, Some(process)) => {
            let member = table.membership(table.probe(key), process);
            let member = member.ok_or_else(|| RegistryError::NotJoined {
                key: key.clone(),
                process,
            })?;
            may_change(options.owner_only, key, process, removal.by)?;
            Ok(member)
        }
    }
}

/// Which registration an update means.
pub(super) fn updated(
    table: &Table,
    options: &LocalOptions,
    update: &Update,
) -> Result<Entry, RegistryError> {
    if keys(table, &update.key.scope)? == Keys::Duplicate {
        return Err(RegistryError::Unsupported {
            operation: "update".into(),
            why: "the metadata of a group's member stay as they were joined with".into(),
        });
    }
    owned(table, options, &update.key, update.process, update.by)
}

/// The registration of a unique name, if whoever asks may change it and it is held by
/// whom they think.
fn owned(
    table: &Table,
    options: &LocalOptions,
    key: &Key,
    expected: Option<ProcessId>,
    by: Option<ProcessId>,
) -> Result<Entry, RegistryError> {
    let entry = table.entry(table.probe(key));
    let entry = entry.ok_or_else(|| RegistryError::NotRegistered { key: key.clone() })?;
    may_change(options.owner_only, key, entry.process, by)?;
    if expected.is_some_and(|expected| expected != entry.process) {
        return Err(RegistryError::Changed {
            key: key.clone(),
            actual: entry.metadata,
        });
    }
    Ok(entry)
}

/// The name is held by another process.
pub(super) fn already_registered(key: &Key, holder: ProcessId) -> RegistryError {
    RegistryError::AlreadyRegistered {
        key: key.clone(),
        holder,
    }
}

/// There is no such scope.
pub(crate) fn unknown_scope(scope: &str) -> RegistryError {
    RegistryError::UnknownScope {
        scope: scope.into(),
    }
}

/// A name was asked for, and it is a group.
pub(crate) fn is_a_group(operation: &str) -> RegistryError {
    RegistryError::Unsupported {
        operation: operation.into(),
        why: "a group has no single holder".into(),
    }
}
