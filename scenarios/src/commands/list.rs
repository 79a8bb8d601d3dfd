//! `steadfast list`: what there is.

use serde::Serialize;

use super::faults;
use super::table::Columns;
use crate::cli::{CommandError, Format, ListArguments, Output, Subject, Subjects};
use crate::exit_code::ExitCode;

#[derive(Serialize)]
struct Listing {
    scenarios: Vec<Named>,
    specimens: Vec<Named>,
    faults: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    name: &'static str,
    story: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    caught_by: Option<String>,
}

pub(super) fn list(
    arguments: &ListArguments,
    subjects: &Subjects,
    output: &mut Output,
) -> Result<ExitCode, CommandError> {
    let listing = listing(subjects);
    match arguments.format {
        Format::Json => {
            let text = serde_json::to_string_pretty(&listing)
                .map_err(|error| CommandError::internal("the list", &error))?;
            output.line(text)?;
        }
        Format::Text => {
            section(output, "SCENARIOS", &listing.scenarios)?;
            output.line("")?;
            section(output, "SPECIMENS (wrong on purpose)", &listing.specimens)?;
            output.line("")?;
            section(output, "FAULTS", &listing.faults)?;
        }
    }
    Ok(ExitCode::Passed)
}

fn listing(subjects: &Subjects) -> Listing {
    let named = |subject: &Subject| Named {
        name: subject.scenario.name(),
        story: subject.scenario.story(),
        caught_by: subject.caught_by.map(|caught_by| caught_by.to_string()),
    };
    let (specimens, scenarios) = subjects
        .iter()
        .map(named)
        .partition(|named| named.caught_by.is_some());
    Listing {
        scenarios,
        specimens,
        faults: faults::ALL
            .iter()
            .map(|fault| Named {
                name: fault.word(),
                story: faults::story(fault),
                caught_by: None,
            })
            .collect(),
    }
}

fn section(output: &mut Output, heading: &str, entries: &[Named]) -> Result<(), CommandError> {
    let catches = entries.iter().any(|entry| entry.caught_by.is_some());
    let headings: &[&str] = if catches {
        &[heading, "CAUGHT BY", ""]
    } else {
        &[heading, ""]
    };
    let mut columns = Columns::new(headings, 0..0);
    for entry in entries {
        match &entry.caught_by {
            Some(caught_by) => columns.row([entry.name, caught_by, entry.story]),
            None => columns.row([entry.name, entry.story]),
        }
    }
    for line in columns.lines() {
        output.line(line)?;
    }
    Ok(())
}
