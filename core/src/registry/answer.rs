//! An answer that is there already, or comes later.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a backend answers to a change: local backends at once and without a heap
/// allocation, backends that ask other nodes later.
///
/// Dropping one that is not there yet withdraws the request as far as the backend
/// can; whether the change happened can then be looked up.
#[must_use = "a change may not have happened before its answer is there"]
pub enum Answer<T> {
    /// It is there.
    Now(T),
    /// It comes.
    Later(Pin<Box<dyn Future<Output = T> + Send>>),
    /// It was taken.
    Taken,
}

impl<T> Answer<T> {
    /// The answer, if it is there already.
    ///
    /// # Errors
    ///
    /// The answer itself, if it still has to come.
    pub fn now(self) -> Result<T, Self> {
        match self {
            Self::Now(answer) => Ok(answer),
            later @ (Self::Later(_) | Self::Taken) => Err(later),
        }
    }
}

impl<T: Send + 'static> Answer<T> {
    /// The same with something made of the answer.
    pub fn map<U>(self, make: impl FnOnce(T) -> U + Send + 'static) -> Answer<U> {
        match self {
            Self::Now(answer) => Answer::Now(make(answer)),
            Self::Later(later) => Answer::Later(Box::pin(async move { make(later.await) })),
            Self::Taken => Answer::Taken,
        }
    }
}

impl<T: Unpin> Future for Answer<T> {
    type Output = T;

    /// # Panics
    ///
    /// If it is polled again after it was ready, as futures may.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match std::mem::replace(&mut *self, Self::Taken) {
            Self::Now(answer) => Poll::Ready(answer),
            Self::Later(mut later) => match later.as_mut().poll(context) {
                Poll::Ready(answer) => Poll::Ready(answer),
                Poll::Pending => {
                    *self = Self::Later(later);
                    Poll::Pending
                }
            },
            Self::Taken => panic!("an answer was asked for after it was given"),
        }
    }
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Now(_) => "Answer::Now(..)",
            Self::Later(_) => "Answer::Later(..)",
            Self::Taken => "Answer::Taken",
        })
    }
}
