//! Panics of code under test are results, not noise.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

use crate::isolation::keep_last_words;
use crate::outcome::Outcome;
use crate::runtime::portable_path;

// The panic hook belongs to the whole program and gets no argument of ours: which
// thread is inside a run, and what it last panicked with, can only be kept per thread.
thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<Caught>> = const { RefCell::new(None) };
}

/// A panic that was caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caught {
    pub(crate) text: String,
    /// `file:line:column`, without what differs between machines.
    pub(crate) place: Option<String>,
}

impl From<Caught> for Outcome {
    fn from(caught: Caught) -> Self {
        Self::Panicked {
            text: caught.text,
            place: caught.place,
        }
    }
}

/// While it lives, panics of this thread are kept instead of printed.
pub(crate) struct Quiet {
    outer: bool,
}

impl Quiet {
    pub(crate) fn new() -> Self {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            let others = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                if QUIET.get() {
                    keep(info);
                } else {
                    others(info);
                }
            }));
        });
        Self {
            outer: QUIET.replace(true),
        }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        QUIET.set(self.outer);
    }
}

/// Runs `work` and answers its panic, if it panics, with its place. Only inside
/// [`Quiet`] is the place known.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Caught> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let last = LAST.take();
        last.unwrap_or_else(|| Caught {
            text: text_of(&*payload),
            place: None,
        })
    })
}

fn keep(info: &PanicHookInfo<'_>) {
    let place = info.location().map(|place| {
        let file = portable_path(place.file());
        format!("{file}:{}:{}", place.line(), place.column())
    });
    let text = text_of(info.payload());
    keep_last_words(&match &place {
        Some(place) => format!("{text} at {place}"),
        None => text.clone(),
    });
    LAST.set(Some(Caught { text, place }));
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without text".to_owned()
    }
}
