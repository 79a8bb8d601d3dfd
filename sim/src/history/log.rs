//! A history as it grows.

use std::collections::BTreeMap;

use steadfast::Label;

use super::error::EventError;
use super::operation::{Moment, Operation, Outcome};

/// What a client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completion<A> {
    /// Done, with this answer.
    Ok(A),
    /// Certainly not done.
    Failed,
    /// Nobody knows.
    Unknown,
}

/// Operations in the order of their invocations. Events are added in the order of
/// real time.
#[derive(Debug, Clone)]
pub struct History<C, A> {
    operations: Vec<Operation<C, A>>,
    /// The open operation of each process.
    open: BTreeMap<Label, usize>,
    last: Option<Moment>,
    operations_max: usize,
}

impl<C, A> History<C, A> {
    /// No events; it takes at most `operations_max` operations.
    #[must_use]
    pub const fn new(operations_max: usize) -> Self {
        Self {
            operations: Vec::new(),
            open: BTreeMap::new(),
            last: None,
            operations_max,
        }
    }

    /// A process asks for something.
    ///
    /// # Errors
    ///
    /// If it has an open operation, if the moment is not after the last one, or if
    /// there are too many operations. Nothing is added then.
    pub fn invoke(
        &mut self,
        process: Label,
        key: Label,
        call: C,
        moment: Moment,
    ) -> Result<(), EventError> {
        if let Some(open) = self.open_operation(&process) {
            let since = open.invoked.position;
            return Err(EventError::StillOpen { process, since });
        }
        if self.operations.len() >= self.operations_max {
            let max = self.operations_max;
            return Err(EventError::TooMany { max });
        }
        self.advance(moment)?;
        self.open.insert(process.clone(), self.operations.len());
        self.operations.push(Operation {
            process,
            key,
            call,
            outcome: Outcome::Unknown,
            invoked: moment,
            completed: None,
        });
        Ok(())
    }

    /// The open operation of a process is over.
    ///
    /// # Errors
    ///
    /// If it has none, or if the moment is not after the last one. Nothing changes
    /// then.
    pub fn complete(
        &mut self,
        process: &Label,
        completion: Completion<A>,
        moment: Moment,
    ) -> Result<(), EventError> {
        let Some(&index) = self.open.get(process) else {
            let process = process.clone();
            return Err(EventError::NothingOpen { process });
        };
        self.advance(moment)?;
        self.open.remove(process);
        let operation = &mut self.operations[index];
        operation.completed = Some(moment);
        operation.outcome = match completion {
            Completion::Ok(answer) => Outcome::Ok(answer),
            Completion::Failed => Outcome::Failed,
            Completion::Unknown => Outcome::Unknown,
        };
        Ok(())
    }

    /// The client of the open operation is gone, if it has one: its outcome stays
    /// unknown, and the process may ask again.
    pub fn abandon(&mut self, process: &Label) {
        self.open.remove(process);
    }

    /// The open operation of a process.
    #[must_use]
    pub fn open_operation(&self, process: &Label) -> Option<&Operation<C, A>> {
        self.open.get(process).map(|&index| &self.operations[index])
    }

    /// All operations so far; the open ones have an unknown outcome.
    #[must_use]
    pub fn operations(&self) -> &[Operation<C, A>] {
        &self.operations
    }

    fn advance(&mut self, moment: Moment) -> Result<(), EventError> {
        if let Some(last) = self.last {
            if moment.position <= last.position {
                return Err(EventError::Backwards);
            }
            if let (Some(before), Some(time)) = (last.time, moment.time)
                && time < before
            {
                return Err(EventError::TimeBackwards { time, before });
            }
        }
        let time = moment.time.or_else(|| self.last.and_then(|last| last.time));
        self.last = Some(Moment { time, ..moment });
        Ok(())
    }
}
