//! The files of one node: what is there, and what would survive a crash.

use std::collections::BTreeMap;

use steadfast::runtime::FileName;

use crate::keyed::Key;

/// Something done to a file that is not durable yet.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Append(Vec<u8>),
    Replace(Vec<u8>),
    Remove,
}

/// How durable a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hope {
    /// The next sync makes it durable.
    Unsynced,
    /// A sync that covered it failed: no later one makes it durable.
    Lost,
}

#[derive(Debug, Default)]
struct File {
    /// What operations see.
    content: Option<Vec<u8>>,
    /// What a crash leaves.
    durable: Option<Vec<u8>>,
    /// What happened since, in order.
    changes: Vec<(Change, Hope)>,
    /// How many changes have become durable so far.
    settled: u64,
    /// Operations so far, whatever became of them; see [`Disk::next_operation`].
    operations: u64,
}

/// What a crash took from one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) file: FileName,
    /// Bytes that are gone: all from the first one that is not as it was.
    pub(crate) len: u64,
    /// Whether a part of what was not synced survived.
    pub(crate) torn: bool,
}

/// Up to which change of a file a sync reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SyncPoint(u64);

/// The disk of one node. Survives a crash, but for what was not synced.
///
/// Removed files keep an empty entry, so that operations on a name are counted over
/// the whole run; a run uses few names.
#[derive(Debug)]
pub(crate) struct Disk {
    files: BTreeMap<FileName, File>,
    /// Operations on lists, by prefix.
    lists: BTreeMap<String, u64>,
}

impl Disk {
    pub(crate) const fn new() -> Self {
        Self {
            files: BTreeMap::new(),
            lists: BTreeMap::new(),
        }
    }

    /// Counts one more operation on a file, from 1.
    pub(crate) fn next_operation(&mut self, file: &FileName) -> u64 {
        let file = self.file(file);
        file.operations += 1;
        file.operations
    }

    /// Counts one more listing of a prefix, from 1.
    pub(crate) fn next_list(&mut self, prefix: &str) -> u64 {
        let lists = self.lists.entry(prefix.to_owned()).or_default();
        *lists += 1;
        *lists
    }

    pub(crate) fn read(&self, file: &FileName) -> Option<&[u8]> {
        self.files.get(file)?.content.as_deref()
    }

    pub(crate) fn append(&mut self, file: &FileName, data: &[u8]) {
        let file = self.file(file);
        file.content.get_or_insert_default().extend_from_slice(data);
        file.change(Change::Append(data.to_vec()));
    }

    pub(crate) fn replace(&mut self, file: &FileName, data: &[u8]) {
        let file = self.file(file);
        file.content = Some(data.to_vec());
        file.change(Change::Replace(data.to_vec()));
    }

    pub(crate) fn remove(&mut self, file: &FileName) {
        let file = self.file(file);
        if file.content.take().is_some() {
            file.change(Change::Remove);
        }
    }

    /// A sync begins: it will cover what was done so far.
    pub(crate) fn begin_sync(&mut self, file: &FileName) -> SyncPoint {
        let file = self.file(file);
        SyncPoint(file.settled + file.changes.len() as u64)
    }

    /// A sync succeeds: what it covers is durable, but for what an earlier sync
    /// failed to make so. Answers how many bytes were made durable.
    pub(crate) fn finish_sync(&mut self, file: &FileName, point: SyncPoint) -> u64 {
        let file = self.file(file);
        let count = point.0.saturating_sub(file.settled) as usize;
        let count = count.min(file.changes.len());
        file.settled += count as u64;
        let mut len = 0;
        for (change, hope) in file.changes.drain(..count) {
            len += match (hope, &change) {
                (Hope::Unsynced, Change::Append(data) | Change::Replace(data)) => data.len() as u64,
                (Hope::Unsynced, Change::Remove) | (Hope::Lost, _) => 0,
            };
            settle(&mut file.durable, change, hope);
        }
        len
    }

    /// A sync fails: what it covers is lost at the next crash, unless it is written
    /// again.
    pub(crate) fn fail_sync(&mut self, file: &FileName, point: SyncPoint) {
        let file = self.file(file);
        let count = point.0.saturating_sub(file.settled) as usize;
        for (_, hope) in file.changes.iter_mut().take(count) {
            *hope = Hope::Lost;
        }
    }

    /// The names that start with `prefix`, ascending.
    pub(crate) fn list(&self, prefix: &str) -> Vec<FileName> {
        let present = self
            .files
            .iter()
            .filter(|(name, file)| file.content.is_some() && name.as_str().starts_with(prefix));
        present.map(|(name, _)| name.clone()).collect()
    }

    /// The node crashes: what is not durable is lost. With a key, a part decided by it
    /// survives: a prefix of what was done, the last append of it perhaps in part.
    pub(crate) fn crash(&mut self, torn: Option<Key>) -> Vec<Loss> {
        let mut losses = Vec::new();
        for (name, file) in &mut self.files {
            if file.changes.is_empty() && file.content == file.durable {
                continue;
            }
            let key = torn.map(|key| key.with_text(name.as_str()));
            let survivors = key.map_or(0, |key| tear(file, key));
            file.settled += file.changes.len() as u64;
            file.changes.clear();
            let before = file.content.take().unwrap_or_default();
            file.content.clone_from(&file.durable);
            let after = file.content.as_deref().unwrap_or_default();
            let kept = before.iter().zip(after).take_while(|(b, a)| b == a).count();
            losses.push(Loss {
                file: name.clone(),
                len: (before.len() - kept) as u64,
                torn: survivors > 0,
            });
        }
        losses
    }

    /// All files are gone, synced or not. Answers whether there was any.
    pub(crate) fn wipe(&mut self) -> bool {
        let mut any = false;
        for file in self.files.values_mut() {
            any |= file.content.take().is_some();
            any |= file.durable.take().is_some();
            file.settled += file.changes.len() as u64;
            file.changes.clear();
        }
        any
    }

    fn file(&mut self, name: &FileName) -> &mut File {
        if !self.files.contains_key(name) {
            self.files.insert(name.clone(), File::default());
        }
        self.files
            .get_mut(name)
            .expect("the file was inserted just now")
    }
}

impl File {
    fn change(&mut self, change: Change) {
        self.changes.push((change, Hope::Unsynced));
    }
}

/// Makes one change durable.
fn settle(durable: &mut Option<Vec<u8>>, change: Change, hope: Hope) {
    match (change, hope) {
        (Change::Append(data), Hope::Unsynced) => durable.get_or_insert_default().extend(data),
        // The length of the file was written, its bytes were not.
        (Change::Append(data), Hope::Lost) => {
            let content = durable.get_or_insert_default();
            content.resize(content.len() + data.len(), 0);
        }
        (Change::Replace(data), Hope::Unsynced) => *durable = Some(data),
        (Change::Remove, Hope::Unsynced) => *durable = None,
        (Change::Replace(_) | Change::Remove, Hope::Lost) => {}
    }
}

/// Lets a decided prefix of the changes survive. Answers how many did, in part or
/// entirely.
fn tear(file: &mut File, key: Key) -> usize {
    let mut survivors = 0;
    let whole = key.below(file.changes.len() as u64 + 1) as usize;
    let mut changes = file
        .changes
        .iter()
        .filter(|(_, hope)| *hope == Hope::Unsynced);
    for (change, hope) in changes.by_ref().take(whole) {
        settle(&mut file.durable, change.clone(), *hope);
        survivors += 1;
    }
    // A replace or a removal happens or does not; only an append can be torn.
    if let Some((Change::Append(data), _)) = changes.next() {
        let kept = key.with(1).below(data.len() as u64 + 1) as usize;
        if kept > 0 {
            let part = Change::Append(data[..kept].to_vec());
            settle(&mut file.durable, part, Hope::Unsynced);
            survivors += 1;
        }
    }
    survivors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> FileName {
        FileName::new(text).unwrap()
    }

    fn sync(disk: &mut Disk, file: &FileName) {
        let point = disk.begin_sync(file);
        disk.finish_sync(file, point);
    }

    #[test]
    fn a_crash_keeps_what_is_synced_and_loses_the_rest() {
        let (mut disk, file) = (Disk::new(), name("log"));
        disk.append(&file, b"kept ");
        sync(&mut disk, &file);
        disk.append(&file, b"lost");
        assert_eq!(disk.read(&file), Some(&b"kept lost"[..]));
        let losses = disk.crash(None);
        assert_eq!(disk.read(&file), Some(&b"kept "[..]));
        let expected = Loss {
            file,
            len: 4,
            torn: false,
        };
        assert_eq!(losses, [expected]);
        assert!(disk.crash(None).is_empty());
    }

    #[test]
    fn a_file_that_was_never_synced_is_gone_after_a_crash() {
        let (mut disk, file) = (Disk::new(), name("a"));
        disk.replace(&file, b"x");
        disk.crash(None);
        assert_eq!(disk.read(&file), None);
        assert!(disk.list("").is_empty());
    }

    #[test]
    fn a_crash_undoes_a_replace_or_a_removal_that_is_not_synced() {
        let (mut disk, file) = (Disk::new(), name("a"));
        disk.replace(&file, b"old");
        sync(&mut disk, &file);
        disk.replace(&file, b"new");
        disk.crash(None);
        assert_eq!(disk.read(&file), Some(&b"old"[..]));
        disk.remove(&file);
        assert_eq!(disk.read(&file), None);
        disk.crash(None);
        assert_eq!(disk.read(&file), Some(&b"old"[..]));
        disk.remove(&file);
        sync(&mut disk, &file);
        disk.crash(None);
        assert_eq!(disk.read(&file), None);
    }

    #[test]
    fn a_sync_covers_what_was_done_before_it_began() {
        let (mut disk, file) = (Disk::new(), name("a"));
        disk.append(&file, b"1");
        let point = disk.begin_sync(&file);
        disk.append(&file, b"2");
        assert_eq!(disk.finish_sync(&file, point), 1);
        disk.crash(None);
        assert_eq!(disk.read(&file), Some(&b"1"[..]));
    }

    #[test]
    fn a_sync_after_a_failed_one_covers_only_what_came_after_it() {
        let (mut disk, file) = (Disk::new(), name("a"));
        disk.append(&file, b"12");
        let point = disk.begin_sync(&file);
        disk.fail_sync(&file, point);
        disk.append(&file, b"3");
        sync(&mut disk, &file);
        assert_eq!(disk.read(&file), Some(&b"123"[..]));
        disk.crash(None);
        assert_eq!(disk.read(&file), Some(&b"\0\x003"[..]));
        disk.replace(&file, b"again");
        sync(&mut disk, &file);
        disk.crash(None);
        assert_eq!(disk.read(&file), Some(&b"again"[..]));
    }

    #[test]
    fn a_torn_tail_is_a_prefix_of_what_was_done_and_never_a_mixture() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..400 {
            let (mut disk, file) = (Disk::new(), name("a"));
            disk.replace(&file, b"old");
            sync(&mut disk, &file);
            disk.append(&file, b"abc");
            disk.replace(&file, b"new");
            disk.append(&file, b"xyz");
            disk.crash(Some(Key::new(seed, "crash")));
            let content = disk.read(&file).unwrap().to_vec();
            seen.insert(String::from_utf8(content).unwrap());
        }
        let allowed = [
            "new", "newx", "newxy", "newxyz", "old", "olda", "oldab", "oldabc",
        ];
        assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), allowed);
    }

    #[test]
    fn a_wiped_disk_is_empty_but_goes_on_counting() {
        let (mut disk, file) = (Disk::new(), name("a"));
        assert!(!disk.wipe());
        assert_eq!(disk.next_operation(&file), 1);
        disk.append(&file, b"1");
        sync(&mut disk, &file);
        assert!(disk.wipe());
        disk.crash(None);
        assert_eq!(disk.read(&file), None);
        assert_eq!(disk.next_operation(&file), 2);
    }
}
