//! Whether two runs of one plan were the same run.

use super::isolated::PlannedRun;
use crate::capsule::Capsule;
use crate::outcome::Outcome;
use crate::run_report::RunReport;
use crate::trace::{Digest, Recorder, first_difference, first_differing_prefix};

/// How `found` differs from `expected`, as [`Outcome::Diverged`]; `None` if both have
/// the same digest and the same outcome. With both traces at hand the first event that
/// differs is told, else the first portion of the trace that does.
#[must_use]
pub fn compare(expected: &PlannedRun, found: &PlannedRun) -> Option<Outcome> {
    let (left, right) = (&expected.run.report, &found.run.report);
    if left.known_digest() == right.known_digest() && left.outcome.key() == right.outcome.key() {
        return None;
    }
    let traces = (&expected.run.trace, &found.run.trace);
    if !traces.0.is_empty()
        && !traces.1.is_empty()
        && let Some(difference) = first_difference(traces.0, traces.1)
    {
        return Some(Outcome::Diverged {
            index: difference.index,
            expected: difference.expected,
            found: difference.found,
        });
    }
    let prefixes = (
        expected.run.prefix_digests.as_slice(),
        found.run.prefix_digests.as_slice(),
    );
    Some(diverged(
        prefixes,
        left.records.min(right.records),
        summary(left),
        summary(right),
    ))
}

/// How a run differs from the one that a capsule was made of; `None` if it is the same.
#[must_use]
pub fn compare_with_capsule(capsule: &Capsule, found: &PlannedRun) -> Option<Outcome> {
    let report = &found.run.report;
    if capsule.digest == report.known_digest() && capsule.outcome == report.outcome.key() {
        return None;
    }
    let prefixes = (
        capsule.prefix_digests.as_slice(),
        found.run.prefix_digests.as_slice(),
    );
    Some(diverged(
        prefixes,
        capsule.records.min(report.records),
        text(&capsule.outcome, capsule.digest, capsule.records),
        summary(report),
    ))
}

fn diverged(
    (left, right): (&[Digest], &[Digest]),
    shorter: u64,
    expected: String,
    found: String,
) -> Outcome {
    // Where no portion differs, the runs part in the last one, which has no digest.
    let common = left.len().min(right.len()) as u64 * Recorder::PREFIX_RECORDS;
    let index = first_differing_prefix(left, right).unwrap_or(common.min(shorter));
    Outcome::Diverged {
        index,
        expected,
        found,
    }
}

fn summary(report: &RunReport) -> String {
    text(&report.outcome.key(), report.known_digest(), report.records)
}

fn text(outcome: &str, digest: Option<Digest>, records: u64) -> String {
    match digest {
        Some(digest) => format!("{outcome}, {records} records, digest {digest}"),
        None => format!("{outcome}, its process gone"),
    }
}
