//! What a process that was aborted had panicked with.
//!
//! A panic inside a destructor aborts the process, and an aborted process cannot send
//! an answer. So each panic is also written into memory that the parent has too.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::process;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// How many panics are kept: the first of two that meet is the interesting one, and
/// the runtime adds one of its own.
const PANICS_MAX: usize = 3;

/// The longest text of one panic, in characters.
const CHARS_MAX: usize = 300;

/// The longest that is read back, in bytes.
const BYTES_MAX: usize = PANICS_MAX * (4 * CHARS_MAX + 2) + 8;

/// The memory of this process that its parent reads.
static SHARED: OnceLock<Shared> = OnceLock::new();

/// The memory in common with the children of this process, one after the other. It
/// names its process: a forked worker has children of its own.
static COMMON: Mutex<Option<(u32, Arc<File>)>> = Mutex::new(None);

struct Shared {
    file: Arc<File>,
    panics: Mutex<VecDeque<String>>,
}

/// Memory in common with a child.
#[derive(Clone)]
pub(super) struct LastWords(Arc<File>);

impl LastWords {
    /// Empty memory. It is the same for every child of this process, which has one
    /// child at a time.
    pub(super) fn new() -> io::Result<Self> {
        let mut common = COMMON.lock().unwrap_or_else(PoisonError::into_inner);
        let process = process::id();
        if let Some((owner, file)) = &*common
            && *owner == process
        {
            file.set_len(0)?;
            return Ok(Self(Arc::clone(file)));
        }
        let file = Arc::new(create()?);
        *common = Some((process, Arc::clone(&file)));
        Ok(Self(file))
    }

    /// In the child: takes the panics of this process from here on.
    pub(super) fn listen(self) {
        let shared = Shared {
            file: self.0,
            panics: Mutex::default(),
        };
        // A child listens once; were it not so, the first memory would do.
        drop(SHARED.set(shared));
    }

    /// In the parent: the last panics of the child, the oldest first.
    pub(super) fn read(&self) -> io::Result<String> {
        let mut bytes = vec![0; BYTES_MAX];
        let count = self.0.read_at(&mut bytes, 0)?;
        let text = &bytes[..count];
        // A shorter text may have been written over a longer one.
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(count);
        Ok(String::from_utf8_lossy(&text[..end]).into_owned())
    }
}

#[cfg(target_os = "linux")]
fn create() -> io::Result<File> {
    use nix::sys::memfd::{MFdFlags, memfd_create};
    Ok(memfd_create(c"last words", MFdFlags::MFD_CLOEXEC)?.into())
}

/// Elsewhere nothing is forked.
#[cfg(not(target_os = "linux"))]
fn create() -> io::Result<File> {
    File::open("/dev/null")
}

/// Takes one panic, in the words of the hook that saw it.
pub(crate) fn keep_last_words(panic: &str) {
    let Some(shared) = SHARED.get() else {
        return;
    };
    let mut panics = shared.panics.lock().unwrap_or_else(PoisonError::into_inner);
    if panics.len() == PANICS_MAX {
        panics.pop_front();
    }
    panics.push_back(panic.chars().take(CHARS_MAX).collect());
    let mut text: String = panics.make_contiguous().join("; ");
    text.push('\0');
    // Nothing can be told of a failure here but less of a crash.
    drop(shared.file.write_all_at(text.as_bytes(), 0));
}
