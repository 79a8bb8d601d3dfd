//! The words for what supervisors do.

use std::time::Duration;

use steadfast::event::SupervisionEvent;
use steadfast::supervision::{AutoShutdown, Restart, ShutdownPolicy, Strategy};

use super::core::{CoreWords, exit};
use super::names::OneLine;
use crate::trace::subject::subject;

/// One event as `supervisor S ...` or `supervisor S child c ...`.
pub(super) fn event(words: &CoreWords<'_>, event: &SupervisionEvent) -> String {
    let (supervisor, child) = subject(event);
    let supervisor = words.process(supervisor);
    let predicate = predicate(words, event);
    match child {
        None => format!("supervisor {supervisor} {predicate}"),
        Some(child) => format!(
            "supervisor {supervisor} child {} {predicate}",
            OneLine(child)
        ),
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one short arm for each event of a closed vocabulary"
)]
fn predicate(words: &CoreWords<'_>, event: &SupervisionEvent) -> String {
    use SupervisionEvent as E;
    match event {
        E::SupervisorStarted {
            strategy,
            intensity,
            period,
            auto_shutdown,
            dynamic,
            ..
        } => {
            let limits = limits(*strategy, *intensity, *period, *auto_shutdown);
            let dynamic = if *dynamic { ", dynamic" } else { "" };
            format!("started: {limits}{dynamic}")
        }
        E::SupervisorReconfigured {
            strategy,
            intensity,
            period,
            auto_shutdown,
            ..
        } => {
            let limits = limits(*strategy, *intensity, *period, *auto_shutdown);
            format!("reconfigured: {limits}")
        }
        E::ChildAdded {
            index,
            restart,
            shutdown,
            significant,
            ..
        } => {
            let significant = if *significant { ", significant" } else { "" };
            let (restart, shutdown) = (restart_word(*restart), shutdown_words(*shutdown));
            format!("added at {index}: {restart}, shutdown {shutdown}{significant}")
        }
        E::ChildRemoved { .. } => "removed".to_owned(),
        E::ChildStarted {
            process, starts, ..
        } => format!("started as {}, start {starts}", words.process(*process)),
        E::ChildStartFailed { reason, .. } => format!("failed to start: {}", exit(reason)),
        E::ChildIgnored { .. } => "declined to start".to_owned(),
        E::ChildExited {
            process,
            reason,
            expected,
            ..
        } => {
            let expected = if *expected { "as asked" } else { "unasked" };
            let (process, reason) = (words.process(*process), exit(reason));
            format!("exited {expected}, was {process}: {reason}")
        }
        E::RestartScheduled {
            delay, in_window, ..
        } => format!("to be restarted in {delay:?}, {in_window} in the window"),
        E::RestartCancelled { .. } => "will not be restarted, as asked".to_owned(),
        E::ChildStopping {
            process, shutdown, ..
        } => {
            let (process, shutdown) = (words.process(*process), shutdown_words(*shutdown));
            format!("asked to stop, is {process}: {shutdown}")
        }
        E::ChildKilled { process, .. } => format!("killed, was {}", words.process(*process)),
        E::ChildLimitExceeded { in_window, .. } => {
            format!("given up alone, {in_window} in its own window")
        }
        E::IntensityExceeded { in_window, .. } => {
            format!("exceeded the intensity, {in_window} in the window")
        }
        E::AutoShutdown { .. } => "decided the auto-shutdown".to_owned(),
        E::SupervisorStopping { reason, .. } => format!("stopping: {}", exit(reason)),
        E::SupervisorStopped { .. } => "stopped".to_owned(),
    }
}

fn limits(
    strategy: Strategy,
    intensity: u32,
    period: Duration,
    auto_shutdown: AutoShutdown,
) -> String {
    let strategy = match strategy {
        Strategy::OneForOne => "one_for_one",
        Strategy::OneForAll => "one_for_all",
        Strategy::RestForOne => "rest_for_one",
        Strategy::DependentsForOne => "dependents_for_one",
    };
    let auto_shutdown = match auto_shutdown {
        AutoShutdown::Never => "",
        AutoShutdown::AnySignificant => ", auto-shutdown any_significant",
        AutoShutdown::AllSignificant => ", auto-shutdown all_significant",
    };
    format!("{strategy}, intensity {intensity} in {period:?}{auto_shutdown}")
}

const fn restart_word(restart: Restart) -> &'static str {
    match restart {
        Restart::Permanent => "permanent",
        Restart::Transient => "transient",
        Restart::Temporary => "temporary",
    }
}

fn shutdown_words(shutdown: ShutdownPolicy) -> String {
    match shutdown {
        ShutdownPolicy::Brutal => "brutal".to_owned(),
        ShutdownPolicy::Timeout(limit) => format!("within {limit:?}"),
        ShutdownPolicy::Infinite => "infinite".to_owned(),
    }
}
