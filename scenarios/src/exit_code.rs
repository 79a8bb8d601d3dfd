//! Every exit code of the command line.

use std::process;

use steadfast_sim::Outcome;

/// How a command ends. Of several, the worst one counts; they stand here from the
/// best to the worst. A diverged run is worse than any other outcome, for where runs
/// diverge no other verdict can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ExitCode {
    /// Everything passed.
    Passed,
    /// A history could not be judged: a bound was hit. It never counts as passed.
    Unknown,
    /// A run stalled: its core did not converge, nothing could run, or its time was up.
    Stalled,
    /// Code under test panicked.
    Panicked,
    /// A check failed, a history is not linearizable, or a specimen was not caught by what must catch it.
    Violated,
    /// Two runs of one plan were not the same.
    Diverged,
    /// The command was used in a wrong way; nothing was run and nothing was written.
    Usage,
    /// The harness itself failed.
    Internal,
}

impl ExitCode {
    /// The help text that lists them all.
    pub(crate) const HELP: &'static str = "\
Exit codes, the worst one counts:
  0   everything passed
  14  a history could not be judged within its bounds
  11  a run stalled
  13  code under test panicked
  10  a check failed, or a specimen was not caught
  12  two runs of one plan were not the same
  2   wrong usage; nothing was run or written
  1   the harness itself failed";

    /// The code of a run's outcome.
    pub(crate) const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Passed => Self::Passed,
            Outcome::Violated(_) => Self::Violated,
            Outcome::Stalled { .. } => Self::Stalled,
            Outcome::Diverged { .. } => Self::Diverged,
            Outcome::Panicked { .. } => Self::Panicked,
        }
    }

    /// The number.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Violated => 10,
            Self::Stalled => 11,
            Self::Diverged => 12,
            Self::Panicked => 13,
            Self::Unknown => 14,
        }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_code_from_the_best_to_the_worst() {
        let codes = [
            ExitCode::Passed,
            ExitCode::Unknown,
            ExitCode::Stalled,
            ExitCode::Panicked,
            ExitCode::Violated,
            ExitCode::Diverged,
            ExitCode::Usage,
            ExitCode::Internal,
        ];
        assert!(codes.is_sorted());
        let listed: Vec<u8> = ExitCode::HELP
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(listed, codes.map(ExitCode::number));
    }
}
