//! Children that do what a case tells them: how to start, when to end and how, and
//! what to do when they are asked to stop.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use steadfast::Label;
use steadfast::process::{Context, ExitReason, Signal, StartInfo};
use steadfast::runtime::Runtime;

/// How a player starts.
#[derive(Debug, Clone)]
pub(crate) enum Opening {
    /// It is up at once.
    Up,
    /// It is up at once and hands this number to whoever started it.
    UpWith(u64),
    /// It ends with this error before it is up.
    Fail(&'static str),
    /// It ends normally before it is up.
    Return,
    /// It panics before it is up.
    Panic(&'static str),
    /// It answers that it does not want to run.
    Ignore,
    /// It never comes up.
    Hang,
}

/// What a player that is up is told to do.
#[derive(Debug, Clone)]
pub(crate) enum Cue {
    /// End with this reason, by itself.
    End(ExitReason),
    /// Panic with this text.
    Panic(&'static str),
}

/// What a player does when it is asked to stop.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// It does not trap exits, and so ends at once.
    Plain,
    /// It ends with the reason that it was given.
    Obey,
    /// It goes on as if nothing was asked.
    Defy,
    /// It works for this time and then ends with the reason that it was given.
    Linger(Duration),
    /// It ends with this reason instead.
    Answer(ExitReason),
}

impl Manner {
    /// Whether exit requests reach the player as signals.
    pub(crate) const fn traps_exits(&self) -> bool {
        !matches!(self, Self::Plain)
    }
}

#[derive(Default)]
struct Part {
    openings: VecDeque<Opening>,
    cues: VecDeque<Cue>,
    player: Option<Waker>,
}

/// Directs the players of one bench by name. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Stage(Arc<Mutex<BTreeMap<Label, Part>>>);

enum Moment {
    Cue(Cue),
    Asked(ExitReason),
}

impl Stage {
    /// The next starts of `name` go like `openings`, later ones as before.
    pub(crate) fn next_openings<I>(&self, name: &str, openings: I)
    where
        I: IntoIterator<Item = Opening>,
    {
        let mut parts = self.lock();
        let part = parts.entry(name.into()).or_default();
        part.openings.extend(openings);
    }

    /// Gives `name` a cue. One that is not up takes it when it next is.
    pub(crate) fn cue(&self, name: &str, cue: Cue) {
        let player = {
            let mut parts = self.lock();
            let part = parts.entry(name.into()).or_default();
            part.cues.push_back(cue);
            part.player.take()
        };
        if let Some(player) = player {
            player.wake();
        }
    }

    /// Takes back the cues that `name` has not taken.
    pub(crate) fn clear_cues(&self, name: &str) {
        if let Some(part) = self.lock().get_mut(name) {
            part.cues.clear();
        }
    }

    /// The body of the player `name`.
    pub(crate) async fn play<R: Runtime>(
        self,
        name: Label,
        manner: Manner,
        context: Context<R>,
    ) -> ExitReason {
        match self.opening(&name) {
            Opening::Up => context.ready(),
            Opening::UpWith(number) => context.ready_with(StartInfo::new(number)),
            Opening::Fail(text) => return ExitReason::failed(text),
            Opening::Return => return ExitReason::Normal,
            Opening::Panic(text) => panic!("{text}"),
            Opening::Ignore => return context.ignore(),
            Opening::Hang => std::future::pending().await,
        }
        loop {
            let reason = match self.moment(&name, &manner, &context).await {
                Moment::Cue(Cue::End(reason)) => return reason,
                Moment::Cue(Cue::Panic(text)) => panic!("{text}"),
                Moment::Asked(reason) => reason,
            };
            match &manner {
                Manner::Plain | Manner::Obey => return reason,
                Manner::Defy => {}
                Manner::Linger(time) => {
                    context.runtime().sleep(*time).await;
                    return reason;
                }
                Manner::Answer(answer) => return answer.clone(),
            }
        }
    }

    fn opening(&self, name: &Label) -> Opening {
        let mut parts = self.lock();
        let part = parts.entry(name.clone()).or_default();
        part.openings.pop_front().unwrap_or(Opening::Up)
    }

    async fn moment<R: Runtime>(
        &self,
        name: &Label,
        manner: &Manner,
        context: &Context<R>,
    ) -> Moment {
        std::future::poll_fn(|task| {
            {
                let mut parts = self.lock();
                let part = parts.entry(name.clone()).or_default();
                if let Some(cue) = part.cues.pop_front() {
                    return Poll::Ready(Moment::Cue(cue));
                }
                part.player = Some(task.waker().clone());
            }
            while manner.traps_exits() {
                match pin!(context.signal()).poll(task) {
                    Poll::Ready(Signal::Exit { reason, .. }) => {
                        return Poll::Ready(Moment::Asked(reason));
                    }
                    Poll::Ready(Signal::Down { .. } | Signal::ChildExited { .. }) => {}
                    Poll::Pending => break,
                }
            }
            Poll::Pending
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Label, Part>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
