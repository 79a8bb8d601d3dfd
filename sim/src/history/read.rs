//! Files of histories.

use std::io::{BufRead, Read as _};

use steadfast::Label;

use super::entry::{Entry, Kind};
use super::error::{EventError, HistoryError};
use super::format::{Format, Line};
use super::log::{Completion, History};
use super::operation::Moment;
use super::vocabulary::{HistoryOf, Said, Vocabulary};

/// How much of a file is taken before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    /// The most bytes of the whole file.
    pub file_bytes: u64,
    /// The most bytes of one line.
    pub line_bytes: usize,
    /// The most operations.
    pub operations: usize,
}

impl Default for HistoryLimits {
    /// 256 MiB, 1 MiB a line, a million operations.
    fn default() -> Self {
        Self {
            file_bytes: 256 << 20,
            line_bytes: 1 << 20,
            operations: 1_000_000,
        }
    }
}

/// Reads a whole history; without a format, the first line that is not empty decides.
/// Answers the format, too. Never panics, whatever the input is.
///
/// # Errors
///
/// The first line that cannot be read or that does not fit the lines before it, or
/// that there are no operations at all.
pub fn read<V: Vocabulary>(
    input: impl BufRead,
    format: Option<Format>,
    vocabulary: &V,
    limits: HistoryLimits,
) -> Result<(HistoryOf<V>, Format), HistoryError> {
    let mut history = History::new(limits.operations);
    let mut lines = Lines {
        input,
        limits,
        line: 0,
        bytes: 0,
        buffer: Vec::new(),
    };
    let mut format = format;
    let mut first = true;
    while let Some((line, text)) = lines.next()? {
        if text.trim().is_empty() {
            continue;
        }
        let taken = take(text, &mut format, first, vocabulary, line, &mut history);
        first = false;
        taken.map_err(|reason| HistoryError::Line { line, reason })?;
    }
    match format {
        Some(format) if !history.operations().is_empty() => Ok((history, format)),
        Some(_) | None => Err(HistoryError::Empty { lines: lines.line }),
    }
}

fn take<V: Vocabulary>(
    text: &str,
    format: &mut Option<Format>,
    first: bool,
    vocabulary: &V,
    line: u64,
    history: &mut HistoryOf<V>,
) -> Result<(), EventError> {
    let syntax = |reason: String| EventError::Syntax(reason);
    let unknown = || syntax("neither a line of Jepsen's log, nor of EDN, nor of JSON".to_owned());
    let known = match *format {
        Some(known) => known,
        None => *format.insert(Format::detect(text).ok_or_else(unknown)?),
    };
    match known.parse(text, first).map_err(syntax)? {
        Line::Event(entry) => enter(
            &entry,
            Moment {
                position: line,
                time: entry.time,
            },
            vocabulary,
            history,
        ),
        Line::Skipped => Ok(()),
    }
}

/// Adds an event to a history.
pub(crate) fn enter<V: Vocabulary>(
    entry: &Entry,
    moment: Moment,
    vocabulary: &V,
    history: &mut HistoryOf<V>,
) -> Result<(), EventError> {
    let process = &entry.process;
    let completion = match entry.kind {
        Kind::Invoke => return invoke(entry, moment, vocabulary, history),
        Kind::Ok => Completion::Ok(answer(entry, vocabulary, history)?),
        Kind::Fail | Kind::Info => {
            asked(entry, vocabulary, history)?;
            if entry.kind == Kind::Fail {
                Completion::Failed
            } else {
                Completion::Unknown
            }
        }
    };
    history.complete(process, completion, moment)
}

fn invoke<V: Vocabulary>(
    entry: &Entry,
    moment: Moment,
    vocabulary: &V,
    history: &mut HistoryOf<V>,
) -> Result<(), EventError> {
    let said = Said {
        process: &entry.process,
        op: entry.op.as_deref().unwrap_or_default(),
        key: entry.key.as_ref(),
        value: &entry.value,
    };
    let call = vocabulary.call(said).map_err(EventError::Meaning)?;
    let key = entry.key.clone().unwrap_or_else(|| Label::from(""));
    history.invoke(entry.process.clone(), key, call, moment)
}

/// The call that a completion ends, if it says nothing else of it than its invocation.
fn asked<'a, V: Vocabulary>(
    entry: &Entry,
    vocabulary: &V,
    history: &'a HistoryOf<V>,
) -> Result<&'a V::Call, EventError> {
    let process = &entry.process;
    let Some(open) = history.open_operation(process) else {
        let process = process.clone();
        return Err(EventError::NothingOpen { process });
    };
    let differs = |what: &str, said: &Label, asked: &str| {
        let text = format!("process {process} ends {what} {said:?}, but asked for {asked:?}");
        Err(EventError::Meaning(text))
    };
    let op = vocabulary.op(&open.call);
    match (&entry.op, &entry.key) {
        (Some(said), _) if *said != op => differs("operation", said, op),
        (_, Some(said)) if *said != open.key => differs("key", said, &open.key),
        (_, _) => Ok(&open.call),
    }
}

fn answer<V: Vocabulary>(
    entry: &Entry,
    vocabulary: &V,
    history: &HistoryOf<V>,
) -> Result<V::Answer, EventError> {
    let call = asked(entry, vocabulary, history)?;
    vocabulary
        .answer(call, &entry.value)
        .map_err(EventError::Meaning)
}

struct Lines<I> {
    input: I,
    limits: HistoryLimits,
    /// The number of the last line that was read.
    line: u64,
    bytes: u64,
    buffer: Vec<u8>,
}

impl<I: BufRead> Lines<I> {
    fn next(&mut self) -> Result<Option<(u64, &str)>, HistoryError> {
        self.buffer.clear();
        self.line += 1;
        let line = self.line;
        let failed = |reason| HistoryError::Line { line, reason };
        // One byte more than a line may have, to see that it has.
        let most = self.limits.line_bytes.saturating_add(2) as u64;
        let taken = (&mut self.input)
            .take(most)
            .read_until(b'\n', &mut self.buffer)
            .map_err(|error| HistoryError::Io { line, error })?;
        if taken == 0 {
            self.line -= 1;
            return Ok(None);
        }
        self.bytes += taken as u64;
        if self.bytes > self.limits.file_bytes {
            let max = self.limits.file_bytes;
            return Err(failed(EventError::TooLarge { max }));
        }
        let mut text = self.buffer.as_slice();
        text = text.strip_suffix(b"\n").unwrap_or(text);
        text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.len() > self.limits.line_bytes {
            let max = self.limits.line_bytes;
            return Err(failed(EventError::TooLong { max }));
        }
        if line == 1 {
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        }
        let text = std::str::from_utf8(text).map_err(|_| failed(EventError::NotText))?;
        Ok(Some((line, text)))
    }
}
