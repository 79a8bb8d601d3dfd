//! A failed run on one screen.

use std::fmt;
use std::path::Path;

use super::plan::{describe_episode, describe_plan};
use crate::outcome::Outcome;
use crate::run_report::{EpisodeReport, RunReport};
use crate::sweep::PlannedRun;

/// The most lines that the text of a failure has.
pub const LINES_MAX: usize = 40;

/// The most characters of a line, but for the last one, which is a command.
pub const LINE_CHARS_MAX: usize = 160;

/// The most lines of each part: what went wrong, episodes.
const DETAIL_LINES_MAX: usize = 10;
const EPISODE_LINES_MAX: usize = 8;

/// What is to be told of a run that did not pass.
#[derive(Debug, Clone, Copy)]
pub struct FailureReport<'a> {
    /// The run, with the last lines of its story.
    pub planned: &'a PlannedRun,
    /// The file that replays it, if one was written.
    pub capsule: Option<&'a Path>,
    /// The exact command that runs it again.
    pub command: &'a str,
}

impl fmt::Display for FailureReport<'_> {
    /// At most [`LINES_MAX`] lines without a line end after the last; the last one is
    /// the command.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plan, report) = (&self.planned.plan, &self.planned.run.report);
        let mut lines = vec![format!(
            "{} seed {}: {}",
            plan.scenario,
            plan.seed,
            report.outcome.word()
        )];
        lines.extend(capped(&detail(&report.outcome), DETAIL_LINES_MAX, "  "));
        lines.push(format!("  {}", place(report)));
        lines.push(format!("  plan: {}", describe_plan(plan)));
        if !plan.episodes.is_empty() {
            let effective = report.episodes.iter().filter(|e| e.effective).count();
            lines.push(format!(
                "  faults: {} planned, {effective} effective",
                plan.episodes.len()
            ));
            lines.extend(capped(&self.episodes(), EPISODE_LINES_MAX, "    "));
        }
        let mut last = Vec::new();
        if let Some(capsule) = self.capsule {
            last.push(format!("  capsule: {}", capsule.display()));
        }
        last.push("reproduce with:".to_owned());
        // One line for the heading of the story, one for the command.
        let room = LINES_MAX.saturating_sub(lines.len() + last.len() + 2);
        let story = &report.tail[report.tail.len().saturating_sub(room)..];
        if !story.is_empty() {
            lines.push("  the end of its story:".to_owned());
            lines.extend(story.iter().map(|line| format!("    {line}")));
        }
        for line in lines.iter().chain(&last) {
            writeln!(f, "{}", clipped(line))?;
        }
        write!(f, "{}", self.command)
    }
}

impl FailureReport<'_> {
    fn episodes(&self) -> Vec<String> {
        let reports = &self.planned.run.report.episodes;
        let plan = &self.planned.plan;
        let described = plan.episodes.iter().enumerate().map(|(index, episode)| {
            let became = reports.get(index).map_or("unknown", fate);
            format!("{index} {} ({became})", describe_episode(episode))
        });
        described.collect()
    }
}

/// What became of an episode, in the word that says most.
const fn fate(episode: &EpisodeReport) -> &'static str {
    match episode {
        EpisodeReport {
            effective: true,
            healed: true,
            ..
        } => "effective, healed",
        EpisodeReport {
            effective: true, ..
        } => "effective",
        EpisodeReport { fired: true, .. } => "fired without effect",
        EpisodeReport { armed: true, .. } => "armed, not fired",
        EpisodeReport { .. } => "not armed",
    }
}

/// What went wrong, in lines.
fn detail(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Passed => Vec::new(),
        Outcome::Violated(violation) => {
            let mut lines = vec![format!("{}: {}", violation.checker, violation.invariant)];
            lines.extend(violation.detail.lines().map(str::to_owned));
            lines
        }
        Outcome::Stalled { bound, live } => {
            let mut lines = vec![format!("bound: {bound}")];
            if !live.is_empty() {
                lines.push(format!("live tasks: {}", live.len()));
            }
            lines.extend(live.iter().map(|task| format!("  {task}")));
            lines
        }
        Outcome::Diverged {
            index,
            expected,
            found,
        } => vec![
            format!("two runs of this plan differ from record {index} on"),
            format!("expected: {expected}"),
            format!("found:    {found}"),
        ],
        Outcome::Panicked { text, place } => {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.extend(place.iter().map(|place| format!("at {place}")));
            lines
        }
    }
}

/// When it went wrong, as far as that is known.
fn place(report: &RunReport) -> String {
    let Some(digest) = report.known_digest() else {
        return "its process is gone, and its trace with it".to_owned();
    };
    match &report.outcome {
        Outcome::Violated(violation) => format!(
            "at +{}.{:09}s, record {} of {}, digest {digest}",
            violation.time / 1_000_000_000,
            violation.time % 1_000_000_000,
            violation.index,
            report.records
        ),
        Outcome::Passed
        | Outcome::Stalled { .. }
        | Outcome::Diverged { .. }
        | Outcome::Panicked { .. } => format!(
            "after {:?} of simulated time, {} records, digest {digest}",
            report.simulated, report.records
        ),
    }
}

/// The lines with an indent; of too many the first ones and how many there are more.
fn capped(lines: &[String], lines_max: usize, indent: &str) -> Vec<String> {
    let more = lines.len().saturating_sub(lines_max - 1);
    let shown = if more > 1 { lines_max - 1 } else { lines.len() };
    let mut capped: Vec<_> = lines[..shown]
        .iter()
        .map(|line| format!("{indent}{line}"))
        .collect();
    if more > 1 {
        capped.push(format!("{indent}and {more} more"));
    }
    capped
}

/// The line without control characters, cut to its longest length.
fn clipped(line: &str) -> String {
    let clean = line.chars().map(|c| if c.is_control() { ' ' } else { c });
    if line.chars().count() <= LINE_CHARS_MAX {
        return clean.collect();
    }
    let mut cut: String = clean.take(LINE_CHARS_MAX - 1).collect();
    cut.push('…');
    cut
}
