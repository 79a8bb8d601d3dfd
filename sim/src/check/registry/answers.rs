//! What a registry answers is what a scan of its facts finds.

use std::collections::BTreeSet;

use steadfast::registry::{Key, Metadata};

use super::super::checker::{Checker, Findings};
use super::super::note::text;
use super::asked::Asked;
use super::reading::{Reading, Row};
use super::view::View;
use super::views::Views;
use crate::trace::Record;

/// Checks the answers that workloads note as [`Reading`]s against a scan of the model:
/// indexes, caches, counts and the table by process have nothing of their own to say.
///
/// | invariant | does not hold when |
/// |---|---|
/// | `an_answer_is_what_a_scan_finds` | a query or a look-up answers other registrations, or in another order |
/// | `a_count_is_what_a_scan_counts` | a count differs from the number of registrations |
/// | `both_tables_agree` | the keys of a process are not those that are registered for it |
/// | `a_reading_can_be_read` | a note begins like a reading and is none |
///
/// Bounded by what the nodes see.
#[derive(Default)]
pub struct Answers {
    views: Views,
}

impl Answers {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            views: Views::new(),
        }
    }

    fn reading(&self, record: &Record, reading: &Reading, findings: &mut Findings) {
        let empty = View::default();
        let view = |registry| {
            let node = record.node;
            let view = node.and_then(|node| self.views.view(node, registry));
            view.unwrap_or(&empty)
        };
        match reading {
            Reading::Rows {
                registry,
                scope,
                asked,
                rows,
            } => {
                let expected = scan(view(registry), scope, asked);
                if *rows != expected {
                    let (rows, expected) = (list(rows), list(&expected));
                    let detail = format!("{scope} {asked:?} answers {rows}, not {expected}");
                    findings.violated("an_answer_is_what_a_scan_finds", detail);
                }
            }
            Reading::Count {
                registry,
                scope,
                asked,
                count,
            } => {
                let expected = scan(view(registry), scope, asked).len();
                if *count != expected {
                    let detail = format!("{scope} {asked:?} counts {count}, not {expected}");
                    findings.violated("a_count_is_what_a_scan_counts", detail);
                }
            }
            Reading::Keys {
                registry,
                process,
                keys,
            } => {
                let expected = view(registry).keys_of(*process);
                if *keys != expected {
                    let text = |keys: &[Key]| {
                        let keys: Vec<_> = keys.iter().map(Key::to_string).collect();
                        format!("[{}]", keys.join(", "))
                    };
                    let (keys, expected) = (text(keys), text(&expected));
                    let detail = format!("{process} holds {keys}, not {expected}");
                    findings.violated("both_tables_agree", detail);
                }
            }
            Reading::Snapshot { .. }
            | Reading::Heard { .. }
            | Reading::Quiet { .. }
            | Reading::Ended { .. }
            | Reading::Wants { .. } => {}
        }
    }
}

impl Checker for Answers {
    fn name(&self) -> &'static str {
        "registry_answers"
    }

    fn reads_traffic(&self) -> bool {
        false
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        self.views.observe(record);
        match text(record).and_then(Reading::parse) {
            Some(Ok(reading)) => self.reading(record, &reading, findings),
            Some(Err(error)) => findings.violated("a_reading_can_be_read", error),
            None => {}
        }
    }

    fn finish(&mut self, _findings: &mut Findings) {}
}

/// What a query means in a view, in the order of name, process and join, cut to its
/// limit.
pub(super) fn scan(view: &View, scope: &str, asked: &Asked) -> Vec<Row> {
    let mut rows: Vec<_> = view
        .scope(scope)
        .filter(|(key, held)| asked.means(key, held.process, &held.metadata))
        .map(|(key, held)| Row {
            name: key.name.clone(),
            process: held.process,
            metadata: held.metadata.clone(),
        })
        .collect();
    // Stable: joins of one process stay in their order.
    rows.sort_by(|one, other| (&one.name, one.process).cmp(&(&other.name, other.process)));
    rows.truncate(asked.limit.unwrap_or(usize::MAX));
    rows
}

pub(super) fn list(rows: &[Row]) -> String {
    const NAMED_MAX: usize = 6;
    let more = rows.len().saturating_sub(NAMED_MAX);
    let mut texts: Vec<_> = rows.iter().take(NAMED_MAX).map(row).collect();
    if more > 0 {
        texts.push(format!("{more} more"));
    }
    // Two answers that differ late would read alike.
    let different: BTreeSet<_> = rows.iter().map(|row| (&row.name, row.process)).collect();
    format!("{} [{}]", different.len(), texts.join(", "))
}

fn row(row: &Row) -> String {
    let Row {
        name,
        process,
        metadata,
    } = row;
    if *metadata == Metadata::new() {
        format!("{name} {process}")
    } else {
        format!("{name} {process} {metadata}")
    }
}
