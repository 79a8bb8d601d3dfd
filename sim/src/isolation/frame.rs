//! Length-prefixed messages over pipes and sockets.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::stopwatch::Stopwatch;

/// The longest message.
pub(crate) const FRAME_MAX: usize = 256 * 1024 * 1024;

/// A message could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    /// The writer closed the pipe before the end of a message.
    #[error("the other end closed the pipe")]
    Closed,
    /// No whole message within the limit.
    #[error("no answer within the limit")]
    TimedOut,
    /// The message is longer than any may be.
    #[error("the message has {bytes} bytes, more than {}", FRAME_MAX)]
    TooLong {
        /// Its length.
        bytes: u64,
    },
    /// The operating system failed.
    #[error("the pipe failed")]
    Io(#[from] io::Error),
}

/// Writes one message. Blocks while the pipe is full.
pub(crate) fn write_frame(pipe: &mut impl Write, payload: &[u8]) -> io::Result<()> {
    let prefix = (payload.len() as u64).to_le_bytes();
    if payload.len() <= JOINED_MAX {
        pipe.write_all(&[&prefix, payload].concat())?;
    } else {
        pipe.write_all(&prefix)?;
        pipe.write_all(payload)?;
    }
    pipe.flush()
}

/// A message up to this length is written in one call, so that its reader is woken once.
const JOINED_MAX: usize = 64 * 1024;

/// Reads one message; waits at most `limit`, or as long as it takes.
pub(crate) fn read_frame(
    pipe: &mut (impl Read + AsFd),
    limit: Option<Duration>,
) -> Result<Vec<u8>, FrameError> {
    let since = Stopwatch::start();
    let mut reader = FrameReader::default();
    loop {
        let left = limit.map(|limit| since.left(limit));
        if !wait_readable(&[pipe.as_fd()], left)?.contains(&true) {
            return Err(FrameError::TimedOut);
        }
        if let Some(payload) = reader.read(pipe)? {
            return Ok(payload);
        }
    }
}

/// Puts messages together from what a pipe has ready.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    prefix: [u8; 8],
    filled: usize,
    payload: Option<Vec<u8>>,
}

impl FrameReader {
    /// Reads once. Answers the message that this completed, if it did.
    pub(crate) fn read(&mut self, pipe: &mut impl Read) -> Result<Option<Vec<u8>>, FrameError> {
        let room = match &mut self.payload {
            None => &mut self.prefix[self.filled..],
            Some(payload) => &mut payload[self.filled..],
        };
        match pipe.read(room) {
            Ok(0) => return Err(FrameError::Closed),
            Ok(count) => self.filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(None),
            Err(error) => return Err(FrameError::Io(error)),
        }
        if self.payload.is_none() && self.filled == self.prefix.len() {
            let bytes = u64::from_le_bytes(self.prefix);
            let length = usize::try_from(bytes)
                .ok()
                .filter(|length| *length <= FRAME_MAX)
                .ok_or(FrameError::TooLong { bytes })?;
            self.payload = Some(vec![0; length]);
            self.filled = 0;
        }
        match self.payload.take_if(|payload| payload.len() == self.filled) {
            Some(payload) => {
                self.filled = 0;
                Ok(Some(payload))
            }
            None => Ok(None),
        }
    }
}

/// Waits until one of the pipes can be read or is closed. Answers for each whether
/// it is so; for none after `limit`.
pub(crate) fn wait_readable(
    pipes: &[BorrowedFd<'_>],
    limit: Option<Duration>,
) -> io::Result<Vec<bool>> {
    let since = Stopwatch::start();
    let mut polled: Vec<_> = pipes
        .iter()
        .map(|pipe| PollFd::new(*pipe, PollFlags::POLLIN))
        .collect();
    loop {
        let left = limit.map(|limit| since.left(limit));
        let timeout = match left {
            None => PollTimeout::NONE,
            // Rounded up, so that the last millisecond is not spun away; what does
            // not fit is waited for in more than one turn.
            Some(left) => {
                PollTimeout::try_from(left.as_micros().div_ceil(1_000)).unwrap_or(PollTimeout::MAX)
            }
        };
        match poll(&mut polled, timeout) {
            Ok(0) if left.is_none_or(|left| !left.is_zero()) => {}
            Err(Errno::EINTR) => {}
            Ok(_) => {
                return Ok(polled
                    .iter()
                    .map(|pipe| pipe.any().unwrap_or_default())
                    .collect());
            }
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_whole_and_in_order() {
        let (mut reader, mut writer) = io::pipe().unwrap();
        for payload in [&b"one"[..], b"", b"three"] {
            write_frame(&mut writer, payload).unwrap();
        }
        let limit = Some(Duration::from_secs(10));
        assert_eq!(read_frame(&mut reader, limit).unwrap(), b"one");
        assert_eq!(read_frame(&mut reader, limit).unwrap(), b"");
        assert_eq!(read_frame(&mut reader, limit).unwrap(), b"three");
        drop(writer);
        let end = read_frame(&mut reader, limit);
        assert!(matches!(end, Err(FrameError::Closed)), "{end:?}");
    }

    #[test]
    fn a_message_that_does_not_end_is_closed_or_timed_out() {
        let (mut reader, mut writer) = io::pipe().unwrap();
        writer.write_all(&9_u64.to_le_bytes()).unwrap();
        writer.write_all(b"half").unwrap();
        let end = read_frame(&mut reader, Some(Duration::from_millis(1)));
        assert!(matches!(end, Err(FrameError::TimedOut)), "{end:?}");

        let (mut reader, mut writer) = io::pipe().unwrap();
        writer.write_all(&9_u64.to_le_bytes()).unwrap();
        drop(writer);
        let end = read_frame(&mut reader, None);
        assert!(matches!(end, Err(FrameError::Closed)), "{end:?}");
    }

    #[test]
    fn a_message_that_is_too_long_is_refused_before_memory_is_taken() {
        let (mut reader, mut writer) = io::pipe().unwrap();
        writer.write_all(&u64::MAX.to_le_bytes()).unwrap();
        let end = read_frame(&mut reader, None);
        let refused = matches!(end, Err(FrameError::TooLong { bytes: u64::MAX }));
        assert!(refused, "{end:?}");
    }
}
